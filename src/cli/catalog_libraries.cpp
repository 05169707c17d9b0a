#include "cli/catalog_libraries.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "berth/base/pep508.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "cli/catalog_sections.hpp"
#include "cli/null_json.hpp"

namespace berth::cli {

namespace {

using pep440::Version;

// A row of either kind.
struct Row {
  Version version{};
  std::string text{};  // "0.18.1"; "2.15.*" for all patches of a series
  std::string version_text{};
  bool series = false;
  std::string goes_with{};  // "torch==2.3.1"
  const LibraryRelease* library = nullptr;
  const FrameworkRelease* framework = nullptr;  // of a companion

  const Fact& fact() const { return library != nullptr ? library->fact : framework->fact; }
};

std::vector<Row> rows_of(const Library& library) {
  std::vector<Row> rows;
  for (const LibraryRelease& release : library.releases) {
    Row row{release.version, release.version_text, release.version_text, release.whole_series};
    row.text += release.whole_series ? ".*" : "";
    row.goes_with = library.framework + release.framework.text();
    row.library = &release;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> companion_rows(const Catalog& catalog, const std::string& name) {
  std::vector<Row> rows;
  for (const Framework& framework : catalog.frameworks) {
    for (const FrameworkRelease& release : framework.releases) {
      const auto found = release.companions.find(name);
      const auto version =
          found == release.companions.end() ? std::nullopt : Version::parse(found->second);
      if (!version) {
        continue;
      }
      Row row{*version, found->second, found->second};
      row.goes_with = fmt::format("{}=={}", framework.name, release.version_text);
      row.framework = &release;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::string python_text(const std::optional<PythonVersion>& min,
                        const std::optional<PythonVersion>& max) {
  if (!max) {
    return min ? min->text() + " or later" : "-";
  }
  return (min ? min->text() : "-") + " to " + max->text();
}

CatalogSection section_of(const std::vector<const Row*>& rows, bool in_full) {
  CatalogSection section{"releases", {{"RELEASE", "GOES WITH", "CUDA", "PYTHON", "GPUS FROM"}}};
  for (const Row* row : rows) {
    const LibraryRelease* library = row->library;
    const auto cuda = library != nullptr ? library->cuda : std::nullopt;
    const auto gpus = library != nullptr ? library->min_capability : std::nullopt;
    const auto min = library != nullptr ? library->python_min : row->framework->python_min;
    const auto max = library != nullptr ? library->python_max : row->framework->python_max;
    section.table.push_back({row->fact().uncertain ? row->text + " ?" : row->text, row->goes_with,
                             cuda ? cuda->text() : "-", python_text(min, max),
                             gpus ? gpus->text() : "-"});
    const nlohmann::ordered_json object = {{"version", row->version_text},
                                           {"series", row->series},
                                           {"goes_with", row->goes_with},
                                           {"cuda", version_or_null(cuda)},
                                           {"python_min", version_or_null(min)},
                                           {"python_max", version_or_null(max)},
                                           {"min_compute_capability", version_or_null(gpus)},
                                           {"source", row->fact().source},
                                           {"uncertain", row->fact().uncertain},
                                           {"note", text_or_null(row->fact().note)}};
    section.objects.push_back(
        object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    if (in_full && !row->fact().note.empty()) {
      section.remarks.push_back("note: " + row->fact().note);
    }
    if (in_full) {
      section.remarks.push_back("source: " + row->fact().source);
    }
  }
  return section;
}

// Whether a row is about that version: "2.15" as a whole series is about 2.15.1, too.
bool stands_for(const Version& row, bool whole_series, const Version& wanted) {
  const std::vector<std::uint64_t>& begin = row.release();
  const std::vector<std::uint64_t>& other = wanted.release();
  const bool begins =
      other.size() >= begin.size() && std::equal(begin.begin(), begin.end(), other.begin());
  return row == wanted || (whole_series && begins && row.epoch() == wanted.epoch());
}

std::string remark_on(const Library* library) {
  if (library == nullptr) {
    return "it has a release for each of its framework's";
  }
  return library->sparse ? "the catalogue has some of its releases only"
                         : "the releases of the framework that each is compiled against";
}

}  // namespace

std::vector<std::string> library_names(const Catalog& catalog) {
  std::set<std::string> names;
  for (const Library& library : catalog.libraries) {
    names.insert(library.name);
  }
  for (const Framework& framework : catalog.frameworks) {
    for (const FrameworkRelease& release : framework.releases) {
      for (const auto& [name, version] : release.companions) {
        names.insert(name);
      }
    }
  }
  return {names.begin(), names.end()};
}

Result<std::optional<std::vector<CatalogSection>>> library_sections(const Catalog& catalog,
                                                                    const std::string& name,
                                                                    const std::string& release) {
  const Library* library = catalog.find_library(name);
  const std::string known_as = library != nullptr ? library->name : pep508::normalised_name(name);
  const std::vector<Row> rows =
      library != nullptr ? rows_of(*library) : companion_rows(catalog, known_as);
  if (rows.empty()) {
    return std::nullopt;
  }
  const std::optional<Version> wanted = Version::parse(release);
  std::vector<const Row*> shown;
  std::vector<KnownRelease> known;
  for (const Row& row : rows) {
    known.push_back({row.version, fmt::format("{} ({})", row.text, row.goes_with)});
    if (release.empty() ||
        (wanted && stands_for(row.version, row.series, wanted->public_version()))) {
      shown.push_back(&row);
    }
  }
  if (shown.empty()) {
    return unknown_release(known_as, release, known);
  }
  CatalogSection section = section_of(shown, !release.empty());
  if (release.empty()) {
    section.remarks.push_back(remark_on(library));
  }
  return std::vector<CatalogSection>{std::move(section)};
}

Failure unknown_release(const std::string& name, const std::string& release,
                        std::span<const KnownRelease> known) {
  Error error{Errc::not_found,
              fmt::format("{} `{}` is not in the catalogue", name, printable(release))};
  const std::optional<Version> wanted = Version::parse(release);
  const KnownRelease* below = nullptr;
  const KnownRelease* above = nullptr;
  for (const KnownRelease& one : known) {
    const bool is_below = wanted && one.version < *wanted;
    if (is_below && (below == nullptr || below->version < one.version)) {
      below = &one;
    }
    if (wanted && !is_below && (above == nullptr || one.version < above->version)) {
      above = &one;
    }
  }
  if (!wanted) {
    error.note(fmt::format("`{}` is no version", printable(release)));
  } else if (below != nullptr && above != nullptr) {
    error.note(fmt::format("the nearest that are known are {} and {}", below->text, above->text));
  } else if (below != nullptr) {
    error.note(fmt::format("the newest that is known is {}", below->text));
  } else if (above != nullptr) {
    error.note(fmt::format("the oldest that is known is {}", above->text));
  }
  return fail(std::move(error).hint(fmt::format("`berth catalog {}` lists its releases", name)));
}

}  // namespace berth::cli
