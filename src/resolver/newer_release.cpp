#include "resolver/newer_release.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/text.hpp"
#include "resolver/command_text.hpp"

namespace berth::resolver {

namespace {

constexpr std::size_t kMonth = 7;  // "2026-11" of "2026-11-23"

// The version that a line reaches above the newest one with, if it does.
const pep440::Specifier* reaches_above(const pep440::SpecifierSet& specifiers,
                                       const pep440::Version& newest) {
  using Operator = pep440::Specifier::Operator;
  for (const pep440::Specifier& clause : specifiers.clauses()) {
    const bool lower_bound = clause.op == Operator::equal || clause.op == Operator::arbitrary ||
                             clause.op == Operator::compatible ||
                             clause.op == Operator::greater_equal || clause.op == Operator::greater;
    if (lower_bound && clause.version &&
        (clause.version->public_version() > newest ||
         (clause.op == Operator::greater && *clause.version == newest))) {
      return &clause;
    }
  }
  return nullptr;
}

const pep440::Specifier* reaches_above(const Wanted& wanted) {
  if (wanted.framework->releases.empty()) {
    return nullptr;
  }
  const pep440::Version& newest = wanted.framework->releases.front().version;
  for (const WantedLine& line : wanted.lines) {
    if (const pep440::Specifier* clause = reaches_above(line.specifiers, newest)) {
      return clause;
    }
  }
  return nullptr;
}

std::string month_of(const Catalog& catalog) {
  return catalog.version.substr(0, kMonth);
}

std::string python_range(const FrameworkRelease& release) {
  if (!release.python_min) {
    return {};
  }
  return release.python_max ? fmt::format("Python {} to {}", release.python_min->text(),
                                          release.python_max->text())
                            : fmt::format("Python {} or later", release.python_min->text());
}

// "CUDA 13.0, which needs driver 580 or newer".
std::string build_text(const FrameworkBuild& build, const Catalog& catalog) {
  const std::optional<DriverVersion> driver =
      build.min_driver ? build.min_driver : catalog.minor_driver(*build.cuda);
  return driver ? fmt::format("CUDA {}, which needs driver {} or newer", build.cuda->text(),
                              driver->text())
                : fmt::format("CUDA {}", build.cuda->text());
}

// The build that an install gets, else the one of the highest CUDA.
const FrameworkBuild* usual_build(const FrameworkRelease& release) {
  const FrameworkBuild* usual = nullptr;
  for (const FrameworkBuild& build : release.builds) {
    if (build.cuda && (usual == nullptr || build.is_default ||
                       (!usual->is_default && *build.cuda > *usual->cuda))) {
      usual = &build;
    }
  }
  return usual;
}

}  // namespace

std::vector<Wanted> newer_than_catalogue(const std::vector<World>& worlds) {
  std::vector<Wanted> newer;
  for (const World& world : worlds) {
    for (const Wanted& wanted : world.frameworks) {
      const bool told = std::any_of(newer.begin(), newer.end(), [&](const Wanted& other) {
        return other.framework == wanted.framework;
      });
      if (!told && reaches_above(wanted) != nullptr) {
        newer.push_back(wanted);
      }
    }
  }
  return newer;
}

std::vector<std::string> newer_release_notes(const Wanted& wanted, const Catalog& catalog) {
  const FrameworkRelease& nearest = wanted.framework->releases.front();
  std::vector<std::string> facts;
  if (std::string python = python_range(nearest); !python.empty()) {
    facts.push_back(std::move(python));
  }
  if (const FrameworkBuild* build = usual_build(nearest)) {
    facts.push_back(build_text(*build, catalog));
  }
  return {fmt::format("asked for: {}", wanted.text()),
          fmt::format("the nearest release that is known is {} {}{}{}", wanted.framework->name,
                      nearest.version_text, facts.empty() ? "" : ": ", join(facts, "; "))};
}

Error newer_release_error(const std::vector<Wanted>& newer, const ResolveRequest& request,
                          const Host& host, const Catalog& catalog) {
  const Wanted& first = newer.front();
  Error error{Errc::no_solution,
              fmt::format("{} {} is not in the catalogue of {}", first.framework->name,
                          reaches_above(first)->version_text, month_of(catalog))};
  for (const Wanted& wanted : newer) {
    for (std::string& note : newer_release_notes(wanted, catalog)) {
      error.note(std::move(note));
    }
  }
  const FrameworkBuild* build = usual_build(first.framework->releases.front());
  if (build != nullptr && !request.cuda) {
    ResolveRequest with_cuda = request;
    const std::string series = build->cuda->major_minor();
    with_cuda.cuda = Sourced<CudaVersion>{*CudaVersion::parse(series), Origin{"--cuda"}};
    error.hint(fmt::format("`{}` takes a CUDA image to install it on, if it is made for CUDA {}",
                           resolve_command(with_cuda, host), series));
  }
  error.hint("`berth run --image IMAGE …` takes an image that has it");
  error.hint("`berth catalog update --from URL` brings a newer catalogue");
  return std::move(error).named("release-not-known");
}

ResolveRequest without_frameworks(ResolveRequest request, const std::vector<Wanted>& newer,
                                  const Catalog& catalog) {
  const auto gone = [&](const RequirementLine& line) {
    return std::any_of(newer.begin(), newer.end(), [&](const Wanted& wanted) {
      return is_about(line.value.name, *wanted.framework, catalog);
    });
  };
  std::erase_if(request.requirements, gone);
  std::erase_if(request.frameworks, gone);
  return request;
}

Error naming_newer_releases(Error error, const std::vector<Wanted>& newer) {
  constexpr std::string_view kCommand = "`berth resolve ";
  std::string names;
  for (const Wanted& wanted : newer) {
    names += shell_quoted(wanted.framework->name + wanted.specifiers()) + " ";
  }
  std::erase_if(error.hints,
                [](const std::string& hint) { return hint.find(" --cuda ") == std::string::npos; });
  for (std::string& hint : error.hints) {
    if (const std::size_t at = hint.find(kCommand); at != std::string::npos) {
      hint.insert(at + kCommand.size(), names);
    }
  }
  if (error.hints.empty()) {
    error.hint("`berth run --image IMAGE …` takes an image that has it");
  }
  return error;
}

void add_newer_releases(Decision& decision, const std::vector<Wanted>& newer,
                        const Catalog& catalog) {
  for (const Wanted& wanted : newer) {
    FrameworkChoice choice;
    choice.name = wanted.framework->name;
    choice.requirement = wanted.specifiers();
    choice.version = reaches_above(wanted)->version_text;
    choice.origin = wanted.origins();
    choice.in_image = false;
    decision.frameworks.push_back(std::move(choice));
    const std::vector<std::string> notes = newer_release_notes(wanted, catalog);
    decision.warnings.push_back(fmt::format(
        "{} {} is not in the catalogue of {}: that it runs with CUDA {} and with these GPUs is not "
        "checked; {}",
        wanted.framework->name, reaches_above(wanted)->version_text, month_of(catalog),
        decision.cuda, notes.back()));
  }
  std::sort(decision.frameworks.begin(), decision.frameworks.end(),
            [](const FrameworkChoice& a, const FrameworkChoice& b) { return a.name < b.name; });
}

}  // namespace berth::resolver
