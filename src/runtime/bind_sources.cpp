// What must be true of the host's file system before a container is created. Checked here, where a
// message can name the flag; an engine would make an absent source as a folder of root's, or name a
// path and nothing else.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <system_error>

#include "berth/runtime/container_spec.hpp"

namespace berth::runtime {

namespace {

namespace fs = std::filesystem;

Result<void> prepare_source(const Sourced<Mount>& mount) {
  if (mount.value.type != Mount::Type::bind) {
    return {};
  }
  std::error_code error;
  if (mount.value.create_source) {
    // By the caller, so that it is the caller's; where that cannot be, the engine tries.
    fs::create_directories(mount.value.source, error);
    return {};
  }
  const fs::file_status status = fs::status(mount.value.source, error);
  if (fs::exists(status)) {
    return {};
  }
  // What the caller may not see, the engine's root may.
  if (error && error != std::errc::no_such_file_or_directory &&
      error != std::errc::not_a_directory) {
    return {};
  }
  return fail(
      Error{Errc::invalid_input, fmt::format("`{}` is not there, and cannot be mounted at `{}`",
                                             mount.value.source, mount.value.target)}
          .named("mount-source-missing")
          .note("the mount comes from " + mount.origin.text));
}

Result<void> make_cache(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return fail(Errc::io, fmt::format("cannot make the cache folder `{}`: {}", folder.string(),
                                      error.message()));
  }
  return {};
}

}  // namespace

Result<void> prepare_bind_sources(const ContainerSpec& spec, const RunRequest& request,
                                  const Caller& caller) {
  for (const Sourced<Mount>& mount : request.mounts) {
    BERTH_CHECK(prepare_source(mount));
  }
  for (const auto& [name, folder] : caller.caches) {
    const auto is_it = [&source = folder](const Mount& mount) {
      return mount.source == source.string();
    };
    if (std::any_of(spec.mounts.begin(), spec.mounts.end(), is_it)) {
      BERTH_CHECK(make_cache(folder));
    }
  }
  return {};
}

}  // namespace berth::runtime
