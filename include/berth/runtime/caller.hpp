// Caller: who runs berth, from where, and with which surroundings: what a container takes over from
// its caller. Probed once per run; plain data from then on, so that the mapping to a ContainerSpec
// is a pure function.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "berth/model/host.hpp"
#include "berth/model/plan.hpp"
#include "berth/runtime/docker_config.hpp"

namespace berth::runtime {

// Hard limits that the engine hands on because it may not raise them (rootless, or a daemon inside
// a container): asking for more fails at start with "error setting rlimit". Absent: no such limit.
struct EngineLimits {
  std::optional<std::int64_t> memlock_bytes{};
  std::optional<std::int64_t> stack_bytes{};
};

struct Caller {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string user{};           // login name; "user" where the uid has none
  std::vector<gid_t> groups{};  // supplementary, without gid
  // The working directory. Inside the project it becomes the container's; clear it for a command of
  // the spec, which runs at the project's root.
  std::filesystem::path directory{};
  std::map<std::string, std::string> environment{};
  // `proxies` of docker's config.json for the engine's address, else its `default`: variable ->
  // value, each name in upper and in lower case, as docker sets them.
  std::map<std::string, std::string> proxies{};
  // Caches worth keeping: their folder below ~/.cache in the container -> the folder on the host,
  // which is there or can be made ("torch" -> TORCH_HOME, else ~/.cache/torch).
  std::map<std::string, std::filesystem::path> caches{};
  // The host's CA bundle, where it holds more than the distribution's public certificates.
  std::optional<std::filesystem::path> ca_bundle{};
  bool stdin_terminal = false;
  bool stdout_terminal = false;
  std::optional<ContainerSpec::ConsoleSize> terminal_size{};
  EngineLimits engine_limits{};
  std::string berth_version{};
  // Of the project's git work tree; empty where it is none. `dirty`: tracked files differ from the
  // commit.
  std::string commit{};
  bool dirty = false;
};

// All of it for the calling process. `project` may be empty. What cannot be found out is left
// empty: a run does not fail over a label. Nothing is changed on the machine. The address and
// `rootless` of `engine` are used.
Caller probe_caller(const std::filesystem::path& project, const EngineFacts& engine,
                    const std::string& berth_version);

// The parts, each for tests and `berth doctor`:

// SSL_CERT_FILE of the environment where it names a readable file; else the system's bundle where
// certificates were added to it (files below /usr/local/share/ca-certificates,
// /etc/pki/ca-trust/source/anchors or /etc/ca-certificates/trust-source/anchors, under `root`).
std::optional<std::filesystem::path> private_ca_bundle(
    const std::map<std::string, std::string>& environment, const std::filesystem::path& root = "/");

// pip, torch and huggingface: the folder that PIP_CACHE_DIR, TORCH_HOME, HF_HOME name, else below
// XDG_CACHE_HOME or `home`/.cache. Without those that can be neither used nor made.
std::map<std::string, std::filesystem::path> cache_folders(
    const std::map<std::string, std::string>& environment, const std::filesystem::path& home);

// The variables for containers in docker's configuration.
std::map<std::string, std::string> proxy_variables(const DockerConfig& config,
                                                   const std::string& engine_address);

// What the process behind an engine's socket may not exceed: nothing for a virtual machine's proxy
// or one with CAP_SYS_RESOURCE. An engine on another machine is not known; if it is rootless, it
// may give the kernel's own limit for locked memory and no more.
EngineLimits engine_limits(const EngineFacts& engine);

}  // namespace berth::runtime
