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

constexpr const char* kWorkspace = "/workspace";

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

bool lies_within(const std::string& path, const std::string& folder) {
  const fs::path inside = fs::path(path).lexically_relative(folder);
  return !inside.empty() && *inside.begin() != "..";
}

// A working directory in the project that somebody named: a mistyped one would become a folder of
// root's there.
Result<void> check_workdir(const ContainerSpec& spec, const RunRequest& request) {
  const auto is_project = [&request](const Mount& mount) {
    return mount.target == kWorkspace && mount.source == request.project.string();
  };
  const auto lies_over = [&spec, &is_project](const Mount& mount) {
    return !is_project(mount) && lies_within(spec.workdir, mount.target);
  };
  const bool in_project = request.workdir.has_value() && lies_within(spec.workdir, kWorkspace) &&
                          std::any_of(spec.mounts.begin(), spec.mounts.end(), is_project) &&
                          std::none_of(spec.mounts.begin(), spec.mounts.end(), lies_over);
  const fs::path folder = request.project / fs::path(spec.workdir).lexically_relative(kWorkspace);
  std::error_code error;
  if (!in_project || fs::is_directory(folder, error)) {
    return {};
  }
  return fail(Error{Errc::invalid_input,
                    fmt::format("the working directory `{}` is not there", spec.workdir)}
                  .named("workdir-missing")
                  .note(fmt::format("it would be `{}` of the project",
                                    folder.lexically_normal().string())));
}

}  // namespace

Result<void> prepare_bind_sources(const ContainerSpec& spec, const RunRequest& request,
                                  const Caller& caller) {
  BERTH_CHECK(check_workdir(spec, request));
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
