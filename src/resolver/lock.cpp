// The lock of a decision, and what has changed since.
#include "berth/resolver/lock.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "berth/base/pep508.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/sha256.hpp"
#include "berth/base/text.hpp"
#include "resolver/given_image.hpp"
#include "resolver/machine.hpp"
#include "resolver/wanted.hpp"

namespace berth {

namespace {

auto identity(const LockInput& input) {
  return std::tie(input.name, input.text);
}

// Whether a line of the project gives way to one of -f or `framework:`.
bool is_replaced(const ResolveRequest& request, const std::string& name, const Catalog& catalog) {
  const Framework* framework = catalog.find_framework(name);
  return std::any_of(
      request.frameworks.begin(), request.frameworks.end(), [&](const RequirementLine& line) {
        return line.value.name == name ||
               (framework != nullptr && catalog.find_framework(line.value.name) == framework);
      });
}

const FrameworkBuild* find_build(const Catalog& catalog, const FrameworkChoice& choice) {
  const Framework* framework = catalog.find_framework(choice.name);
  if (framework == nullptr) {
    return nullptr;
  }
  for (const FrameworkRelease& release : framework->releases) {
    if (release.version_text != choice.version) {
      continue;
    }
    for (const FrameworkBuild& build : release.builds) {
      if (build.name == choice.build) {
        return &build;
      }
    }
  }
  return nullptr;
}

LockedFramework locked(const FrameworkChoice& choice, const Catalog& catalog) {
  LockedFramework framework{choice.name,     choice.version, choice.build, choice.index_url,
                            choice.in_image, std::nullopt,   {},           std::nullopt};
  if (const FrameworkBuild* build = find_build(catalog, choice)) {
    framework.cuda = build->cuda;
    framework.capabilities = build->architectures;
    framework.min_driver = build->min_driver;
  }
  return framework;
}

// By minor-version compatibility, where the CUDA has that; and not below what a project states.
std::optional<DriverVersion> lowest_driver(const Lock& lock, const Catalog& catalog) {
  if (!lock.cuda) {
    return std::nullopt;
  }
  std::optional<DriverVersion> lowest = catalog.minor_driver(*lock.cuda);
  if (!lowest) {
    lowest = catalog.native_driver(*lock.cuda);
  }
  for (const LockedFramework& framework : lock.frameworks) {
    if (framework.min_driver && (!lowest || *lowest < *framework.min_driver)) {
      lowest = framework.min_driver;
    }
  }
  return lowest;
}

// What `berth lock` was told on its command line, as against what a file or a variable says.
bool is_from_command(const LockInput& input) {
  return input.origin.starts_with('-') || input.origin == "command line";
}

std::string described(const LockInput& input) {
  return fmt::format("`{}` ({})", input.text, input.origin);
}

// As locks name it: a framework or library of the catalogue. Empty: neither.
std::string locked_name(const Catalog& catalog, const std::string& name) {
  if (const Framework* framework = catalog.find_framework(name)) {
    return framework->name;
  }
  const Library* library = catalog.find_library(name);
  return library != nullptr ? library->name : std::string();
}

// What a lock of the request has, or will have, by name.
std::vector<std::string> names_that_move(const std::optional<Lock>& lock,
                                         const ResolveRequest& request, const Catalog& catalog) {
  std::set<std::string> names;
  for (const std::vector<RequirementLine>* lines : {&request.frameworks, &request.requirements}) {
    for (const RequirementLine& line : *lines) {
      names.insert(locked_name(catalog, line.value.name));
    }
  }
  if (lock) {
    for (const LockedFramework& framework : lock->frameworks) {
      names.insert(framework.name);
    }
    for (const LockedLibrary& library : lock->libraries) {
      names.insert(library.name);
    }
  }
  names.erase("");
  return {names.begin(), names.end()};
}

Error cannot_move(const std::string& name, const std::vector<std::string>& movable,
                  const Catalog& catalog) {
  const std::string known_as = locked_name(catalog, name);
  const Framework* owner = resolver::framework_of_companion(catalog, pep508::normalised_name(name));
  Error error{Errc::usage,
              known_as.empty() && owner == nullptr
                  ? fmt::format("`--update {0}`: `{0}` is no framework or library of the catalogue",
                                printable(name))
                  : fmt::format("`--update {0}`: neither the lock nor the project has {0} to move",
                                printable(name))};
  const bool moves_with =
      owner != nullptr && std::find(movable.begin(), movable.end(), owner->name) != movable.end();
  if (moves_with) {
    error.message = fmt::format("`--update {0}`: {0} has no choice of its own, it goes with {1}",
                                printable(name), owner->name);
    return std::move(error).hint(fmt::format("`berth lock --update {}` moves both", owner->name));
  }
  error.note(movable.empty() ? "nothing is there that could be moved"
                             : "what can be moved: " + join(movable, ", "));
  if (const std::optional<std::string> meant = nearest(name, movable)) {
    error.hint(fmt::format("`berth lock --update {}`, if that is meant", *meant));
  }
  return std::move(error).hint("`berth lock --update` chooses all anew");
}

}  // namespace

Result<std::vector<std::string>> names_to_move(const std::vector<std::string>& names,
                                               const std::optional<Lock>& lock,
                                               const ResolveRequest& request,
                                               const Catalog& catalog) {
  const std::vector<std::string> movable = names_that_move(lock, request, catalog);
  std::vector<std::string> found;
  for (const std::string& name : names) {
    found.push_back(locked_name(catalog, name));
    if (std::find(movable.begin(), movable.end(), found.back()) == movable.end()) {
      return fail(cannot_move(name, movable, catalog));
    }
  }
  return found;
}

std::vector<LockInput> lock_inputs(const ResolveRequest& request, const Catalog& catalog) {
  std::vector<LockInput> inputs;
  const auto add = [&inputs](std::string name, std::string text, const Origin& origin) {
    inputs.push_back({std::move(name), std::move(text), origin.text});
  };
  for (const RequirementLine& line : request.frameworks) {
    add(line.value.name, line.value.text(), line.origin);
  }
  for (const RequirementLine& line : request.requirements) {
    const std::string& name = line.value.name;
    const bool decides = catalog.find_framework(name) != nullptr ||
                         resolver::framework_of_companion(catalog, name) != nullptr ||
                         catalog.find_library(name) != nullptr;
    if (decides && !is_replaced(request, name, catalog)) {
      add(name, line.value.text(), line.origin);
    }
  }
  for (const Sourced<pep440::SpecifierSet>& set : request.python) {
    add("--python", set.value.text(), set.origin);
  }
  if (request.cuda) {
    add("--cuda", request.cuda->value.text(), request.cuda->origin);
  }
  if (request.image) {
    add("--image", request.image->value, request.image->origin);
  }
  if (request.source) {
    add("--source", std::string(name_of(request.source->value)), request.source->origin);
  }
  if (request.devel) {
    add("--devel", "true", Origin{"--devel"});
  }
  if (request.gpus.value.mode == GpuRequest::Mode::none) {  // which GPUs is the machine's business
    add("--gpus", "none", request.gpus.origin);
  }
  return sorted_inputs(std::move(inputs));
}

std::string inputs_hash(const std::vector<LockInput>& inputs) {
  std::string text;
  for (const LockInput& input : inputs) {
    text.append(input.name).append(1, '\0').append(input.text).append(1, '\n');
  }
  return sha256_hex(text);
}

std::vector<std::string> changed_inputs(const std::vector<LockInput>& then,
                                        const std::vector<LockInput>& now) {
  const bool told_now = std::any_of(now.begin(), now.end(), is_from_command);
  std::vector<LockInput> gone;
  for (const LockInput& input : then) {
    const bool stays = std::any_of(now.begin(), now.end(), [&](const LockInput& other) {
      return identity(other) == identity(input);
    });
    if (!stays && (told_now || !is_from_command(input))) {
      gone.push_back(input);
    }
  }
  std::vector<std::string> changes;
  for (const LockInput& input : now) {
    const bool was = std::any_of(then.begin(), then.end(), [&](const LockInput& other) {
      return identity(other) == identity(input);
    });
    if (was) {
      continue;
    }
    const auto before = std::find_if(
        gone.begin(), gone.end(), [&](const LockInput& other) { return other.name == input.name; });
    if (before == gone.end()) {
      changes.push_back(fmt::format("{} is new", described(input)));
    } else {
      changes.push_back(fmt::format("{} was {}", described(input), described(*before)));
      gone.erase(before);
    }
  }
  for (const LockInput& input : gone) {
    changes.push_back(fmt::format("{} is gone", described(input)));
  }
  return changes;
}

Lock make_lock(const Decision& decision, const std::vector<LockInput>& inputs, const Host& host,
               const Catalog& catalog) {
  Lock lock;
  const std::size_t at = decision.image.find('@');  // of --image with a digest
  lock.image = decision.image.substr(0, at);
  lock.digest = at == std::string::npos ? std::string() : decision.image.substr(at + 1);
  lock.base_image = decision.base_image;
  lock.source = decision.source;
  for (const FrameworkChoice& choice : decision.frameworks) {
    lock.frameworks.push_back(locked(choice, catalog));
  }
  std::sort(lock.frameworks.begin(), lock.frameworks.end(),
            [](const LockedFramework& a, const LockedFramework& b) { return a.name < b.name; });
  for (const LibraryChoice& choice : decision.libraries) {
    lock.libraries.push_back({choice.name, choice.version});
  }
  std::sort(lock.libraries.begin(), lock.libraries.end(),
            [](const LockedLibrary& a, const LockedLibrary& b) { return a.name < b.name; });
  lock.cuda = CudaVersion::parse(decision.cuda);
  const ImageTag* image = resolver::find_image(catalog, decision.image);
  lock.cuda_compat = lock.cuda && (image == nullptr ? lock.source != ImageSource::official
                                                    : image->source != ImageSource::official ||
                                                          image->flavor == Flavor::devel);
  lock.cudnn = decision.cudnn;
  lock.python = decision.python;
  lock.min_driver = lowest_driver(lock, catalog);
  lock.architecture = resolver::architecture_of(host);
  lock.catalog = catalog.version;
  lock.inputs = inputs;
  return lock;
}

ResolveRequest pinned_request(ResolveRequest request, const Lock& lock,
                              const std::vector<std::string>& except) {
  const auto pin = [&](const std::string& name, const std::string& version) {
    Result<pep508::Requirement> line = pep508::Requirement::parse(name + "==" + version);
    // Of a version that is none: an image with a framework of unknown version.
    if (!line || std::find(except.begin(), except.end(), name) != except.end()) {
      return;
    }
    // A line in `requirements` gives way to one of the same name in `frameworks`.
    const bool replaced =
        std::any_of(request.frameworks.begin(), request.frameworks.end(),
                    [&](const RequirementLine& other) { return other.value.name == name; });
    (replaced ? request.frameworks : request.requirements)
        .push_back({std::move(*line), Origin{"berth.lock"}});
  };
  for (const LockedFramework& framework : lock.frameworks) {
    pin(framework.name,
        framework.version + (framework.build.empty() ? std::string() : "+" + framework.build));
  }
  for (const LockedLibrary& library : lock.libraries) {
    pin(library.name, library.version);
  }
  return request;
}

}  // namespace berth
