// Sources: moby docs/api/version-history.md for Docker. Podman, tested with 5.4.2, skips all of
// them.
#include "runtime/engine_requirements.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "runtime/api_version.hpp"
#include "runtime/volume_option.hpp"

namespace berth::runtime {

namespace {

struct Requirement {
  std::string_view option;
  bool (*used)(const ContainerSpec&);
  unsigned docker_minor;  // of API 1.x, the first that has it; 0: all
};

template <class Predicate>
bool any_mount(const ContainerSpec& spec, const Predicate& predicate) {
  return std::any_of(spec.mounts.begin(), spec.mounts.end(), predicate);
}

bool uses_subpath(const ContainerSpec& spec, Mount::Type type) {
  return any_mount(
      spec, [type](const Mount& mount) { return mount.type == type && !mount.subpath.empty(); });
}

const std::vector<Requirement>& requirements() {
  static const std::vector<Requirement> kRequirements = {
      {"--mount …,volume-subpath=…",
       [](const ContainerSpec& spec) { return uses_subpath(spec, Mount::Type::volume); }, 45},
      {"--mount …,image-subpath=…",
       [](const ContainerSpec& spec) { return uses_subpath(spec, Mount::Type::image); }, 48},
      {"--mount …,bind-recursive=readonly",
       [](const ContainerSpec& spec) {
         return any_mount(spec, [](const Mount& mount) {
           return mount.recursion == Mount::Recursion::readonly;
         });
       },
       44},
      {"--mount …,volume-nocopy",
       [](const ContainerSpec& spec) {
         return any_mount(
             spec, [](const Mount& mount) { return mount.no_copy && !needs_volume_option(mount); });
       },
       0},
      {"--mount …,volume-label=…",
       [](const ContainerSpec& spec) {
         return any_mount(spec, [](const Mount& mount) { return !mount.volume_labels.empty(); });
       },
       0},
      {"--mount …,volume-driver=…",
       [](const ContainerSpec& spec) {
         return any_mount(spec, [](const Mount& mount) {
           return !mount.volume_driver.empty() && mount.volume_driver != "local";
         });
       },
       0},
      {"--mount …,volume-opt=…",
       [](const ContainerSpec& spec) {
         return any_mount(spec, [](const Mount& mount) { return !mount.volume_options.empty(); });
       },
       0},
      {"--runtime", [](const ContainerSpec& spec) { return !spec.options.runtime.empty(); }, 0},
      {"--security-opt systempaths=unconfined",
       [](const ContainerSpec& spec) { return spec.options.unconfined_system_paths; }, 0},
      {"--memory-swap -1", [](const ContainerSpec& spec) { return spec.options.memory_swap == -1; },
       0}};
  return kRequirements;
}

Error lacks(std::string_view option, std::string_view engine) {
  return Error{Errc::engine_failed, fmt::format("`{}` has no effect on {}", option, engine)}
      .named("engine-lacks")
      .note("the engine would start the container without it, and say nothing");
}

}  // namespace

Result<void> check_engine_can(const ContainerSpec& spec, const EngineFacts& engine) {
  const std::string& userns = spec.options.userns;
  if (engine.kind == EngineFacts::Kind::docker && !userns.empty() && userns != "host") {
    return fail(
        Error{Errc::usage, fmt::format("`--userns {}` is not known to Docker", userns)}.note(
            "it knows `host`, and would take any other word for nothing"));
  }
  const std::optional<ApiVersion> api = parse_api_version(engine.api_version);
  for (const Requirement& required : requirements()) {
    if (!required.used(spec)) {
      continue;
    }
    if (engine.kind == EngineFacts::Kind::podman) {
      return fail(lacks(required.option, "Podman " + engine.version));
    }
    const ApiVersion first{1, required.docker_minor};
    if (engine.kind == EngineFacts::Kind::docker && api && *api < first) {
      return fail(lacks(required.option, "Docker " + engine.version)
                      .note(fmt::format("it needs API {}, and the engine speaks {}", first.text(),
                                        api->text())));
    }
  }
  return {};
}

}  // namespace berth::runtime
