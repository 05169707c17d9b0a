// What NVIDIA's management library says of the GPUs. The library comes with the driver; it is
// loaded when asked and let go again, so berth needs neither its headers nor a GPU to be built or
// to run.
//
// Units: bytes, per cent. Errors: none. A machine without driver, library or permission gives a
// reading that says so. Facts: names, numbers and layouts of the functions are those of nvml.h as
// published in NVIDIA/go-nvml (gen/nvml/nvml.h). Only functions that have kept their layout since
// driver 450 are used; those that a library has not are left out, and what they would have said is
// absent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/dotted_version.hpp"

namespace berth::runtime {

struct GpuProcess {
  unsigned pid = 0;  // of the host's PID namespace, or of ours where the driver translates it
  std::optional<std::uint64_t> memory_bytes{};
  bool computes = false;  // false: it only draws (an X server)
};

// A slice of a GPU in MIG mode.
struct MigInstance {
  unsigned index = 0;  // the second number of `--gpus device=0:1`
  std::string name{};  // "NVIDIA A100-SXM4-40GB MIG 1g.5gb"
  std::string uuid{};  // "MIG-…"
  std::optional<std::uint64_t> memory_bytes{};
  std::optional<std::uint64_t> memory_used_bytes{};
  std::vector<GpuProcess> processes{};
};

// What lies between two GPUs, the nearest first.
enum class GpuDistance {
  itself,
  nvlink,        // directly or through an NVSwitch
  pci_switch,    // one PCIe switch, or one board
  pci_switches,  // several
  host_bridge,   // one PCIe root of the processor
  numa_node,
  machine,  // the link between processors; also where nothing is known
};

struct GpuReading {
  unsigned index = 0;
  std::string name{};
  std::string uuid{};
  std::string pci_bus_id{};  // "00000000:01:00.0"
  std::optional<ComputeCapability> compute_capability{};
  std::optional<std::uint64_t> memory_bytes{};
  std::optional<std::uint64_t> memory_used_bytes{};
  std::optional<unsigned> utilisation_percent{};
  std::vector<GpuProcess> processes{};  // compute and graphics, by pid
  // Since the driver was loaded: memory errors that ECC found and could not mend. Absent: no ECC.
  std::optional<std::uint64_t> uncorrected_ecc_errors{};
  bool mig = false;
  std::vector<MigInstance> mig_instances{};
  // Why this GPU cannot be read: "GPU is lost". Empty: all is well.
  std::string problem{};
};

struct NvmlProblem {
  enum class Kind {
    library_missing,   // no libnvidia-ml.so.1
    library_unusable,  // it is there and is not NVML: a wrong architecture, a missing function
    driver_not_loaded,
    version_mismatch,  // the kernel module and the library are of different drivers
    no_permission,
    blocked,   // the device files cannot be reached: cgroup rules, a sandbox
    gpu_lost,  // a GPU has fallen off the bus
    other,
  };
  Kind kind = Kind::other;
  std::string text{};  // NVML's own words, or the loader's
};
// The stable name: "library-missing", "version-mismatch", …
std::string_view name_of(NvmlProblem::Kind kind);

struct NvmlReading {
  std::filesystem::path
      library{};  // the file that was loaded, links resolved; empty where none was
  std::optional<DriverVersion>
      library_version{};  // from that file's name: libnvidia-ml.so.535.104.05
  std::optional<DriverVersion> driver{};
  std::optional<CudaVersion> cuda{};  // the highest CUDA of the driver
  std::vector<GpuReading> gpus{};
  std::vector<std::vector<GpuDistance>> distances{};  // by the places in `gpus`, symmetric
  std::optional<NvmlProblem> problem{};               // why there is no list of GPUs
};

// Loads the first of `libraries` (names for the loader, or paths) that can be loaded. Takes up to
// some seconds on a machine whose driver is not held awake (nvidia-persistenced). Not to be called
// from two threads at once.
NvmlReading read_nvml(const std::vector<std::string>& libraries);

}  // namespace berth::runtime
