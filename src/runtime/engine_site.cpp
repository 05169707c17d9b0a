#include "berth/runtime/engine_site.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <system_error>

#include "berth/base/text.hpp"
#include "berth/runtime/endpoint.hpp"
#include "runtime/app_armor.hpp"
#include "runtime/connection_error.hpp"
#include "runtime/system_files.hpp"

namespace berth::runtime {

namespace {

namespace fs = std::filesystem;

std::optional<struct stat> facts_of(const fs::path& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? std::optional<struct stat>(facts) : std::nullopt;
}

// Whether /etc/group lists the name; that a group is a user's primary one, /etc/passwd would say.
bool lists_member(const fs::path& root, const std::string& group, const std::string& name) {
  for (const std::string& line : split(content_of(root / "etc/group"), '\n')) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() < 4 || fields[0] != group || name.empty()) {
      continue;
    }
    const std::vector<std::string> members = split(trimmed(fields[3]), ',');
    return std::find(members.begin(), members.end(), name) != members.end();
  }
  return false;
}

std::optional<EngineSocket> look_at(const fs::path& root, const std::string& path,
                                    const UserRights& rights) {
  const std::string file = (root / fs::path(path).relative_path()).string();
  std::error_code ignored;
  EngineSocket socket{.path = path,
                      .real_path = fs::weakly_canonical(file, ignored).string(),
                      .error_number = probe_unix_socket(file)};
  if (socket.error_number == ENOENT || socket.error_number == ENOTDIR) {
    return std::nullopt;
  }
  const std::optional<struct stat> facts = facts_of(file);
  constexpr mode_t kGroupWrites = 020;
  constexpr mode_t kAllWrite = 02;
  if (facts && (facts->st_mode & kGroupWrites) != 0 && (facts->st_mode & kAllWrite) == 0) {
    socket.group = group_name(root, facts->st_gid);
    socket.is_member = lists_member(root, socket.group, rights.name);
    socket.in_session =
        std::find(rights.groups.begin(), rights.groups.end(), facts->st_gid) != rights.groups.end();
  }
  return socket;
}

// Null where the value is no object, or has no such member.
const nlohmann::json& member(const nlohmann::json& value, const char* key) {
  static const nlohmann::json null;
  const auto found = value.find(key);
  return found == value.end() ? null : *found;
}

std::string text(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::optional<DaemonConfig> read_daemon_config(const fs::path& root, const fs::path& path) {
  const std::optional<struct stat> facts = facts_of(root / path.relative_path());
  if (!facts) {
    return std::nullopt;
  }
  DaemonConfig config{.path = path, .changed_at = facts->st_mtime};
  const std::string content = content_of(root / path.relative_path());
  const nlohmann::json json = nlohmann::json::parse(content, nullptr, false);
  if (!json.is_object()) {
    config.unreadable = json.is_discarded() ? "it is not valid JSON" : "it is not a JSON object";
    return config;
  }
  const nlohmann::json& runtimes = member(json, "runtimes");
  config.names_nvidia = runtimes.is_object() && runtimes.contains("nvidia");
  config.nvidia_runtime = text(member(member(runtimes, "nvidia"), "path"));
  config.shm_size = text(member(json, "default-shm-size"));
  if (const nlohmann::json& cdi = member(member(json, "features"), "cdi"); cdi.is_boolean()) {
    config.cdi = cdi.get<bool>();
  }
  return config;
}

// The field after the name of the program in /proc/PID/stat, which may itself hold blanks and
// parentheses: "4242 (dockerd) S 1 …"; the start is the 22nd of all, in ticks since the boot.
std::optional<std::time_t> started_at(const fs::path& root, const std::string& pid) {
  constexpr std::size_t kStartAfterName = 19;
  const std::string process = content_of(root / "proc" / pid / "stat");
  const std::size_t name_end = process.rfind(") ");
  if (pid.empty() || name_end == std::string::npos) {
    return std::nullopt;
  }
  const std::vector<std::string> fields = split(process.substr(name_end + 2), ' ');
  const std::string statistics = content_of(root / "proc/stat");
  const std::size_t boot = statistics.find("btime ");
  const long ticks = ::sysconf(_SC_CLK_TCK);
  if (fields.size() <= kStartAfterName || boot == std::string::npos || ticks <= 0) {
    return std::nullopt;
  }
  return std::strtoll(statistics.c_str() + boot + 6, nullptr, 10) +
         std::strtoll(fields[kStartAfterName].c_str(), nullptr, 10) / ticks;
}

std::optional<std::time_t> change_of(const fs::path& path) {
  const std::optional<struct stat> facts = facts_of(path);
  return facts ? std::optional<std::time_t>(facts->st_ctime) : std::nullopt;
}

std::optional<fs::path> docker_desktop(const fs::path& root) {
  return is_there(root / "opt/docker-desktop") ? std::optional<fs::path>("/opt/docker-desktop")
                                               : std::nullopt;
}

// The engine knows what it has read; its file is where it does not say.
std::string missing_nvidia_runtime(const fs::path& root, const EngineSite& site,
                                   const SiteQuery& query) {
  const std::optional<DaemonConfig>& config =
      query.rootless ? site.rootless_config : site.daemon_config;
  std::string program = query.nvidia_runtime;
  if (program.empty() && config) {
    program = config->nvidia_runtime;
  }
  return program.empty() || installed_program(root, program) ? std::string() : program;
}

void find_sockets(const ProbeRoots& roots, const SiteQuery& query, EngineSite& site) {
  std::vector<std::string> paths =
      default_sockets([&roots](const std::string& name) { return roots.variable(name); });
  if (!query.named_socket.empty()) {
    paths.insert(paths.begin(), query.named_socket);
  }
  for (const std::string& path : paths) {
    std::optional<EngineSocket> socket = look_at(roots.root, path, query.rights);
    const auto is_same = [&socket](const EngineSocket& other) {
      return other.real_path == socket->real_path;
    };
    if (socket && std::none_of(site.sockets.begin(), site.sockets.end(), is_same)) {
      site.sockets.push_back(*std::move(socket));
    }
  }
  if (const std::optional<std::string> home = roots.variable("HOME")) {
    site.desktop_socket = look_at(roots.root, *home + "/.docker/desktop/docker.sock", query.rights);
  }
}

}  // namespace

EngineSite probe_engine_site(const ProbeRoots& roots, const SiteQuery& query) {
  const fs::path& root = roots.root;
  EngineSite site;
  site.docker = installed_program(root, "docker");
  site.dockerd = installed_program(root, "dockerd");
  site.podman = installed_program(root, "podman");
  site.docker_desktop = docker_desktop(root);
  site.systemd = is_there(root / "run/systemd/system");
  find_sockets(roots, query, site);
  site.daemon_config = read_daemon_config(root, "/etc/docker/daemon.json");
  if (const std::optional<std::string> home = roots.variable("HOME")) {
    site.rootless_config = read_daemon_config(root, *home + "/.config/docker/daemon.json");
  }
  site.dockerd_started =
      started_at(root, std::string(trimmed(content_of(root / "var/run/docker.pid"))));
  site.hook_installed = change_of(root / "usr/bin/nvidia-container-runtime-hook");
  if (query.ca_bundle) {
    site.ca_bundle_changed = change_of(root / query.ca_bundle->relative_path());
  }
  site.missing_nvidia_runtime = missing_nvidia_runtime(root, site, query);
  site.app_armor = probe_app_armor(root);
  return site;
}

}  // namespace berth::runtime
