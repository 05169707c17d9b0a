// GpuWiring: what of this machine's files decides whether a GPU arrives in a container: the
// driver's device files, its kernel module, the CDI specifications, the NVIDIA Container Toolkit's
// configuration, SELinux, the fabric manager. Read for `berth doctor`, which judges it; nothing is
// run, and nothing is changed.
//
// Errors: none; what cannot be found or read is absent. Facts: CDI's specification
// (github.com/cncf-tags/container-device-interface, SPEC.md), nvidia-container-toolkit
// (api/config/v1), NVIDIA's open kernel modules (nvidia-modprobe's device files),
// container-selinux.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "berth/base/dotted_version.hpp"
#include "berth/runtime/host_probe.hpp"

namespace berth::runtime {

// Who asks: what a container's process may open follows from it, since berth's containers run as
// their caller.
struct UserRights {
  uid_t uid = 0;
  std::string name{};           // "ada"; empty where the uid has none
  std::vector<gid_t> groups{};  // of this session, the primary one among them
};
UserRights current_rights();

// The name of a group in /etc/group below `root`; its number where it has none.
std::string group_name(const std::filesystem::path& root, gid_t group);

// A CDI specification that names NVIDIA devices. Those that nvidia-ctk writes name the driver's
// libraries with their version, so that they go stale with an update.
struct CdiSpec {
  std::filesystem::path path{};
  std::optional<DriverVersion> driver{};
  std::vector<std::string> missing{};  // files of the machine that it names and that are not there
  std::string unreadable{};            // why no engine can read it; empty: it can
};

// /etc/nvidia-container-runtime/config.toml, as far as it decides over a run.
struct ToolkitConfig {
  std::filesystem::path path{};
  std::string mode{};       // of [nvidia-container-runtime]: "auto", "cdi", "jit-cdi", …
  bool no_cgroups = false;  // of [nvidia-container-cli]
  std::string unreadable{};
};

// A device file of the driver that the caller may not open.
struct ClosedDevice {
  std::string path{};   // "/dev/nvidia0"
  std::string group{};  // whose members may; empty: nobody's
};

struct GpuWiring {
  std::vector<CdiSpec> cdi_specs{};  // /etc/cdi, /var/run/cdi
  std::optional<ToolkitConfig> toolkit_config{};
  std::vector<std::string> missing_devices{};  // that CUDA needs: "/dev/nvidia-uvm"
  std::vector<ClosedDevice> closed_devices{};
  std::string kernel{};  // "6.8.0-45-generic"
  // Whether a module of NVIDIA's is installed for this kernel; absent where its list is not there.
  std::optional<bool> module_for_kernel{};
  bool secure_boot = false;
  bool nvswitch = false;        // the GPUs reach each other through switches
  bool fabric_manager = false;  // nv-fabricmanager runs
  bool selinux_enforcing = false;
  bool selinux_lets_devices = false;  // the boolean container_use_devices
};

GpuWiring probe_gpu_wiring(const ProbeRoots& roots, const UserRights& rights);

}  // namespace berth::runtime
