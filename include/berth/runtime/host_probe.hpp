// The host probe: what this machine offers to a container, found without running anything.
//
// Sources, in this order: the kernel module's own files (/sys/module/nvidia, /proc/driver/nvidia),
// NVML (runtime/nvml.hpp), the PCI bus. They can disagree, and the disagreement is often what the
// user needs to hear, so it becomes a remark of the Host. Errors: none; what cannot be found is
// absent. Units: bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/model/host.hpp"
#include "berth/runtime/nvml.hpp"

namespace berth::runtime {

// Where the probe looks; tests set it to a tree of their own and a library of their own.
struct ProbeRoots {
  std::filesystem::path root = "/";  // /proc, /sys, /etc, /usr, /dev are looked up below it
  // Tried in turn: the loader's own search, WSL2's folder, NixOS's.
  std::vector<std::string> nvml_libraries = {"libnvidia-ml.so.1",
                                             "/usr/lib/wsl/lib/libnvidia-ml.so.1",
                                             "/run/opengl-driver/lib/libnvidia-ml.so.1"};
  std::string machine{};  // as uname -m has it; empty: that of this machine
  // Empty: the process's environment.
  std::function<std::optional<std::string>(const std::string&)> environment{};

  std::optional<std::string> variable(const std::string& name) const;
};

struct HostProbe {
  // `engine` and `free_disk_bytes` are absent until add_engine().
  Host host;
  NvmlReading nvml;
  std::optional<DriverVersion> kernel_driver;  // of the module that is loaded; absent: none
  std::vector<std::string> pci_gpus;  // "0000:01:00.0": NVIDIA's display controllers, used or not
  bool nouveau = false;               // the free driver has been loaded: it keeps NVIDIA's away
  bool wsl = false;
  // A GPU's device files have no links in /dev/char: systemd then takes the GPUs from running
  // containers at its next daemon-reload (nvidia-container-toolkit#48).
  bool char_links_missing = false;
  std::vector<std::string> os_ids;  // ID and ID_LIKE of /etc/os-release: "ubuntu", "debian"
  // Of an engine, Kubernetes or Apptainer: the engine that berth speaks with is outside of it.
  bool in_container = false;
  // LXC, systemd-nspawn: with an init of its own, and so perhaps the engine inside.
  bool in_system_container = false;
  std::optional<std::uint64_t> memory_limit_bytes;   // that a cgroup sets for this process
  std::optional<std::filesystem::path> nvidia_hook;  // nvidia-container-runtime-hook
  std::optional<std::filesystem::path> nvidia_cdi_hook;
  std::optional<std::filesystem::path> nvidia_ctk;
  std::optional<std::filesystem::path> snap_docker;  // /snap/bin/docker
};

// Takes some milliseconds without a driver; with one, what read_nvml() takes.
HostProbe probe_host(const ProbeRoots& roots = {});

// Adds what depends on the engine: its facts, the free disk space where it keeps images (only where
// that folder is on this machine), and whether the NVIDIA hook is there. The hook is looked up by a
// dockerd on this machine in its PATH when it starts; that it lies in one of the usual folders is
// the best that can be known from outside.
void add_engine(HostProbe& probe, EngineFacts engine);

// nullopt where the folder is not there.
std::optional<std::uint64_t> free_disk_bytes(const std::filesystem::path& folder);

// Docker's name of a processor: amd64 for x86_64. Unknown ones keep their own.
std::string docker_architecture(std::string_view machine);

// Who a process is: for `berth gpus`.
struct ProcessFacts {
  std::string name{};     // "python"; empty where the process is gone or of another PID namespace
  std::string command{};  // the command line, blanks between the words
  std::optional<unsigned> uid{};
  std::string container{};  // the engine's id of 64 hexadecimal digits; empty: none
};
ProcessFacts process_facts(unsigned pid, const ProbeRoots& roots = {});

}  // namespace berth::runtime
