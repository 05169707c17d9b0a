// The rules about the Python inside an image. Source: PEP 440, and the Python ranges of the
// catalogue's releases.
#include "resolver/python_rules.hpp"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

namespace berth::resolver {

namespace {

using pep440::Specifier;
using pep440::Version;

std::uint64_t part(const Version& version, std::size_t position) {
  return position < version.release().size() ? version.release()[position] : 0;
}

bool is_series(const std::optional<Version>& version) {
  return version && version->release().size() <= 2 && !version->is_prerelease();
}

bool in_series(const Version& python, const Version& series) {
  return part(python, 0) == part(series, 0) &&
         (series.release().size() < 2 || part(python, 1) == part(series, 1));
}

// `==3.10` is the series, `!=3.10` and `>3.10` are without it: nobody speaks of 3.10.0 in that way.
bool satisfies(const Specifier& clause, const Version& python) {
  if (is_series(clause.version) && !clause.wildcard) {
    switch (clause.op) {
      case Specifier::Operator::equal:
      case Specifier::Operator::arbitrary:
        return in_series(python, *clause.version);
      case Specifier::Operator::not_equal:
        return !in_series(python, *clause.version);
      case Specifier::Operator::greater:
        return !in_series(python, *clause.version) && clause.matches(python);
      default:
        break;
    }
  }
  return clause.matches(python);
}

bool satisfies(const PythonRequests& wanted, const Version& python) {
  for (const Sourced<pep440::SpecifierSet>& set : wanted) {
    for (const Specifier& clause : set.value.clauses()) {
      if (!satisfies(clause, python)) {
        return false;
      }
    }
  }
  return true;
}

// Patch releases of a series at which the answer of a clause can change, and both ends.
std::vector<std::uint64_t> telling_patches(const PythonRequests& wanted) {
  constexpr std::uint64_t kBeyondAnyPatch = 999;
  std::vector<std::uint64_t> patches{0, kBeyondAnyPatch};
  for (const Sourced<pep440::SpecifierSet>& set : wanted) {
    for (const Specifier& clause : set.value.clauses()) {
      if (clause.version && clause.version->release().size() > 2) {
        const std::uint64_t patch = part(*clause.version, 2);
        patches.insert(patches.end(), {patch, patch + 1});
        if (patch > 0) {
          patches.push_back(patch - 1);
        }
      }
    }
  }
  return patches;
}

}  // namespace

std::string python_series(std::string_view python) {
  const std::optional<Version> version = Version::parse(python);
  return version ? fmt::format("{}.{}", part(*version, 0), part(*version, 1)) : std::string();
}

std::optional<PythonVersion> series_version(std::string_view python) {
  std::optional<PythonVersion> plain = PythonVersion::parse(python);
  return plain && plain->size() == 2 ? plain : PythonVersion::parse(python_series(python));
}

bool python_satisfies(const PythonRequests& wanted, std::string_view python) {
  if (wanted.empty()) {
    return true;
  }
  const std::optional<Version> version = Version::parse(python);
  if (!version) {
    return false;
  }
  if (version->release().size() > 2) {
    return satisfies(wanted, *version);
  }
  const std::vector<std::uint64_t> patches = telling_patches(wanted);
  return std::any_of(patches.begin(), patches.end(), [&](std::uint64_t patch) {
    const std::string text = fmt::format("{}.{}.{}", part(*version, 0), part(*version, 1), patch);
    return satisfies(wanted, *Version::parse(text));
  });
}

Support python_support(const FrameworkRelease& release, const PythonVersion& series) {
  if (release.python_min && series < *release.python_min) {
    return Support::no;
  }
  if (release.python_max && series > *release.python_max) {
    return Support::no;
  }
  const bool at_known_end = release.python_min && series == *release.python_min;
  return release.python_max || at_known_end ? Support::yes : Support::unknown;
}

std::vector<PythonVersion> known_pythons(const Catalog& catalog) {
  std::vector<PythonVersion> pythons;
  const auto add = [&](const std::optional<PythonVersion>& python) {
    if (python && std::find(pythons.begin(), pythons.end(), *python) == pythons.end()) {
      pythons.push_back(*python);
    }
  };
  for (const Framework& framework : catalog.frameworks) {
    for (const FrameworkRelease& release : framework.releases) {
      add(release.python_min);
      add(release.python_max);
    }
  }
  // Two thousand images have a dozen Pythons: each text is read once.
  std::vector<std::string_view> seen{std::string_view()};
  for (const ImageTag& image : catalog.images) {
    if (std::find(seen.begin(), seen.end(), image.python) == seen.end()) {
      add(image.python_series);
      seen.push_back(image.python);
    }
  }
  std::sort(pythons.begin(), pythons.end());
  return pythons;
}

std::optional<std::string> shared_python(std::span<const FrameworkRelease* const> releases,
                                         std::span<const PythonVersion> pythons) {
  const PythonVersion* certain = nullptr;   // the highest
  const PythonVersion* possible = nullptr;  // the lowest
  for (const PythonVersion& python : pythons) {
    bool excluded = false;
    bool doubtful = false;
    for (const FrameworkRelease* release : releases) {
      const Support support = python_support(*release, python);
      excluded = excluded || support == Support::no;
      doubtful = doubtful || support == Support::unknown;
    }
    if (excluded) {
      continue;
    }
    if (!doubtful) {
      certain = &python;
    } else if (possible == nullptr) {
      possible = &python;
    }
  }
  const PythonVersion* const best = certain != nullptr ? certain : possible;
  return best != nullptr ? std::optional<std::string>(best->text()) : std::nullopt;
}

}  // namespace berth::resolver
