// The search upward for the spec.
#include "spec/find_spec.hpp"

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

namespace berth::spec {

namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool is_repository(const fs::path& folder) {
  return is_there(folder / ".git");
}

bool is_in_repository(const fs::path& directory) {
  fs::path folder = directory;
  while (!is_repository(folder)) {
    if (folder == folder.parent_path()) {
      return false;
    }
    folder = folder.parent_path();
  }
  return true;
}

bool belongs_to_caller_or_root(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_uid == ::geteuid() || status.st_uid == 0);
}

// The spec of one folder.
Result<std::optional<fs::path>> spec_in(const fs::path& folder,
                                        std::vector<std::string>& warnings) {
  const fs::path yaml = folder / "berth.yaml";
  const fs::path json = folder / "berth.json";
  if (is_there(yaml) && is_there(json)) {
    return fail(Errc::invalid_input,
                fmt::format("`{}` has both berth.yaml and berth.json, expected one of them",
                            folder.string()));
  }
  if (is_there(yaml) || is_there(json)) {
    return is_there(yaml) ? yaml : json;
  }
  if (is_there(folder / "berth.yml")) {
    warnings.push_back(
        fmt::format("`{}` is not read: the name is berth.yaml", (folder / "berth.yml").string()));
  }
  return std::optional<fs::path>();
}

}  // namespace

Result<FoundSpec> find_spec(const fs::path& directory, const fs::path& home) {
  FoundSpec found;
  const bool in_repository = is_in_repository(directory);
  fs::path folder = directory;
  while (true) {
    BERTH_TRY(found.path, spec_in(folder, found.warnings));
    const fs::path parent = folder.parent_path();
    const bool foreign = found.path && folder != directory && !in_repository &&
                         !belongs_to_caller_or_root(*found.path);
    if (foreign) {
      found.warnings.push_back(
          fmt::format("`{}` is not read: it belongs to another user, and no repository holds both "
                      "it and the working directory",
                      found.path->string()));
      found.path.reset();
      return found;
    }
    const bool top = in_repository
                         ? is_repository(folder)
                         : folder == home || parent == home || parent == parent.root_path();
    if (found.path || top || parent == folder) {
      return found;
    }
    folder = parent;
  }
}

std::optional<fs::path> find_user_configuration(const Surroundings& surroundings) {
  const std::optional<std::string> configured = surroundings.environment("XDG_CONFIG_HOME");
  // The XDG specification: a relative path counts as none.
  const fs::path folder = configured && configured->starts_with('/')
                              ? fs::path(*configured)
                              : surroundings.home / ".config";
  const fs::path path = folder / "berth" / "config.yaml";
  return is_there(path) ? std::optional<fs::path>(path) : std::nullopt;
}

std::string shown(const fs::path& path, const Surroundings& surroundings) {
  const std::string near = path.lexically_relative(surroundings.directory).string();
  const std::string below_home = path.lexically_relative(surroundings.home).string();
  const bool in_home = !below_home.empty() && !below_home.starts_with("..");
  const bool hidden_in_home = in_home && below_home.starts_with('.') && near.starts_with("..");
  if (!near.empty() && !near.starts_with("../../../") && !hidden_in_home) {
    return near;
  }
  return in_home ? "~/" + below_home : path.string();
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

}  // namespace berth::spec
