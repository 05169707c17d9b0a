// Finds out who runs berth and what a container takes over from the caller. See also
// engine_limits.cpp.
#include "berth/runtime/caller.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <system_error>

#include "berth/base/text.hpp"
#include "berth/runtime/raw_terminal.hpp"
#include "runtime/captured_output.hpp"

extern char** environ;

namespace berth::runtime {

namespace {

namespace fs = std::filesystem;

// A label is not worth more of a user's time.
constexpr std::chrono::milliseconds kGitPatience{1000};

struct Account {
  std::string name{};
  fs::path home{};
};

Account account_of(uid_t uid) {
  std::array<char, 16384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return {};
  }
  return {found->pw_name, found->pw_dir};
}

std::vector<gid_t> supplementary_groups(gid_t primary) {
  const int count = ::getgroups(0, nullptr);
  std::vector<gid_t> groups(count > 0 ? static_cast<std::size_t>(count) : 0);
  if (groups.empty() || ::getgroups(count, groups.data()) != count) {
    return {};
  }
  std::erase(groups, primary);
  return groups;
}

std::map<std::string, std::string> process_variables() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos && equals > 0) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

// Empty where the variable is unset or empty.
std::string value_of(const std::map<std::string, std::string>& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

// HOME, unless it is somebody else's: under `sudo` it may still be the caller's, where root should
// leave no caches.
fs::path home_of(const std::map<std::string, std::string>& environment, const Account& account) {
  const fs::path home = value_of(environment, "HOME");
  if (home.empty() || !home.is_absolute()) {
    return account.home;
  }
  const bool fits = ::getuid() != 0 || account.home.empty() ||
                    home.lexically_normal() == account.home.lexically_normal();
  return fits ? home : account.home;
}

// A folder that can be written, or made below its nearest ancestor that exists.
bool is_usable_folder(const fs::path& folder) {
  std::error_code error;
  for (fs::path path = folder; !path.empty(); path = path.parent_path()) {
    const fs::file_status status = fs::status(path, error);
    if (fs::exists(status)) {
      return fs::is_directory(status) && ::access(path.c_str(), W_OK | X_OK) == 0;
    }
    if (path == path.parent_path()) {
      return false;
    }
  }
  return false;
}

bool has_files(const fs::path& folder) {
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_regular_file(error)) {
      return true;
    }
  }
  return false;
}

// Where git would look; starting it to hear that it found nothing takes milliseconds.
bool may_be_in_repository(const fs::path& project,
                          const std::map<std::string, std::string>& environment) {
  std::error_code error;
  for (fs::path folder = project; !folder.empty(); folder = folder.parent_path()) {
    if (fs::exists(fs::symlink_status(folder / ".git", error))) {
      return true;
    }
    if (folder == folder.parent_path()) {
      break;
    }
  }
  return environment.contains("GIT_DIR");
}

// One call for both: `# branch.oid COMMIT` among the headers, then a line for each change.
void probe_git(const fs::path& project, Caller& caller) {
  if (project.empty() || !may_be_in_repository(project, caller.environment)) {
    return;
  }
  const std::optional<std::string> status =
      captured_output({"git", "--no-optional-locks", "-C", project.string(), "status",
                       "--porcelain=v2", "--branch", "--untracked-files=no"},
                      kGitPatience);
  if (!status.has_value()) {
    return;
  }
  for (const std::string& line : split(*status, '\n')) {
    constexpr std::string_view kCommit = "# branch.oid ";
    if (line.starts_with(kCommit)) {
      caller.commit = line.substr(kCommit.size());
    } else if (!line.empty() && !line.starts_with('#')) {
      caller.dirty = true;
    }
  }
  if (caller.commit == "(initial)") {  // nothing has been committed yet
    caller.commit.clear();
    caller.dirty = false;
  }
}

}  // namespace

std::optional<fs::path> private_ca_bundle(const std::map<std::string, std::string>& environment,
                                          const fs::path& root) {
  const fs::path named = value_of(environment, "SSL_CERT_FILE");
  std::error_code error;
  if (named.is_absolute() && fs::is_regular_file(named, error) &&
      ::access(named.c_str(), R_OK) == 0) {
    return named;
  }
  // Where an administrator adds certificates, and the bundle that then holds them: Debian, Red Hat,
  // Arch.
  struct Place {
    const char* additions;
    const char* bundle;
  };
  constexpr std::array<Place, 3> kPlaces = {{
      {"usr/local/share/ca-certificates", "etc/ssl/certs/ca-certificates.crt"},
      {"etc/pki/ca-trust/source/anchors", "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"},
      {"etc/ca-certificates/trust-source/anchors", "etc/ssl/certs/ca-certificates.crt"},
  }};
  for (const Place& place : kPlaces) {
    if (has_files(root / place.additions) && fs::is_regular_file(root / place.bundle, error)) {
      return root / place.bundle;
    }
  }
  return std::nullopt;
}

std::map<std::string, fs::path> cache_folders(const std::map<std::string, std::string>& environment,
                                              const fs::path& home) {
  fs::path base = value_of(environment, "XDG_CACHE_HOME");
  if (!base.is_absolute()) {
    base = home.empty() ? fs::path() : home / ".cache";
  }
  struct Cache {
    const char* name;
    const char* variable;
  };
  constexpr std::array<Cache, 3> kCaches = {
      {{"pip", "PIP_CACHE_DIR"}, {"torch", "TORCH_HOME"}, {"huggingface", "HF_HOME"}}};
  std::map<std::string, fs::path> folders;
  for (const Cache& cache : kCaches) {
    fs::path folder = value_of(environment, cache.variable);
    if (!folder.is_absolute()) {
      folder = base.empty() ? fs::path() : base / cache.name;
    }
    if (!folder.empty() && is_usable_folder(folder)) {
      folders.emplace(cache.name, std::move(folder));
    }
  }
  return folders;
}

std::map<std::string, std::string> proxy_variables(const DockerConfig& config,
                                                   const std::string& engine_address) {
  auto found = config.proxies.find(engine_address);
  if (found == config.proxies.end()) {
    found = config.proxies.find("default");
  }
  std::map<std::string, std::string> variables;
  if (found != config.proxies.end()) {
    for (const auto& [name, value] : found->second) {
      variables[raised(name)] = value;
      variables[lowered(name)] = value;
    }
  }
  return variables;
}

Caller probe_caller(const fs::path& project, const EngineFacts& engine,
                    const std::string& berth_version) {
  Caller caller;
  caller.uid = ::getuid();
  caller.gid = ::getgid();
  const Account account = account_of(caller.uid);
  caller.user = account.name.empty() ? "user" : account.name;
  caller.groups = supplementary_groups(caller.gid);
  caller.environment = process_variables();
  std::error_code error;
  caller.directory = fs::current_path(error);
  caller.proxies = proxy_variables(load_docker_config(process_environment()), engine.address);
  caller.caches = cache_folders(caller.environment, home_of(caller.environment, account));
  caller.ca_bundle = private_ca_bundle(caller.environment);
  caller.stdin_terminal = ::isatty(STDIN_FILENO) == 1;
  caller.stdout_terminal = ::isatty(STDOUT_FILENO) == 1;
  caller.terminal_size = terminal_size(STDOUT_FILENO);
  caller.engine_limits = engine_limits(engine);
  caller.berth_version = berth_version;
  probe_git(project, caller);
  return caller;
}

}  // namespace berth::runtime
