// Picks the frameworks and libraries out of the requirements, and divides the Pythons into worlds.
#include "resolver/wanted.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "berth/base/text.hpp"
#include "resolver/python_rules.hpp"

namespace berth::resolver {

namespace {

using pep440::SpecifierSet;
using pep440::Version;

// "2.0.1+cu118" of https://…/torch-2.0.1%2Bcu118-cp310-cp310-linux_x86_64.whl; empty where the name
// says nothing.
std::string version_in_url(std::string_view url) {
  const std::string_view file = url.substr(url.rfind('/') + 1);
  const std::vector<std::string> parts = split(file.substr(0, file.find('#')), '-');
  if (!file.substr(0, file.find('#')).ends_with(".whl") || parts.size() < 5) {
    return {};
  }
  std::string version = parts[1];
  for (const std::string_view plus : {"%2B", "%2b"}) {
    if (const std::size_t at = version.find(plus); at != std::string::npos) {
      version.replace(at, plus.size(), "+");
    }
  }
  return version;
}

SpecifierSet specifiers_of(const pep508::Requirement& requirement) {
  if (requirement.url.empty()) {
    return requirement.specifiers;
  }
  const std::string version = version_in_url(requirement.url);
  Result<SpecifierSet> pinned = SpecifierSet::parse(version.empty() ? "" : "==" + version);
  return pinned ? *pinned : SpecifierSet();
}

// Companion package -> framework: torchvision belongs to torch.
using Companions = std::map<std::string, const Framework*, std::less<>>;

Companions companions_of(const Catalog& catalog) {
  Companions companions;
  for (const Framework& framework : catalog.frameworks) {
    for (const FrameworkRelease& release : framework.releases) {
      for (const auto& [name, version] : release.companions) {
        companions.emplace(name, &framework);
      }
    }
  }
  return companions;
}

// A line, and what the catalogue makes of its name.
struct Placed {
  const RequirementLine* line = nullptr;
  const Framework* framework = nullptr;
  bool companion = false;
  const Library* library = nullptr;

  // Lines of one key are about one thing.
  const std::string& key() const {
    return companion ? line->value.name : library != nullptr ? library->name : framework->name;
  }
};

std::optional<Placed> placed(const RequirementLine& line, const Catalog& catalog,
                             const Companions& companions) {
  if (const Framework* framework = catalog.find_framework(line.value.name)) {
    return Placed{&line, framework, false};
  }
  if (const auto found = companions.find(line.value.name); found != companions.end()) {
    return Placed{&line, found->second, true};
  }
  const Library* library = catalog.find_library(line.value.name);
  const Framework* framework =
      library == nullptr ? nullptr : catalog.find_framework(library->framework);
  if (framework != nullptr) {
    return Placed{&line, framework, false, library};
  }
  return std::nullopt;
}

Failure unknown_framework(const RequirementLine& line, const Catalog& catalog) {
  const std::vector<std::string> names = catalog.framework_names();
  Error error{Errc::not_found, fmt::format("`{}` is not a framework that the catalogue knows",
                                           line.value.written_name)};
  error.note(fmt::format("it is asked for by {}", line.origin.text));
  error.note(fmt::format("known frameworks: {}", join(names, ", ")));
  if (const std::optional<std::string> meant = nearest(line.value.name, names)) {
    const std::string corrected = *meant + line.value.specifiers.text();
    error.hint(
        fmt::format("`berth resolve {}`, if `{}` was meant", shell_quoted(corrected), *meant));
  } else {
    error.hint("`berth catalog` lists what is known");
  }
  return fail(std::move(error).named("framework-unknown"));
}

// Whether the library can be had without its framework: some release that its lines accept works
// with others, or nobody knows which release is meant.
bool works_alone(const Library& library, const std::vector<Placed>& lines) {
  std::vector<WantedLine> own;
  for (const Placed& one : lines) {
    if (one.library == &library) {
      own.push_back({one.line, specifiers_of(one.line->value)});
    }
  }
  bool any_known = false;
  for (const LibraryRelease& release : library.releases) {
    if (version_in_row(release, own)) {
      if (release.optional) {
        return true;
      }
      any_known = true;
    }
  }
  return !any_known && std::any_of(library.releases.begin(), library.releases.end(),
                                   [](const LibraryRelease& one) { return one.optional; });
}

// Lines of a library that works without its framework, where that is not asked for and others are.
void drop_idle_libraries(std::vector<Placed>& lines) {
  std::set<const Library*> idle;
  for (const Placed& one : lines) {
    if (one.library != nullptr && works_alone(*one.library, lines)) {
      idle.insert(one.library);
    }
  }
  std::set<const Framework*> asked;
  for (const Placed& one : lines) {
    if (!idle.contains(one.library)) {
      asked.insert(one.framework);
    }
  }
  std::erase_if(lines, [&](const Placed& one) {
    return !asked.empty() && idle.contains(one.library) && !asked.contains(one.framework);
  });
}

// Lines of -f come first and replace the project's lines of the same name.
Result<std::vector<Placed>> placed_lines(const ResolveRequest& request, const Catalog& catalog) {
  const Companions companions = companions_of(catalog);
  std::vector<Placed> lines;
  std::set<std::string> replaced;
  for (const RequirementLine& line : request.frameworks) {
    const std::optional<Placed> one = placed(line, catalog, companions);
    if (!one) {
      return unknown_framework(line, catalog);
    }
    replaced.insert(one->key());
    lines.push_back(*one);
  }
  for (const RequirementLine& line : request.requirements) {
    const std::optional<Placed> one = placed(line, catalog, companions);
    if (one && !replaced.contains(one->key())) {
      lines.push_back(*one);
    }
  }
  drop_idle_libraries(lines);
  // The order in which a project names things decides nothing.
  std::stable_sort(lines.begin(), lines.end(), [](const Placed& a, const Placed& b) {
    return std::make_tuple(a.framework->name, a.key(), a.line->value.text(), a.line->origin.text) <
           std::make_tuple(b.framework->name, b.key(), b.line->value.text(), b.line->origin.text);
  });
  return lines;
}

bool fits_a_release(const WantedLine& line, const Framework& framework) {
  return std::any_of(
      framework.releases.begin(), framework.releases.end(), [&](const FrameworkRelease& release) {
        return std::any_of(release.builds.begin(), release.builds.end(),
                           [&](const FrameworkBuild& build) {
                             return companion_fit(line, release, build.name) == CompanionFit::fits;
                           });
      });
}

// The releases of a companion that the catalogue knows, ascending.
std::vector<Version> companion_versions(const std::string& name, const Framework& framework) {
  std::vector<Version> versions;
  for (const FrameworkRelease& release : framework.releases) {
    const auto found = release.companions.find(name);
    const auto version =
        found == release.companions.end() ? std::nullopt : Version::parse(found->second);
    if (version) {
      versions.push_back(*version);
    }
  }
  std::sort(versions.begin(), versions.end());
  return versions;
}

bool accepts_later(const WantedLine& line, const Version& newest) {
  const std::vector<std::uint64_t>& release = newest.release();
  const std::uint64_t minor = release.size() > 1 ? release[1] : 0;
  for (const std::string& later :
       {fmt::format("{}.{}", release[0], minor + 1), fmt::format("{}.{}", release[0], minor + 50),
        fmt::format("{}.0", release[0] + 1)}) {
    if (line.accepts(*Version::parse(later), "", false)) {
      return true;
    }
  }
  return false;
}

void judge_companions(Wanted& wanted) {
  for (WantedLine& line : wanted.companions) {
    const std::string& name = line.source->value.name;
    const std::vector<Version> versions = companion_versions(name, *wanted.framework);
    line.is_open_above = versions.empty() || accepts_later(line, versions.back());
    const auto all_accept = [&](const Version& version) {
      return std::all_of(wanted.companions.begin(), wanted.companions.end(),
                         [&](const WantedLine& other) {
                           return other.source->value.name != name || !other.decides ||
                                  other.accepts(version, "", false);
                         });
    };
    line.contradicts = line.decides && !line.is_open_above &&
                       std::none_of(versions.begin(), versions.end(), all_accept);
  }
}

void add_library_line(Wanted& wanted, const Library* library, WantedLine line) {
  if (wanted.libraries.empty() || wanted.libraries.back().library != library) {
    wanted.libraries.push_back({library});
  }
  wanted.libraries.back().lines.push_back(std::move(line));
}

void accept_releases(WantedLibrary& wanted) {
  for (const LibraryRelease& release : wanted.library->releases) {
    if (std::optional<Version> version = version_in_row(release, wanted.lines)) {
      wanted.accepted.push_back({&release, std::move(*version)});
    }
  }
}

std::vector<Wanted> wanted_of(const std::vector<Placed>& lines, const std::vector<bool>& applies) {
  std::vector<Wanted> wanted;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!applies[i]) {
      continue;
    }
    if (wanted.empty() || wanted.back().framework != lines[i].framework) {
      wanted.push_back({lines[i].framework});
    }
    WantedLine line{lines[i].line, specifiers_of(lines[i].line->value)};
    if (lines[i].library != nullptr) {
      add_library_line(wanted.back(), lines[i].library, std::move(line));
    } else if (lines[i].companion) {
      line.decides = fits_a_release(line, *lines[i].framework);
      wanted.back().companions.push_back(std::move(line));
    } else {
      wanted.back().lines.push_back(std::move(line));
    }
  }
  for (Wanted& one : wanted) {
    std::for_each(one.libraries.begin(), one.libraries.end(), accept_releases);
    judge_companions(one);
  }
  return wanted;
}

std::vector<bool> applying(const std::vector<Placed>& lines, const std::string& python,
                           const std::string& architecture) {
  pep508::Environment environment;
  environment.python_version = python;
  environment.python_full_version = python + ".0";
  environment.platform_machine = architecture == "arm64" ? "aarch64" : "x86_64";
  std::vector<bool> applies;
  applies.reserve(lines.size());
  for (const Placed& one : lines) {
    applies.push_back(one.line->value.applies(environment));
  }
  return applies;
}

}  // namespace

const Framework* framework_of_companion(const Catalog& catalog, std::string_view name) {
  const std::string wanted(name);
  for (const Framework& framework : catalog.frameworks) {
    for (const FrameworkRelease& release : framework.releases) {
      if (release.companions.contains(wanted)) {
        return &framework;
      }
    }
  }
  return nullptr;
}

bool is_about(std::string_view name, const Framework& framework, const Catalog& catalog) {
  return catalog.find_framework(name) == &framework ||
         framework_of_companion(catalog, name) == &framework;
}

bool World::covers(std::string_view python) const {
  return pythons.empty() ||
         std::find(pythons.begin(), pythons.end(), python_series(python)) != pythons.end();
}

Result<std::vector<World>> worlds_of(const ResolveRequest& request, const Catalog& catalog,
                                     const std::string& architecture) {
  BERTH_TRY(const std::vector<Placed> lines, placed_lines(request, catalog));
  const bool marked = std::any_of(lines.begin(), lines.end(), [](const Placed& one) {
    return one.line->value.marker.has_value();
  });
  std::vector<World> worlds;
  if (!marked) {
    if (!lines.empty()) {
      worlds.push_back({wanted_of(lines, std::vector<bool>(lines.size(), true)), {}});
    }
    return worlds;
  }
  std::map<std::vector<bool>, std::vector<std::string>> by_applying;
  for (const PythonVersion& python : catalog.pythons) {
    by_applying[applying(lines, python.text(), architecture)].push_back(python.text());
  }
  for (auto& [applies, pythons] : by_applying) {
    std::vector<Wanted> wanted = wanted_of(lines, applies);
    if (!wanted.empty()) {
      const bool all = by_applying.size() == 1;
      worlds.push_back({std::move(wanted), all ? std::vector<std::string>() : pythons});
    }
  }
  return worlds;
}

}  // namespace berth::resolver
