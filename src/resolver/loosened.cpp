#include "resolver/loosened.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "berth/base/text.hpp"

namespace berth::resolver {

namespace {

using pep440::Specifier;
using pep440::Version;

void strip_demand(RequirementLine& line) {
  line.value.specifiers = {};
  line.value.extras.clear();
  line.value.url.clear();
}

void drop_repeated(std::vector<RequirementLine>& lines) {
  std::set<std::string> seen;
  std::erase_if(
      lines, [&](const RequirementLine& line) { return !seen.insert(line.value.text()).second; });
}

std::optional<Version> pinned(const std::vector<WantedLine>& lines) {
  for (const WantedLine& line : lines) {
    if (const std::optional<Version> version = line.specifiers.pinned()) {
      return version->public_version();
    }
  }
  return std::nullopt;
}

// An upper bound that no release is below says more than a lower one.
std::optional<Version> bound(const std::vector<WantedLine>& lines) {
  std::optional<Version> upper;
  std::optional<Version> lower;
  for (const WantedLine& line : lines) {
    for (const Specifier& clause : line.specifiers.clauses()) {
      const bool is_upper =
          clause.op == Specifier::Operator::less || clause.op == Specifier::Operator::less_equal;
      if (!clause.version || clause.op == Specifier::Operator::not_equal) {
        continue;
      }
      std::optional<Version>& known = is_upper ? upper : lower;
      const bool tighter =
          known && (is_upper ? *clause.version < *known : *clause.version > *known);
      if (!known || tighter) {
        known = clause.version;
      }
    }
  }
  return upper ? upper : lower;
}

}  // namespace

ResolveRequest standalone(const ResolveRequest& request, const std::vector<World>& worlds,
                          const Catalog& catalog) {
  ResolveRequest alone = request;
  alone.requirements.clear();
  alone.frameworks.clear();
  const auto keep = [&](const std::vector<WantedLine>& lines) {
    for (const WantedLine& line : lines) {
      alone.requirements.push_back(*line.source);
    }
  };
  for (const World& world : worlds) {
    for (const Wanted& wanted : world.frameworks) {
      keep(wanted.lines);
      keep(wanted.companions);
      for (const WantedLibrary& library : wanted.libraries) {
        keep(library.lines);
      }
    }
  }
  // Those that ask for nothing beside the others (keras 3 beside torch) are asked for all the same.
  for (const std::vector<RequirementLine>* lines : {&request.frameworks, &request.requirements}) {
    std::copy_if(lines->begin(), lines->end(), std::back_inserter(alone.requirements),
                 [&](const RequirementLine& line) {
                   const Library* library = catalog.find_library(line.value.name);
                   return library != nullptr && library->bundled;
                 });
  }
  drop_repeated(alone.requirements);
  return alone;
}

ResolveRequest with_line(ResolveRequest request, const Framework& framework,
                         const std::string& text, const Catalog& catalog) {
  const Result<pep508::Requirement> line = pep508::Requirement::parse(text);
  if (!line) {
    return request;
  }
  std::erase_if(request.requirements, [&](const RequirementLine& other) {
    return other.value.name == line->name ||
           (catalog.find_framework(line->name) == &framework &&
            catalog.find_framework(other.value.name) == &framework);
  });
  for (RequirementLine& other : request.requirements) {
    if (is_about(other.value.name, framework, catalog)) {
      strip_demand(other);
    }
  }
  request.requirements.push_back({*line, Origin{"command line"}});
  drop_repeated(request.requirements);
  return request;
}

ResolveRequest without_demands(ResolveRequest request) {
  std::for_each(request.requirements.begin(), request.requirements.end(), strip_demand);
  drop_repeated(request.requirements);
  return request;
}

std::string name_with_extras(const ResolveRequest& request, const Framework& framework,
                             const Catalog& catalog) {
  std::set<std::string> extras;
  for (const RequirementLine& line : request.requirements) {
    if (catalog.find_framework(line.value.name) == &framework) {
      extras.insert(line.value.extras.begin(), line.value.extras.end());
    }
  }
  return extras.empty() ? framework.name
                        : fmt::format("{}[{}]", framework.name, fmt::join(extras, ","));
}

std::optional<AskedVersion> asked_version(const Framework& framework,
                                          const std::vector<World>& worlds) {
  for (const World& world : worlds) {
    for (const Wanted& wanted : world.frameworks) {
      if (wanted.framework != &framework) {
        continue;
      }
      if (std::optional<Version> version = pinned(wanted.lines)) {
        return AskedVersion{*version};
      }
      for (const FrameworkRelease& release : framework.releases) {
        if (wanted.accepts(release.version, "")) {
          return AskedVersion{release.version};
        }
      }
      if (std::optional<Version> version = bound(wanted.lines)) {
        return AskedVersion{*version, true};
      }
    }
  }
  return framework.releases.empty() ? std::nullopt
                                    : std::optional(AskedVersion{framework.releases[0].version});
}

}  // namespace berth::resolver
