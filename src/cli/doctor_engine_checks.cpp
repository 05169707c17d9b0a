// Findings about the engine: that one answers, or why none does, as far as this machine's programs,
// sockets and groups tell.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "berth/base/text.hpp"
#include "cli/doctor_checks.hpp"
#include "cli/doctor_remedies.hpp"

namespace berth::cli {

namespace {

using Status = Finding::Status;
using runtime::EngineSocket;

std::string engine_name(const EngineFacts& engine) {
  const char* kind = engine.kind == EngineFacts::Kind::podman ? "Podman" : "Docker";
  return fmt::format("{} {}", kind, engine.version);
}

const EngineSocket* socket_that_says(const runtime::EngineSite& site, int error_number) {
  const auto found = std::find_if(
      site.sockets.begin(), site.sockets.end(),
      [error_number](const EngineSocket& socket) { return socket.error_number == error_number; });
  return found == site.sockets.end() ? nullptr : &*found;
}

// ---- why no engine answers ----

Finding permission(const Observations& seen, const Error& error) {
  Finding finding = from_error("engine-permission", error);
  const EngineSocket* socket = socket_that_says(seen.site, EACCES);
  if (socket == nullptr || socket->group.empty()) {
    return finding;  // another user's, or one that hides its owner
  }
  finding.message = fmt::format("`{}` may not be opened: permission denied", socket->path);
  if (seen.is_root) {
    finding.cause = "this is root, whom no group keeps out: AppArmor, SELinux or a user namespace";
    finding.remedy = {"`sudo dmesg | grep -i denied` shows which"};
    return finding;
  }
  if (socket->is_member && !socket->in_session) {
    finding.cause = fmt::format(
        "{} is in the group `{}`, which may, but this session began before that: it does not know",
        seen.user.empty() ? "the user" : "`" + seen.user + "`", socket->group);
    finding.remedy = {fmt::format("`newgrp {}` for this shell", socket->group),
                      "log out and in again, for all"};
    return finding;
  }
  finding.cause = fmt::format(
      "it is open to root and to the group `{}`, and {} is not in it; who is can become root on "
      "this machine",
      socket->group, seen.user.empty() ? "the user" : "`" + seen.user + "`");
  finding.remedy.clear();
  if (std::optional<std::string> join = join_group(seen, socket->group)) {
    finding.remedy.push_back(*std::move(join));
  }
  return finding;
}

// A socket without its engine: a daemon that was killed, or one that systemd cannot start.
Finding dead_socket(const Observations& seen, const Error& error) {
  Finding finding = from_error("engine-socket-dead", error);
  if (const EngineSocket* socket = socket_that_says(seen.site, ECONNREFUSED)) {
    finding.message = fmt::format("`{}` is there, and nothing listens on it", socket->path);
  }
  finding.cause = "the engine has ended and left its socket behind";
  if (finding.message.find("podman") != std::string::npos) {
    finding.remedy = {"`systemctl --user restart podman.socket`"};
  } else if (seen.site.systemd) {
    finding.remedy = {"`sudo systemctl restart docker`",
                      "`sudo journalctl --unit docker --lines 30` shows why it ended"};
  } else {
    finding.remedy = {start_docker(seen.site)};
  }
  return finding;
}

Finding desktop_not_running(const Observations& seen) {
  return Finding{.code = "engine-not-running",
                 .status = Status::problem,
                 .message = fmt::format("Docker Desktop is installed (`{}`), and does not run",
                                        seen.site.docker_desktop->string()),
                 .cause = "its engine runs in a virtual machine, which it starts with itself",
                 .remedy = {"`systemctl --user start docker-desktop`"}};
}

Finding not_running(const Observations& seen) {
  const runtime::EngineSite& site = seen.site;
  Finding finding{.code = "engine-not-running", .status = Status::problem};
  if (site.dockerd) {
    finding.message = fmt::format("Docker is installed (`{}`), and its daemon does not run",
                                  site.dockerd->string());
    finding.cause = "it was never started, or has ended and taken its socket along";
    finding.remedy = {start_docker(site)};
    if (site.systemd) {
      finding.remedy.emplace_back("`sudo journalctl --unit docker --lines 30` shows why it ended");
    }
  } else if (site.podman) {
    finding.message = fmt::format("Podman is installed (`{}`), and its service does not run",
                                  site.podman->string());
    finding.cause = "berth speaks with it through the service's socket";
    finding.remedy = {"`systemctl --user enable --now podman.socket`"};
  } else {
    finding.code = "engine-not-installed";
    finding.message =
        fmt::format("only Docker's client is installed (`{}`), no engine", site.docker->string());
    finding.cause = "the client runs nothing itself";
    finding.remedy = install_engine(seen);
    finding.remedy.emplace_back("`berth --engine ssh://… doctor` where the engine is elsewhere");
  }
  return finding;
}

// No socket at any of the places where engines have theirs.
Finding no_socket(const Observations& seen) {
  const runtime::EngineSite& site = seen.site;
  if (site.docker_desktop && !site.dockerd) {
    return desktop_not_running(seen);
  }
  if (site.dockerd || site.podman || site.docker) {
    return not_running(seen);
  }
  return Finding{.code = "engine-not-installed",
                 .status = Status::problem,
                 .message = "no container engine is installed",
                 .cause = "neither Docker's nor Podman's programs are on this machine",
                 .remedy = install_engine(seen)};
}

std::string ask_socket(const EngineSocket& socket) {
  return fmt::format("`berth --engine unix://{} doctor`", shell_quoted(socket.path));
}

// An address that was named, while another engine answers.
void name_those_that_answer(const Observations& seen, Finding& finding) {
  const EngineSocket* socket = socket_that_says(seen.site, 0);
  // One that takes connections and says nothing is the one that was asked.
  if (socket != nullptr && seen.engine.error().message.find(socket->path) == std::string::npos) {
    finding.remedy.insert(finding.remedy.begin(),
                          ask_socket(*socket) + " asks the engine that does answer");
  }
}

// The way back to the engine of this machine is another for each place that names an address.
std::string address_remedy(const Observations& seen) {
  const std::string& from = seen.named_engine;
  const bool is_context = from.starts_with("docker context");
  return fmt::format("correct the address: it is from {}{}", from,
                     is_context              ? "; `docker context use default` leaves it"
                     : from == "DOCKER_HOST" ? "; `unset DOCKER_HOST` leaves it"
                                             : "");
}

Finding unreachable(const Observations& seen) {
  const Error& error = seen.engine.error();
  if (error.id == "engine-too-old" || error.id == "engine-too-new") {
    return from_error("engine-version", error);
  }
  Finding finding = from_error("engine-reachable", error);
  const bool nobody_named_it = seen.named_engine.empty();
  if (error.id == "engine-permission-denied") {
    return permission(seen, error);
  }
  if (error.id == "engine-not-running") {
    finding = dead_socket(seen, error);
  } else if (error.id == "engine-no-socket" && nobody_named_it) {
    const std::optional<EngineSocket>& desktop = seen.site.desktop_socket;
    if (desktop && desktop->error_number == 0) {
      finding.cause = "Docker Desktop answers at a socket that docker's current context names not";
      finding.remedy = {"`docker context use desktop-linux`", ask_socket(*desktop)};
      return finding;
    }
    finding = no_socket(seen);
  } else if (error.id == "engine-no-socket") {
    finding.remedy = {address_remedy(seen)};  // another engine's start would not make this socket
  } else if (!nobody_named_it) {
    finding.remedy.push_back(address_remedy(seen));
  }
  name_those_that_answer(seen, finding);
  return finding;
}

// ---- the engine that answers ----

// 1.51 of 1.52; versions that are none are not compared.
bool is_newer(const std::string& theirs, const std::string& ours) {
  const std::optional<CudaVersion> theirs_read = CudaVersion::parse(theirs);
  const std::optional<CudaVersion> ours_read = CudaVersion::parse(ours);
  return theirs_read && ours_read && *theirs_read > *ours_read;
}

Finding engine_version(const Observations& seen) {
  const EngineFacts& engine = *seen.engine;
  Finding finding{.code = "engine-version",
                  .message = fmt::format("{} speaks API {}, images for {}", engine_name(engine),
                                         engine.api_version, engine.architecture)};
  if (!seen.details || !is_newer(seen.details->newest_api, engine.api_version)) {
    return finding;
  }
  finding.status = Status::note;
  finding.message = fmt::format("{} speaks API up to {}; {} is spoken", engine_name(engine),
                                seen.details->newest_api, engine.api_version);
  finding.cause = seen.api_pinned ? "DOCKER_API_VERSION asks for it"
                                  : "the engine is newer than those that berth was tested with";
  return finding;
}

// A docker from the snap store is confined: it sees neither the NVIDIA hook nor most of the host's
// folders.
std::optional<Finding> snap_docker(const Observations& seen) {
  const bool engine_is_snap = seen.engine && seen.engine->is_snap();
  const bool only_docker_is_snap = !seen.engine && seen.probe.snap_docker.has_value();
  if (!engine_is_snap && !only_docker_is_snap) {
    return std::nullopt;
  }
  return Finding{
      .code = "snap-docker",
      .status = has_gpus(seen) ? Status::problem : Status::note,
      .message = "this Docker is the snap",
      .cause =
          "the snap is confined: it cannot use the NVIDIA Container Toolkit of the machine, "
          "nor mount folders outside /home, and AppArmor keeps a command from starting with "
          "`no-new-privileges`, which berth leaves out here; its images and containers go with it "
          "when it is removed",
      .remedy = {"`sudo snap remove docker`",
                 "`curl -fsSL https://get.docker.com | sudo sh` installs Docker's own packages"}};
}

Finding docker_desktop(const Observations& seen) {
  Finding finding{.code = "docker-desktop",
                  .status = Status::note,
                  .message = "this engine is Docker Desktop's, in a virtual machine",
                  .cause = "it has the memory and the disk that its settings give it"};
  if (has_gpus(seen) && !seen.probe.wsl) {
    finding.status = Status::problem;
    finding.cause = "the virtual machine has no GPU: Docker Desktop attaches GPUs on Windows alone";
    finding.remedy = install_engine(seen);
    finding.remedy.emplace_back("`docker context use default` leaves Docker Desktop for it");
  }
  return finding;
}

std::optional<Finding> other_engines(const Observations& seen) {
  const auto used = std::find_if(seen.site.sockets.begin(), seen.site.sockets.end(),
                                 [&seen](const EngineSocket& socket) {
                                   return "unix://" + socket.path == seen.engine->address;
                                 });
  Finding finding{.code = "engine-others", .status = Status::note};
  std::vector<std::string> others;
  for (const EngineSocket& socket : seen.site.sockets) {
    const bool is_used = used != seen.site.sockets.end() && socket.real_path == used->real_path;
    if (socket.error_number == 0 && !is_used) {
      others.push_back("unix://" + socket.path);
      finding.remedy.push_back(ask_socket(socket) + " examines it");
    }
  }
  if (others.empty()) {
    return std::nullopt;
  }
  finding.message = fmt::format("another engine answers at {}", join(others, ", "));
  finding.cause = fmt::format("berth uses {}: images and containers of the other are not seen",
                              seen.engine->address);
  return finding;
}

std::optional<Finding> broken_daemon_config(const Observations& seen) {
  const std::optional<runtime::DaemonConfig>& config = daemon_config(seen);
  if (!config || config->unreadable.empty()) {
    return std::nullopt;
  }
  return Finding{
      .code = "daemon-config",
      .status = Status::problem,
      .message =
          fmt::format("`{}` is no configuration: {}", config->path.string(), config->unreadable),
      .cause = "Docker's daemon does not start with it, the next time",
      .remedy = {fmt::format("`dockerd --validate --config-file={}` says where it is wrong",
                             shell_quoted(config->path.string()))}};
}

void add_facts_of_engine(const Observations& seen, std::vector<Finding>& findings) {
  const EngineFacts& engine = *seen.engine;
  findings.push_back(
      {.code = "engine-reachable",
       .message = fmt::format("{} answers at {}", engine_name(engine), engine.address)});
  findings.push_back(engine_version(seen));
  if (!engine.address.starts_with("unix:")) {
    findings.push_back(
        {.code = "engine-remote",
         .status = Status::note,
         .message = "the engine is on another machine",
         .cause = "the driver, the GPUs and the disk looked at here are those of this one",
         .remedy = {"`berth doctor` there tells more"}});
  }
  if (engine.rootless) {
    findings.push_back({.code = "engine-rootless",
                        .status = Status::note,
                        .message = "the engine is rootless",
                        .cause = "root in its containers is this user outside"});
  }
  if (is_docker_desktop(seen)) {
    findings.push_back(docker_desktop(seen));
  }
  if (std::optional<Finding> others = other_engines(seen)) {
    findings.push_back(*std::move(others));
  }
}

}  // namespace

std::vector<Finding> examine_engine(const Observations& seen) {
  std::vector<Finding> findings;
  if (seen.engine) {
    add_facts_of_engine(seen, findings);
  } else {
    findings.push_back(unreachable(seen));
  }
  if (std::optional<Finding> snap = snap_docker(seen)) {
    findings.push_back(*std::move(snap));
  }
  if (std::optional<Finding> config = broken_daemon_config(seen)) {
    findings.push_back(*std::move(config));
  }
  return findings;
}

}  // namespace berth::cli
