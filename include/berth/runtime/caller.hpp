// Caller: who runs berth, from where, and with which surroundings: what a container takes over from its caller.
// Probed once per run; plain data from then on, so that the mapping to a ContainerSpec is a pure function.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "berth/model/plan.hpp"

namespace berth::runtime {

struct Caller {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string user{};                // login name; "user" where the uid has none
  std::vector<gid_t> groups{};       // supplementary, without gid
  std::filesystem::path home{};      // empty where there is none
  std::filesystem::path directory{};  // the working directory
  std::map<std::string, std::string> environment{};
  // `proxies` of docker's config.json for the engine's address, else its `default`: variable name -> value, each
  // name in upper and lower case as docker sets them.
  std::map<std::string, std::string> proxies{};
  // The host's CA bundle, where it holds more than the distribution's public certificates.
  std::optional<std::filesystem::path> ca_bundle{};
  bool stdin_terminal = false;
  bool stdout_terminal = false;
  std::optional<ContainerSpec::ConsoleSize> terminal_size{};
  std::string berth_version{};
  // Of the project's git work tree; empty where it is none. `dirty`: tracked files differ from the commit.
  std::string commit{};
  bool dirty = false;
};

// All of it for the calling process. `project` may be empty. What cannot be found out is left empty: a run does not
// fail over a label. `engine_address` selects the proxies ("unix:///var/run/docker.sock").
Caller probe_caller(const std::filesystem::path& project, const std::string& engine_address,
                    const std::string& berth_version);

// The parts, each for tests and `berth doctor`:

// SSL_CERT_FILE of the environment where it names a readable file; else the system's bundle where certificates were
// added to it (files under /usr/local/share/ca-certificates, /etc/pki/ca-trust/source/anchors or
// /etc/ca-certificates/trust-source/anchors below `root`).
std::optional<std::filesystem::path> private_ca_bundle(
    const std::map<std::string, std::string>& environment, const std::filesystem::path& root = "/");

// From the text of a docker config.json; empty where it has none or is broken (docker warns and goes on, too).
std::map<std::string, std::string> docker_proxies(const std::string& config_json,
                                                  const std::string& engine_address);

}  // namespace berth::runtime
