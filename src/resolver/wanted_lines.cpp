// What the lines about a framework or a library accept.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <functional>

#include "berth/base/text.hpp"
#include "resolver/wanted.hpp"

namespace berth::resolver {

namespace {

using pep440::SpecifierSet;
using pep440::Version;

// "cu118" of `==2.0.1+cu118`; empty where no clause names a build.
std::string named_build(const SpecifierSet& set) {
  for (const pep440::Specifier& clause : set.clauses()) {
    if (clause.version && !clause.version->local().empty()) {
      return clause.version->local();
    }
  }
  return {};
}

// CUDA major in the name of an extra: 12 of cuda12, cuda12-pip, cuda12_local.
std::optional<unsigned> cuda_major_in(std::string_view extra) {
  constexpr std::string_view kPrefix = "cuda";
  if (!extra.starts_with(kPrefix)) {
    return std::nullopt;
  }
  unsigned major = 0;
  std::size_t digits = 0;
  for (const char c : extra.substr(kPrefix.size())) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0 || digits == 2) {
      break;
    }
    major = major * 10 + static_cast<unsigned>(c - '0');
    ++digits;
  }
  return digits > 0 ? std::optional<unsigned>(major) : std::nullopt;
}

// Versions of the series at which the answer of a clause can change: those that lines name, and
// their neighbours. Patches beyond them are as good as the highest of these.
std::vector<Version> patches_named(const Version& series, std::span<const WantedLine> lines) {
  std::vector<Version> patches;
  const std::vector<std::uint64_t>& own = series.release();
  for (const WantedLine& line : lines) {
    for (const pep440::Specifier& clause : line.specifiers.clauses()) {
      if (!clause.version || clause.version->release().size() <= own.size() ||
          !std::equal(own.begin(), own.end(), clause.version->release().begin())) {
        continue;
      }
      patches.push_back(clause.version->public_version());
      const std::uint64_t patch = clause.version->release()[own.size()];
      if (const std::optional<Version> next =
              Version::parse(fmt::format("{}.{}", fmt::join(own, "."), patch + 1))) {
        patches.push_back(*next);
      }
    }
  }
  return patches;
}

std::string joined_unique(std::vector<std::string> parts, std::string_view separator) {
  std::erase(parts, std::string());
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  return join(parts, separator);
}

std::string specifiers_text(const std::vector<WantedLine>& lines) {
  std::vector<std::string> parts;
  parts.reserve(lines.size());
  for (const WantedLine& line : lines) {
    parts.push_back(line.specifiers.text());
  }
  return joined_unique(std::move(parts), ",");
}

}  // namespace

bool WantedLine::accepts(const Version& version, std::string_view build, bool prereleases) const {
  const std::optional<bool> allowed = prereleases ? std::optional<bool>(true) : std::nullopt;
  const std::string named = named_build(specifiers);
  if (named.empty()) {
    return specifiers.contains(version, allowed);
  }
  const std::optional<Version> local = Version::parse(
      fmt::format("{}+{}", version.public_version().text(), build.empty() ? named : build));
  return local && specifiers.contains(*local, allowed);
}

std::optional<std::string> WantedLine::unserved_extra(
    const std::optional<CudaVersion>& cuda) const {
  for (const std::string& extra : source->value.extras) {
    const std::optional<unsigned> major = cuda_major_in(extra);
    if (major && (!cuda || cuda->major() != *major)) {
      return extra;
    }
  }
  return std::nullopt;
}

std::string WantedLine::text() const {
  return fmt::format("`{}` ({})", source->value.text(), source->origin.text);
}

std::string WantedLibrary::specifiers() const {
  return specifiers_text(lines);
}

std::string WantedLibrary::origins() const {
  std::vector<std::string> parts;
  for (const WantedLine& line : lines) {
    parts.push_back(line.source->origin.text);
  }
  return joined_unique(std::move(parts), ", ");
}

std::string WantedLibrary::text() const {
  std::vector<std::string> parts;
  for (const WantedLine& line : lines) {
    parts.push_back(line.text());
  }
  return joined_unique(std::move(parts), " and ");
}

bool World::names_cpu_build() const {
  return std::any_of(frameworks.begin(), frameworks.end(), [](const Wanted& wanted) {
    return std::any_of(wanted.lines.begin(), wanted.lines.end(), [](const WantedLine& line) {
      return named_build(line.specifiers) == "cpu" || line.source->value.name.ends_with("-cpu");
    });
  });
}

std::optional<Version> version_in_row(const LibraryRelease& release,
                                      std::span<const WantedLine> lines) {
  std::vector<Version> candidates = {release.version};
  if (release.whole_series) {
    const std::vector<Version> patches = patches_named(release.version, lines);
    candidates.insert(candidates.end(), patches.begin(), patches.end());
    std::sort(candidates.begin(), candidates.end(), std::greater<>());
  }
  const auto found =
      std::find_if(candidates.begin(), candidates.end(), [&](const Version& candidate) {
        return std::all_of(lines.begin(), lines.end(), [&](const WantedLine& line) {
          return line.accepts(candidate, "", false);
        });
      });
  return found == candidates.end() ? std::nullopt : std::optional(*found);
}

bool Wanted::accepts(const Version& version, std::string_view build, bool prereleases) const {
  if (lines.empty()) {
    return prereleases || !version.is_prerelease();  // named by a companion alone
  }
  return std::all_of(lines.begin(), lines.end(), [&](const WantedLine& line) {
    return line.accepts(version, build, prereleases);
  });
}

std::string Wanted::specifiers() const {
  return specifiers_text(lines);
}

std::string Wanted::origins() const {
  std::vector<std::string> parts;
  // Companions and libraries speak for the framework only where no line of its own does.
  const auto add = [&](const std::vector<WantedLine>& group) {
    for (const WantedLine& line : group) {
      parts.push_back(line.source->origin.text);
    }
  };
  add(lines);
  if (parts.empty()) {
    add(companions);
    for (const WantedLibrary& library : libraries) {
      add(library.lines);
    }
  }
  return joined_unique(std::move(parts), ", ");
}

std::string Wanted::text() const {
  std::vector<std::string> parts;
  for (const WantedLine& line : lines) {
    parts.push_back(line.text());
  }
  for (const WantedLine& line : companions) {
    parts.push_back(line.text());
  }
  for (const WantedLibrary& library : libraries) {
    parts.push_back(library.text());
  }
  return joined_unique(std::move(parts), " and ");
}

CompanionFit companion_fit(const WantedLine& line, const FrameworkRelease& release,
                           std::string_view build) {
  const auto found = release.companions.find(line.source->value.name);
  if (found == release.companions.end()) {
    // It is compiled against one release: the one that it is known to go with; and of those that
    // are not known the lines may want none.
    const bool of_another =
        line.decides && (line.specifiers.pinned().has_value() || !line.is_open_above);
    return of_another ? CompanionFit::differs : CompanionFit::unknown;
  }
  const std::optional<Version> version = Version::parse(found->second);
  if (!version) {
    return CompanionFit::unknown;
  }
  return line.accepts(*version, build, false) ? CompanionFit::fits : CompanionFit::differs;
}

CompanionFit companion_fit_in_image(const WantedLine& line, const Framework& framework,
                                    const Version& version) {
  if (line.contradicts) {
    return CompanionFit::differs;
  }
  if (!line.decides || !line.specifiers.pinned()) {
    return CompanionFit::unknown;
  }
  const auto same_release = [&](const FrameworkRelease& release) {
    return release.version.release() == version.release() &&
           companion_fit(line, release, "") != CompanionFit::differs;
  };
  return std::any_of(framework.releases.begin(), framework.releases.end(), same_release)
             ? CompanionFit::unknown
             : CompanionFit::differs;
}

}  // namespace berth::resolver
