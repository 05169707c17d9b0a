// Host: the facts about a machine that a decision rests on. Probed here (runtime/host_probe.hpp),
// read from a file written by `berth doctor --facts`, or described by --driver and --gpu for a
// machine that is not this one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "berth/base/dotted_version.hpp"
#include "berth/model/origin.hpp"

namespace berth {

struct Gpu {
  unsigned index = 0;
  std::string name{};  // "NVIDIA GeForce RTX 3090"
  std::string uuid{};  // "GPU-…"; empty where it is not known
  // Absent where neither NVML nor the catalogue knows it: unknown, not unsupported.
  std::optional<ComputeCapability> compute_capability{};
  std::optional<std::uint64_t> memory_bytes{};
};

// What the engine says of itself (GET /version, /info).
struct EngineFacts {
  enum class Kind { docker, podman };
  Kind kind = Kind::docker;
  std::string address{};       // "unix:///var/run/docker.sock"
  std::string version{};       // "28.5.1"
  std::string api_version{};   // "1.51", the one agreed on
  std::string architecture{};  // "amd64", "arm64": images must be of it
  std::string storage_root{};  // where images are kept, on the engine's machine
  std::optional<std::uint64_t>
      memory_bytes{};                   // of the engine's machine, which may be a virtual one
  std::vector<std::string> runtimes{};  // "runc", "nvidia"
  std::vector<std::string>
      cdi_devices{};           // "nvidia.com/gpu=0", …; only engines from 28.3 on list them
  bool cdi_spec_dirs = false;  // the engine takes CDI requests
  // "registry.lab:5000": the engine takes plain HTTP and any certificate from these.
  std::vector<std::string> insecure_registries{};
  bool rootless = false;
  bool live_restore = false;  // containers go on while the daemon is restarted
  bool nvidia_hook =
      false;  // the NVIDIA runtime hook is known to be there (see host_probe.hpp for how)

  // Docker from the snap store is confined, and with it what its containers may do.
  bool is_snap() const {
    return storage_root.starts_with("/var/snap/") || storage_root.starts_with("/snap/");
  }
};

// An image that the engine has, by a name with a tag.
struct LocalImage {
  std::string reference{};  // "pytorch/pytorch:2.3.1-…"; Podman puts "docker.io/" before it
  std::uint64_t bytes = 0;  // unpacked; 0: not known
};

struct Host {
  std::string architecture = "amd64";  // docker's name of the processor
  std::optional<DriverVersion> driver{};
  // The highest CUDA that the loaded driver reports (cuDriverGetVersion); else the catalogue knows
  // it by branch.
  std::optional<CudaVersion> driver_cuda{};
  std::vector<Gpu> gpus{};
  // false where nobody could look: a machine described by --driver alone, one behind a remote
  // engine. Then an empty list means "not known", and nothing is refused for it.
  bool gpus_known = true;
  std::optional<EngineFacts> engine{};
  std::vector<LocalImage> images{};  // empty, too, where nobody asked the engine
  std::optional<std::uint64_t> memory_bytes{};
  std::optional<std::uint64_t> free_disk_bytes{};  // on the file system of the engine's storage
  Origin origin{"this machine"};                   // "this machine", "--driver, --gpu", "host.json"
  // Things found on the way that explain an absent GPU: "driver 535 is loaded, NVML is 550", …
  std::vector<std::string> remarks{};

  bool has_gpu() const { return !gpus.empty(); }
  // The memory that containers have together: the engine's word goes before what is seen here.
  std::optional<std::uint64_t> container_memory() const {
    return engine && engine->memory_bytes ? engine->memory_bytes : memory_bytes;
  }
};

}  // namespace berth
