// Request, decision, machine and caller -> ContainerSpec: a pure mapping. One function per subject;
// each default says why it is one.
#include "berth/runtime/container_spec.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "berth/base/text.hpp"
#include "berth/runtime/stream_choice.hpp"
#include "runtime/environment_list.hpp"

namespace berth::runtime {

namespace {

constexpr std::string_view kWorkspace = "/workspace";
constexpr std::string_view kCaBundle = "/run/berth/ca-certificates.crt";
constexpr std::uint64_t kStackBytes = 64u << 20;
// Of the machine's memory, where that is not known. A limit, not a reservation.
constexpr std::uint64_t kSharedMemoryFallback = 8ull << 30;

// Whom the command runs as, and what berth knows of that user's home.
struct Identity {
  std::string user{};  // "1000:1000"
  std::string name{};  // for USER and LOGNAME; empty: an image's own user, of whom nothing is known
  std::string home{};
  bool root = false;
};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// A login name as a path component: "LAB\anna" and "anna@lab" are real ones.
std::string path_component(std::string name) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  for (char& c : name) {
    c = kPlain.find(c) == std::string_view::npos ? '_' : c;
  }
  return name;
}

Identity root_identity(std::string user) {
  return {std::move(user), "root", "/root", true};
}

Identity find_identity(const RunRequest& request, const Host& host, const Caller& caller) {
  if (request.user.has_value()) {
    const std::string uid = split(*request.user, ':').front();
    if (uid == "0" || uid == "root") {
      return root_identity(*request.user);
    }
    if (!is_number(uid)) {
      return {*request.user, {}, {}, false};
    }
    const std::string name = uid == std::to_string(caller.uid) ? caller.user : "user";
    return {*request.user, name, "/home/" + path_component(name), false};
  }
  // A rootless engine maps root of the container to the caller: files that root writes there are
  // the caller's. Any other uid would be a subordinate one, which cannot even enter the project's
  // folder.
  if (caller.uid == 0 || (host.engine.has_value() && host.engine->rootless)) {
    return root_identity("0:0");
  }
  return {fmt::format("{}:{}", caller.uid, caller.gid), caller.user,
          "/home/" + path_component(caller.user), false};
}

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
    BERTH_CHECK(check_request());
    set_command();
    BERTH_CHECK(set_streams());
    set_identity();
    BERTH_CHECK(set_mounts());
    set_resources();
    set_environment();
    set_labels();
    spec_.init = true;
    spec_.auto_remove = true;
    // The log of a container that is removed with its exit serves nobody, and Docker writes it
    // before it passes output on: it costs most of the time, and holds up the end of a run whose
    // output is closed.
    spec_.log_driver = "none";
    spec_.security_options = {"no-new-privileges"};
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
  void set_labels();

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
  spec_.name = request_.name.value_or("");
  spec_.command = request_.command;
  if (request_.entrypoint.has_value()) {
    spec_.entrypoint = std::vector<std::string>{*request_.entrypoint};
  }
}

Result<void> SpecMaker::set_streams() {
  BERTH_TRY(const StreamChoice streams,
            choose_streams(request_.terminal, request_.connect_stdin, caller_.stdin_terminal,
                           caller_.stdout_terminal, "run"));
  spec_.tty = streams.tty;
  spec_.open_stdin = streams.open_stdin;
  if (spec_.tty) {
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
}

bool SpecMaker::taken(std::string_view target) const {
  return std::any_of(
      request_.mounts.begin(), request_.mounts.end(),
      [target](const Sourced<Mount>& mount) { return is_within(target, mount.value.target); });
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
  const bool podman = host_.engine.has_value() && host_.engine->kind == EngineFacts::Kind::podman;
  const std::vector<std::string> ids = split(identity_.user, ':');
  const std::string options = podman || ids.size() < 2 || !is_number(ids[1])
                                  ? "exec,mode=1777"
                                  : fmt::format("exec,mode=755,uid={},gid={}", ids[0], ids[1]);
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
    spec_.mounts.push_back(mount->value);
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
    std::uint64_t memory = host_.memory_bytes.value_or(2 * kSharedMemoryFallback);
    if (spec_.memory_bytes > 0) {
      memory = std::min(memory, spec_.memory_bytes);
    }
    spec_.shm_bytes = request_.shm_bytes.value_or(memory / 2);
  }
  // Pinned memory and RDMA lock pages; deep recursions of autograd and compilers need stack. Never
  // more than the engine may give.
  const EngineLimits& limits = caller_.engine_limits;
  const std::int64_t memlock = limits.memlock_bytes.value_or(-1);
  const std::int64_t stack =
      std::min(static_cast<std::int64_t>(kStackBytes),
               limits.stack_bytes.value_or(static_cast<std::int64_t>(kStackBytes)));
  spec_.ulimits = {{"memlock", memlock, memlock}, {"stack", stack, stack}};
}

// TERM as the caller has it, where every image knows the name (Debian's ncurses-base); else the
// engine's `xterm`.
bool is_common_terminal(std::string_view term) {
  constexpr std::array<std::string_view, 9> kCommon = {
      "xterm", "xterm-256color", "screen", "screen-256color", "tmux", "tmux-256color",
      "linux", "vt100",          "dumb"};
  return std::find(kCommon.begin(), kCommon.end(), term) != kCommon.end();
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
}

void SpecMaker::set_labels() {
  std::map<std::string, std::string>& labels = spec_.labels;
  const auto set = [&labels](const char* name, const std::string& value) {
    if (!value.empty()) {
      labels[std::string("org.berth.") + name] = value;
    }
  };
  std::vector<std::string> frameworks;
  for (const FrameworkChoice& framework : decision_.frameworks) {
    const std::string build = framework.build.empty() ? "" : "+" + framework.build;
    frameworks.push_back(framework.name + "==" + framework.version + build);
  }
  set("version", caller_.berth_version);
  set("job", request_.job);
  set("project", request_.project.string());
  set("commit", caller_.commit);
  set("dirty", caller_.commit.empty() ? "" : caller_.dirty ? "true" : "false");
  set("owner", std::to_string(caller_.uid));
  set("image", decision_.image);
  set("frameworks", join(frameworks, ","));
  for (const auto& [name, value] : request_.labels) {
    labels[name] = value;
  }
}

}  // namespace

Result<ContainerSpec> make_container_spec(const RunRequest& request, const Decision& decision,
                                          const Host& host, const Caller& caller,
                                          std::vector<DeviceRequest> devices) {
  return SpecMaker(request, decision, host, caller).make(std::move(devices));
}

void quieten_entrypoint(ContainerSpec& spec, const ImageFacts& image, const Decision& decision) {
  const bool banner =
      image.entrypoint.size() == 1 &&
      std::filesystem::path(image.entrypoint.front()).filename() == "nvidia_entrypoint.sh";
  // In an NGC image the same script links the forward-compatibility libraries.
  const bool needed =
      decision.source == ImageSource::ngc && decision.driver.mode == DriverMode::forward;
  if (banner && !needed && !spec.entrypoint.has_value() && !spec.command.empty()) {
    spec.entrypoint = std::vector<std::string>{""};
  }
}

}  // namespace berth::runtime
