// Request, decision, machine and caller -> ContainerSpec: one function per subject; each default
// says why it is one.
#include "berth/runtime/container_spec.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "berth/base/text.hpp"
#include "berth/runtime/stream_choice.hpp"
#include "runtime/container_identity.hpp"
#include "runtime/container_labels.hpp"
#include "runtime/container_log.hpp"
#include "runtime/engine_requirements.hpp"
#include "runtime/environment_list.hpp"

namespace berth::runtime {

namespace {

constexpr std::string_view kWorkspace = "/workspace";
constexpr std::string_view kCaBundle = "/run/berth/ca-certificates.crt";
constexpr std::uint64_t kStackBytes = 64u << 20;
constexpr std::uint64_t kSharedMemoryFallback = 8ull << 30;  // where the memory is not known

// `target` is `ancestor` or lies below it.
bool is_within(std::string_view target, std::string_view ancestor) {
  return target.starts_with(ancestor) &&
         (target.size() == ancestor.size() || ancestor.ends_with('/') ||
          target[ancestor.size()] == '/');
}

class SpecMaker {
 public:
  SpecMaker(const RunRequest& request, const Decision& decision, const Host& host,
            const Caller& caller)
      : request_(request),
        decision_(decision),
        host_(host),
        caller_(caller),
        identity_(find_identity(request, host, caller)) {}

  Result<ContainerSpec> make(std::vector<DeviceRequest> devices) {
    spec_.device_requests = std::move(devices);
    if (!request_.options.cdi_devices.empty()) {
      spec_.device_requests.push_back(DeviceRequest{.driver = DeviceRequest::Driver::cdi,
                                                    .device_ids = request_.options.cdi_devices});
    }
    BERTH_CHECK(check_request());
    set_command();
    BERTH_CHECK(set_streams());
    set_identity();
    BERTH_CHECK(set_mounts());
    set_resources();
    set_environment();
    set_security();
    set_lifetime();
    spec_.labels = container_labels(request_, decision_, caller_);
    if (host_.engine.has_value()) {
      BERTH_CHECK(check_engine_can(spec_, *host_.engine));
    }
    return std::move(spec_);
  }

 private:
  Result<void> check_request() const;
  void set_command();
  Result<void> set_streams();
  void set_identity();
  Result<void> set_mounts();
  void add_project();
  void add_home();
  void add_ca_bundle();
  void set_resources();
  void set_environment();
  void set_gpu_environment(EnvironmentList& environment) const;
  void set_ulimits();
  void set_security();
  void set_lifetime();

  // Whether a mount of the request lies at `target` or above it, so that a default of berth's there
  // gives way.
  bool taken(std::string_view target) const;
  bool sets_variable(std::string_view name) const;
  void bind(const std::filesystem::path& source, std::string target, bool read_only);

  const RunRequest& request_;
  const Decision& decision_;
  const Host& host_;
  const Caller& caller_;
  const Identity identity_;
  const bool podman_ = host_.engine && host_.engine->kind == EngineFacts::Kind::podman;
  ContainerSpec spec_;
};

Result<void> SpecMaker::check_request() const {
  constexpr std::string_view kNameCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  if (request_.name.has_value()) {
    const std::string& name = *request_.name;
    const bool begins_well =
        !name.empty() && std::string_view("_.-").find(name.front()) == std::string_view::npos;
    if (name.size() < 2 || !begins_well ||
        name.find_first_not_of(kNameCharacters) != std::string::npos) {
      return fail(Error{Errc::usage, fmt::format("`{}` is no name for a container", name)}.note(
          "a name has two or more of A-Z a-z 0-9 _ . - and begins with a letter or digit"));
    }
  }
  return {};
}

void SpecMaker::set_command() {
  spec_.image = decision_.image;
  spec_.platform = request_.platform;
  spec_.options = request_.options;
  spec_.name = request_.name.value_or("");
  spec_.command = request_.command;
  if (request_.entrypoint.has_value()) {
    spec_.entrypoint = std::vector<std::string>{*request_.entrypoint};
  }
}

Result<void> SpecMaker::set_streams() {
  spec_.attached = !request_.detach;
  if (request_.attach.has_value()) {
    spec_.attach_stdout = request_.attach->standard_output;
    spec_.attach_stderr = request_.attach->standard_error;
  }
  BERTH_TRY(const StreamChoice streams,
            choose_streams(request_.terminal, request_.connect_stdin && spec_.attached,
                           caller_.stdin_terminal, caller_.stdout_terminal && spec_.attach_stdout,
                           "run"));
  spec_.tty = streams.tty;
  spec_.open_stdin = request_.connect_stdin;
  if (spec_.tty && spec_.attached) {
    spec_.console_size = caller_.terminal_size;
  }
  return {};
}

void SpecMaker::set_identity() {
  spec_.user = identity_.user;
  // The caller's groups, so that a shared dataset is readable inside, too. A rootless engine cannot
  // hand them on.
  const bool as_caller = !request_.user.has_value() && !identity_.root;
  for (const gid_t group : as_caller ? caller_.groups : std::vector<gid_t>{}) {
    spec_.group_add.push_back(std::to_string(group));
  }
  for (const std::string& group : request_.group_add) {
    if (std::find(spec_.group_add.begin(), spec_.group_add.end(), group) == spec_.group_add.end()) {
      spec_.group_add.push_back(group);
    }
  }
}

bool SpecMaker::taken(std::string_view target) const {
  return std::any_of(request_.mounts.begin(), request_.mounts.end(),
                     [target](const Sourced<Mount>& mount) {
                       return is_within(target, mount.value.target);
                     }) ||
         std::any_of(request_.tmpfs.begin(), request_.tmpfs.end(),
                     [target](const auto& tmpfs) { return is_within(target, tmpfs.first); });
}

bool SpecMaker::sets_variable(std::string_view name) const {
  return std::any_of(request_.environment.begin(), request_.environment.end(),
                     [name](const EnvironmentVariable& variable) { return variable.name == name; });
}

void SpecMaker::bind(const std::filesystem::path& source, std::string target, bool read_only) {
  Mount mount;
  mount.source = source.string();
  mount.target = std::move(target);
  mount.read_only = read_only;
  spec_.mounts.push_back(std::move(mount));
}

void SpecMaker::add_project() {
  if (request_.project.empty()) {
    spec_.workdir = request_.workdir.value_or("");
    return;
  }
  if (!taken(kWorkspace)) {
    bind(request_.project, std::string(kWorkspace), false);
  }
  // From a folder of the project, paths mean there what they mean here.
  std::filesystem::path inside = caller_.directory.lexically_relative(request_.project);
  if (inside.empty() || *inside.begin() == ".." || !request_.job.empty()) {
    inside = ".";
  }
  const std::filesystem::path workspace(kWorkspace);
  const std::filesystem::path workdir =
      request_.workdir.has_value() ? workspace / *request_.workdir : workspace / inside;
  spec_.workdir = workdir.lexically_normal().string();
  if (spec_.workdir.size() > 1 && spec_.workdir.ends_with('/')) {
    spec_.workdir.pop_back();
  }
}

// A home on tmpfs: writable for a uid that the image does not know, without a volume that stays
// behind. `exec`, since `pip install --user` and torch.compile load libraries from there. ~/.cache
// is one of its own, for otherwise the engine would make it as root's on the way to the mounts
// below it.
void SpecMaker::add_home() {
  if (identity_.home.empty() || sets_variable("HOME")) {
    return;
  }
  // Podman knows no uid option; with the sticky bit, world-writable as /tmp is does the same
  // service.
  const std::string options =
      podman_ || identity_.gid.empty()
          ? "exec,mode=1777"
          : fmt::format("exec,mode=755,uid={},gid={}", identity_.uid, identity_.gid);
  const std::string cache = identity_.home + "/.cache";
  if (!identity_.root && !taken(identity_.home)) {
    spec_.tmpfs[identity_.home] = options;
  }
  if (!identity_.root && !taken(cache)) {
    spec_.tmpfs[cache] = options;
  }
  for (const auto& [name, folder] : caller_.caches) {
    const std::string target = cache + "/" + name;
    if (!taken(target)) {
      bind(folder, target, false);
    }
  }
}

void SpecMaker::add_ca_bundle() {
  if (caller_.ca_bundle.has_value()) {
    bind(*caller_.ca_bundle, std::string(kCaBundle), true);
  }
}

Result<void> SpecMaker::set_mounts() {
  add_project();
  add_home();
  add_ca_bundle();
  for (auto mount = request_.mounts.begin(); mount != request_.mounts.end(); ++mount) {
    const auto same_target = [&mount](const Sourced<Mount>& other) {
      return other.value.target == mount->value.target;
    };
    const auto earlier = std::find_if(request_.mounts.begin(), mount, same_target);
    if (earlier != mount) {
      return fail(Error{Errc::usage, fmt::format("two mounts lie at `{}`", mount->value.target)}
                      .note("the first comes from " + earlier->origin.text)
                      .note("the second comes from " + mount->origin.text));
    }
    if (request_.tmpfs.count(mount->value.target) > 0) {
      return fail(
          Error{Errc::usage, fmt::format("two mounts lie at `{}`", mount->value.target)}.note(
              "one comes from " + mount->origin.text + ", the other from --tmpfs"));
    }
    spec_.mounts.push_back(mount->value);
  }
  for (const auto& [target, options] : request_.tmpfs) {
    spec_.tmpfs[target] = options;
  }
  return {};
}

void SpecMaker::set_resources() {
  spec_.network = request_.network.value_or("");
  spec_.ipc = request_.ipc.value_or("");
  spec_.memory_bytes = request_.memory_bytes.value_or(0);
  // Half of the memory: docker's 64 MB kill DataLoader workers. The host's own /dev/shm has the
  // host's size, and an engine refuses to set it.
  const bool own_shm = spec_.ipc != "host" && !spec_.ipc.starts_with("container:");
  if (own_shm && !taken("/dev/shm")) {
    std::uint64_t memory = host_.container_memory().value_or(2 * kSharedMemoryFallback);
    if (spec_.memory_bytes > 0) {
      memory = std::min(memory, spec_.memory_bytes);
    }
    spec_.shm_bytes = request_.shm_bytes.value_or(memory / 2);
  }
  set_ulimits();
}

void SpecMaker::set_ulimits() {
  // Pinned memory and RDMA lock pages; deep recursions of autograd and compilers need stack. Never
  // more than the engine may give.
  const EngineLimits& limits = caller_.engine_limits;
  const std::int64_t memlock = limits.memlock_bytes.value_or(-1);
  const std::int64_t stack =
      std::min(static_cast<std::int64_t>(kStackBytes),
               limits.stack_bytes.value_or(static_cast<std::int64_t>(kStackBytes)));
  spec_.ulimits = {{"memlock", memlock, memlock}, {"stack", stack, stack}};
  for (const Ulimit& limit : request_.ulimits) {
    std::erase_if(spec_.ulimits, [&limit](const Ulimit& own) { return own.name == limit.name; });
    spec_.ulimits.push_back(limit);
  }
}

// no-new-privileges is berth's default, and gives way to either answer of the request's. Under
// Docker's snap it would keep every command from starting (`operation not permitted`): AppArmor
// lets no process that is confined as the snap's daemon is change its profile then
// (launchpad.net/bugs/1908448).
void SpecMaker::set_security() {
  constexpr std::string_view kOption = "no-new-privileges";
  bool no_new_privileges = !(host_.engine.has_value() && host_.engine->is_snap());
  for (const std::string& option : request_.security_options) {
    if (option.starts_with(kOption)) {
      no_new_privileges = !option.ends_with("false");
    } else {
      spec_.security_options.push_back(option);
    }
  }
  // Podman wants the profile's path, and reads the file itself.
  if (podman_ && spec_.options.seccomp.has_value()) {
    spec_.security_options.push_back("seccomp=" + spec_.options.seccomp->path);
    spec_.options.seccomp.reset();
  }
  if (no_new_privileges) {
    spec_.security_options.insert(spec_.security_options.begin(), std::string(kOption));
  }
}

void SpecMaker::set_lifetime() {
  // In a process namespace of others an init is not process 1: it would reap nothing and complain,
  // and Podman refuses it.
  spec_.init = request_.init.value_or(request_.options.pid.empty());
  // A run that nobody waits for leaves its log and its exit code behind, for whoever asks later.
  spec_.auto_remove = request_.remove.value_or(!request_.detach && !request_.keep);
  spec_.stop_signal = request_.stop_signal.value_or("");
  spec_.stop_timeout = request_.stop_timeout;
  choose_log(spec_, request_, host_.engine.value_or(EngineFacts()));
}

void SpecMaker::set_gpu_environment(EnvironmentList& environment) const {
  // Where the engine's default runtime is `nvidia`, NVIDIA_VISIBLE_DEVICES of an image alone
  // attaches every GPU. `void` stops that; no other CPU run hears of NVIDIA.
  if (!spec_.device_requests.empty() || !host_.engine.has_value()) {
    return;
  }
  const std::vector<std::string>& runtimes = host_.engine->runtimes;
  if (std::find(runtimes.begin(), runtimes.end(), "nvidia") != runtimes.end()) {
    environment.set("NVIDIA_VISIBLE_DEVICES", "void");
  }
}

void SpecMaker::set_environment() {
  EnvironmentList environment;
  if (!identity_.name.empty()) {
    environment.set("HOME", identity_.home);
    environment.set("USER", identity_.name);
    environment.set("LOGNAME", identity_.name);
  }
  const auto term = caller_.environment.find("TERM");
  if (spec_.tty && term != caller_.environment.end() && is_common_terminal(term->second)) {
    environment.set("TERM", term->second);
  }
  // A training log that arrives in blocks of 8 KB looks like a job that hangs.
  environment.set("PYTHONUNBUFFERED", "1");
  set_gpu_environment(environment);
  for (const auto& [name, value] : caller_.proxies) {
    environment.set(name, value);
  }
  if (caller_.ca_bundle.has_value()) {
    // OpenSSL and Python, requests, curl, pip, git, Node.js, boto3: each reads a variable of its
    // own.
    for (const char* name : {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT",
                             "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE"}) {
      environment.set(name, std::string(kCaBundle));
    }
  }
  for (const EnvironmentVariable& variable : request_.environment) {
    const auto callers = caller_.environment.find(variable.name);
    if (variable.value.has_value()) {
      environment.set(variable.name, *variable.value);
    } else if (callers != caller_.environment.end()) {
      environment.set(variable.name, callers->second);
    } else {
      environment.remove(variable.name);
    }
  }
  spec_.environment = environment.lines();
  if (host_.engine.has_value() && host_.engine->kind == EngineFacts::Kind::podman) {
    // A bare name would get the value that Podman's own service has.
    std::erase_if(spec_.environment,
                  [](const std::string& line) { return line.find('=') == std::string::npos; });
  }
}

}  // namespace

Result<ContainerSpec> make_container_spec(const RunRequest& request, const Decision& decision,
                                          const Host& host, const Caller& caller,
                                          std::vector<DeviceRequest> devices) {
  return SpecMaker(request, decision, host, caller).make(std::move(devices));
}

}  // namespace berth::runtime
