// The lock of a decision, and what has changed since.
#include "berth/resolver/lock.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <tuple>

#include "berth/base/sha256.hpp"
#include "resolver/given_image.hpp"
#include "resolver/machine.hpp"

namespace berth {

namespace {

auto identity(const LockInput& input) {
  return std::tie(input.name, input.text);
}

bool is_companion(const Catalog& catalog, const std::string& name) {
  for (const Framework& framework : catalog.frameworks) {
    for (const FrameworkRelease& release : framework.releases) {
      if (release.companions.count(name) > 0) {
        return true;
      }
    }
  }
  return false;
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

}  // namespace

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
    const bool decides = catalog.find_framework(name) != nullptr || is_companion(catalog, name) ||
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
  std::stable_sort(inputs.begin(), inputs.end(), [](const LockInput& a, const LockInput& b) {
    return identity(a) < identity(b);
  });
  const auto last = std::unique(
      inputs.begin(), inputs.end(),
      [](const LockInput& a, const LockInput& b) { return identity(a) == identity(b); });
  inputs.erase(last, inputs.end());
  return inputs;
}

std::string inputs_hash(const std::vector<LockInput>& inputs) {
  std::string text;
  for (const LockInput& input : inputs) {
    text.append(input.name).append(1, '\0').append(input.text).append(1, '\n');
  }
  return sha256_hex(text);
}

std::vector<std::string> changed_inputs(const Lock& lock, const std::vector<LockInput>& now) {
  const bool told_now = std::any_of(now.begin(), now.end(), is_from_command);
  std::vector<LockInput> gone;
  for (const LockInput& input : lock.inputs) {
    const bool stays = std::any_of(now.begin(), now.end(), [&](const LockInput& other) {
      return identity(other) == identity(input);
    });
    if (!stays && (told_now || !is_from_command(input))) {
      gone.push_back(input);
    }
  }
  std::vector<std::string> changes;
  for (const LockInput& input : now) {
    const bool was =
        std::any_of(lock.inputs.begin(), lock.inputs.end(),
                    [&](const LockInput& other) { return identity(other) == identity(input); });
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
