// EngineSite: which container engines this machine has, whether or not one of them answers: their
// programs, their sockets and who may open those, Docker's daemon and its configuration. Read for
// `berth doctor`, which says with it why no engine answers, or why this one is as it is.
//
// Nothing is started or changed; a socket is connected to and let go again. Errors: none; what
// cannot be found is absent. Facts: systemd's units and Docker's documentation (daemon.json,
// rootless mode, Docker Desktop for Linux); proc(5).
#pragma once

#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "berth/runtime/gpu_wiring.hpp"
#include "berth/runtime/host_probe.hpp"

namespace berth::runtime {

// A socket that is there.
struct EngineSocket {
  std::string path{};       // "/var/run/docker.sock"
  std::string real_path{};  // links resolved: docker's may lead to podman's
  int error_number = 0;     // why it takes no connection: errno; 0: it does
  std::string group{};      // whose members may open it, where that is not everybody
  bool is_member = false;   // /etc/group has the caller in that group
  bool in_session = false;  // and this session is of it: it began after that
};

// /etc/docker/daemon.json, or the one of a rootless Docker.
struct DaemonConfig {
  std::filesystem::path path{};
  bool names_nvidia = false;     // a runtime `nvidia`
  std::string nvidia_runtime{};  // and its program
  std::string shm_size{};        // default-shm-size, as it is written: "8G"
  std::optional<bool> cdi{};     // features.cdi
  std::string unreadable{};      // why it is no configuration
  std::time_t changed_at = 0;    // the file's
};

// AppArmor, by which Docker confines containers with a profile that it has to load itself.
struct AppArmor {
  bool enabled = false;                   // in the kernel; else nothing else is looked for
  bool parser = false;                    // apparmor_parser, which loads profiles, is installed
  std::optional<bool> dockers_profile{};  // `docker-default` is loaded; absent: not ours to see
  std::string own_profile{};              // this process's: "lxc-container-default-cgns"; or none
};

struct EngineSite {
  std::optional<std::filesystem::path> docker{};   // the client
  std::optional<std::filesystem::path> dockerd{};  // the daemon
  std::optional<std::filesystem::path> podman{};
  std::optional<std::filesystem::path> docker_desktop{};  // where it is installed
  std::optional<EngineSocket> desktop_socket{};           // Docker Desktop's, in the caller's home
  bool systemd = false;                                   // is what runs services here
  // The one that the user has named, then the others in the order in which berth looks.
  std::vector<EngineSocket> sockets{};
  std::optional<DaemonConfig> daemon_config{};
  std::optional<DaemonConfig> rootless_config{};
  std::optional<std::time_t> dockerd_started{};  // of the daemon that left /var/run/docker.pid
  // When the NVIDIA hook came onto this machine: its inode's change, since packages keep the dates
  // of their build.
  std::optional<std::time_t> hook_installed{};
  std::optional<std::time_t> ca_bundle_changed{};
  // The program of Docker's runtime `nvidia` that is named and not there; empty: all is well.
  std::string missing_nvidia_runtime{};
  AppArmor app_armor{};
};

struct SiteQuery {
  UserRights rights{};
  // The socket that the user has named; empty: none, or an address of another kind.
  std::string named_socket{};
  std::optional<std::filesystem::path> ca_bundle{};  // as private_ca_bundle() finds it
  std::string nvidia_runtime{};  // as the engine has it; empty: the daemon.json's
  bool rootless = false;         // whose daemon.json that is
};
EngineSite probe_engine_site(const ProbeRoots& roots, const SiteQuery& query);

}  // namespace berth::runtime
