// Reads NVML through dlopen; what the library is too old to have is skipped.
#include "berth/runtime/nvml.hpp"

#include <algorithm>
#include <string_view>
#include <system_error>

#include "runtime/nvml_library.hpp"

namespace berth::runtime {

namespace {

using namespace nvml;  // NOLINT(google-build-using-namespace): its names are NVML's

NvmlProblem::Kind kind_of(int code) {
  switch (code) {
    case kNoPermission:
      return NvmlProblem::Kind::no_permission;
    case kDriverNotLoaded:
      return NvmlProblem::Kind::driver_not_loaded;
    case kLibraryNotFound:
      return NvmlProblem::Kind::library_missing;
    case kGpuIsLost:
      return NvmlProblem::Kind::gpu_lost;
    case kOperatingSystem:
      return NvmlProblem::Kind::blocked;
    case kVersionMismatch:
      return NvmlProblem::Kind::version_mismatch;
    default:
      return NvmlProblem::Kind::other;
  }
}

// Calls a function that fills a text buffer; empty where it is absent or fails.
template <class Function, class... Before>
std::string read_text(Function function, Before... before) {
  constexpr unsigned kLongestText = 96;  // NVML_DEVICE_NAME_V2_BUFFER_SIZE, the largest of them
  std::array<char, kLongestText> buffer{};
  if (function == nullptr || function(before..., buffer.data(), kLongestText) != kSuccess) {
    return {};
  }
  buffer.back() = '\0';
  return buffer.data();
}

// Processes come and go between asking how many there are and asking for them, hence the spare room
// and the attempts.
template <class Info>
std::optional<std::vector<GpuProcess>> read_processes(int (*function)(Device, unsigned*, Info*),
                                                      Device device) {
  if (function == nullptr) {
    return std::nullopt;
  }
  constexpr int kAttempts = 3;
  constexpr unsigned kSpare = 16;
  std::vector<Info> infos(kSpare);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    unsigned count = static_cast<unsigned>(infos.size());
    const int code = function(device, &count, infos.data());
    if (code == kInsufficientSize) {
      constexpr unsigned kMostBelievable = 1U << 16;
      infos.resize(std::min(count, kMostBelievable) + kSpare);
      continue;
    }
    if (code != kSuccess) {
      return std::nullopt;
    }
    std::vector<GpuProcess> processes;
    for (unsigned i = 0; i < std::min<std::size_t>(count, infos.size()); ++i) {
      GpuProcess process{.pid = infos[i].pid};
      if (infos[i].used_memory != kNotAvailable) {
        process.memory_bytes = infos[i].used_memory;
      }
      processes.push_back(process);
    }
    return processes;
  }
  return std::nullopt;
}

std::vector<GpuProcess> processes_of(const Nvml& nvml, Device device) {
  std::vector<GpuProcess> processes;
  const auto add = [&processes](const std::optional<std::vector<GpuProcess>>& found,
                                bool computes) {
    for (GpuProcess process : found.value_or(std::vector<GpuProcess>{})) {
      process.computes = computes;
      processes.push_back(process);
    }
    return found.has_value();
  };
  if (!add(read_processes(nvml.compute_processes_v2, device), true)) {
    add(read_processes(nvml.compute_processes_v1, device), true);
  }
  if (!add(read_processes(nvml.graphics_processes_v2, device), false)) {
    add(read_processes(nvml.graphics_processes_v1, device), false);
  }
  // A process that computes and draws is in both lists; the first entry stays.
  std::stable_sort(processes.begin(), processes.end(),
                   [](const GpuProcess& a, const GpuProcess& b) { return a.pid < b.pid; });
  const auto repeated =
      std::unique(processes.begin(), processes.end(),
                  [](const GpuProcess& a, const GpuProcess& b) { return a.pid == b.pid; });
  processes.erase(repeated, processes.end());
  return processes;
}

std::vector<MigInstance> mig_instances_of(const Nvml& nvml, Device device) {
  std::vector<MigInstance> instances;
  unsigned most = 0;
  if (nvml.max_mig_count == nullptr || nvml.mig_by_index == nullptr ||
      nvml.max_mig_count(device, &most) != kSuccess) {
    return instances;
  }
  for (unsigned i = 0; i < most; ++i) {
    Device slice = nullptr;
    if (nvml.mig_by_index(device, i, &slice) != kSuccess) {
      continue;  // slots without an instance
    }
    MigInstance instance{
        .index = i, .name = read_text(nvml.name, slice), .uuid = read_text(nvml.uuid, slice)};
    Memory memory{};
    if (nvml.memory != nullptr && nvml.memory(slice, &memory) == kSuccess) {
      instance.memory_bytes = memory.total;
      instance.memory_used_bytes = memory.used;
    }
    instance.processes = processes_of(nvml, slice);
    instances.push_back(std::move(instance));
  }
  return instances;
}

GpuReading read_gpu(const Nvml& nvml, unsigned index) {
  GpuReading gpu{.index = index};
  Device device = nullptr;
  if (const int code = nvml.device_by_index(index, &device); code != kSuccess) {
    gpu.problem = nvml.text_of(code);
    return gpu;
  }
  gpu.name = read_text(nvml.name, device);
  gpu.uuid = read_text(nvml.uuid, device);
  PciInfo pci{};
  if (nvml.pci_info != nullptr && nvml.pci_info(device, &pci) == kSuccess) {
    pci.bus_id.back() = '\0';
    gpu.pci_bus_id = pci.bus_id.data();
  }
  int major = 0;
  int minor = 0;
  if (nvml.compute_capability != nullptr &&
      nvml.compute_capability(device, &major, &minor) == kSuccess && major > 0 && minor >= 0) {
    gpu.compute_capability =
        ComputeCapability{static_cast<unsigned>(major), static_cast<unsigned>(minor)};
  }
  Memory memory{};
  if (nvml.memory != nullptr) {
    const int code = nvml.memory(device, &memory);
    if (code == kSuccess) {
      gpu.memory_bytes = memory.total;
      gpu.memory_used_bytes = memory.used;
    } else if (code == kGpuIsLost) {
      gpu.problem = nvml.text_of(code);
    }
  }
  Utilization utilization{};
  if (nvml.utilization != nullptr && nvml.utilization(device, &utilization) == kSuccess) {
    gpu.utilisation_percent = utilization.gpu;
  }
  gpu.processes = processes_of(nvml, device);
  unsigned long long errors = 0;
  if (nvml.ecc_errors != nullptr &&
      nvml.ecc_errors(device, kUncorrectedErrors, kVolatileCounter, &errors) == kSuccess) {
    gpu.uncorrected_ecc_errors = errors;
  }
  unsigned current = 0;
  unsigned pending = 0;
  if (nvml.mig_mode != nullptr && nvml.mig_mode(device, &current, &pending) == kSuccess) {
    gpu.mig = current == 1;
  }
  if (gpu.mig) {
    gpu.mig_instances = mig_instances_of(nvml, device);
  }
  return gpu;
}

// nvmlGpuTopologyLevel_t.
GpuDistance distance_of_level(int level) {
  constexpr int kMultiple = 20;
  constexpr int kHostBridge = 30;
  constexpr int kNode = 40;
  if (level < kMultiple) {
    return GpuDistance::pci_switch;
  }
  if (level < kHostBridge) {
    return GpuDistance::pci_switches;
  }
  if (level < kNode) {
    return GpuDistance::host_bridge;
  }
  return level == kNode ? GpuDistance::numa_node : GpuDistance::machine;
}

// Peer access over NVLink counts whether the link goes straight to the other GPU or through a
// switch.
GpuDistance distance_between(const Nvml& nvml, unsigned one, unsigned other) {
  Device a = nullptr;
  Device b = nullptr;
  if (nvml.device_by_index(one, &a) != kSuccess || nvml.device_by_index(other, &b) != kSuccess) {
    return GpuDistance::machine;
  }
  int status = kP2pOk;
  if (nvml.p2p_status != nullptr && nvml.p2p_status(a, b, kP2pNvlink, &status) == kSuccess &&
      status == kP2pOk) {
    return GpuDistance::nvlink;
  }
  int level = 0;
  const bool known =
      nvml.common_ancestor != nullptr && nvml.common_ancestor(a, b, &level) == kSuccess;
  return known ? distance_of_level(level) : GpuDistance::machine;
}

std::vector<std::vector<GpuDistance>> distances_of(const Nvml& nvml, std::size_t count) {
  std::vector<std::vector<GpuDistance>> distances(
      count, std::vector<GpuDistance>(count, GpuDistance::itself));
  for (unsigned i = 0; i < count; ++i) {
    for (unsigned j = i + 1; j < count; ++j) {
      distances[i][j] = distances[j][i] = distance_between(nvml, i, j);
    }
  }
  return distances;
}

// "/usr/lib/…/libnvidia-ml.so.535.104.05" names its driver; WSL's and stubs do not.
std::optional<DriverVersion> version_in_name(const std::filesystem::path& library) {
  constexpr std::string_view kBefore = ".so.";
  const std::string file = library.filename().string();
  const std::size_t at = file.rfind(kBefore);
  if (at == std::string::npos) {
    return std::nullopt;
  }
  std::optional<DriverVersion> version = DriverVersion::parse(file.substr(at + kBefore.size()));
  return version && version->size() > 1 ? version : std::nullopt;
}

LibraryHandle open_first(const std::vector<std::string>& libraries, NvmlReading& reading) {
  reading.problem = NvmlProblem{NvmlProblem::Kind::library_missing,
                                "the driver's library libnvidia-ml.so.1 is not installed"};
  for (const std::string& library : libraries) {
    LibraryHandle handle(::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL));
    if (handle != nullptr) {
      reading.problem.reset();
      return handle;
    }
    const char* reason = ::dlerror();
    const std::string text = reason == nullptr ? std::string() : std::string(reason);
    if (text.find("No such file or directory") == std::string::npos) {
      reading.problem = NvmlProblem{NvmlProblem::Kind::library_unusable, text};
    }
  }
  return nullptr;
}

void read_system(const Nvml& nvml, NvmlReading& reading) {
  reading.driver = DriverVersion::parse(read_text(nvml.driver_version));
  int cuda = 0;  // 12020 is 12.2
  if (nvml.cuda_version != nullptr && nvml.cuda_version(&cuda) == kSuccess && cuda > 0) {
    reading.cuda =
        CudaVersion::parse(std::to_string(cuda / 1000) + "." + std::to_string(cuda % 1000 / 10));
  }
  unsigned count = 0;
  if (const int code = nvml.device_count(&count); code != kSuccess) {
    reading.problem = NvmlProblem{kind_of(code), nvml.text_of(code)};
    return;
  }
  constexpr unsigned kMostBelievable = 1024;
  for (unsigned i = 0; i < std::min(count, kMostBelievable); ++i) {
    reading.gpus.push_back(read_gpu(nvml, i));
  }
  reading.distances = distances_of(nvml, reading.gpus.size());
}

}  // namespace

std::string_view name_of(NvmlProblem::Kind kind) {
  switch (kind) {
    case NvmlProblem::Kind::library_missing:
      return "library-missing";
    case NvmlProblem::Kind::library_unusable:
      return "library-unusable";
    case NvmlProblem::Kind::driver_not_loaded:
      return "driver-not-loaded";
    case NvmlProblem::Kind::version_mismatch:
      return "version-mismatch";
    case NvmlProblem::Kind::no_permission:
      return "no-permission";
    case NvmlProblem::Kind::blocked:
      return "blocked";
    case NvmlProblem::Kind::gpu_lost:
      return "gpu-lost";
    case NvmlProblem::Kind::other:
      return "other";
  }
  return "other";
}

NvmlReading read_nvml(const std::vector<std::string>& libraries) {
  NvmlReading reading;
  const LibraryHandle handle = open_first(libraries, reading);
  if (handle == nullptr) {
    return reading;
  }
  const Nvml nvml(handle.get());
  Dl_info info{};
  if (nvml.init != nullptr && ::dladdr(reinterpret_cast<const void*>(nvml.init), &info) != 0 &&
      info.dli_fname != nullptr) {
    std::error_code ignored;
    reading.library = std::filesystem::canonical(info.dli_fname, ignored);
    reading.library_version = version_in_name(reading.library);
  }
  if (!nvml.usable()) {
    reading.problem = NvmlProblem{NvmlProblem::Kind::library_unusable,
                                  "libnvidia-ml.so.1 has not the functions of NVML"};
    return reading;
  }
  if (const int code = nvml.init(); code != kSuccess) {
    reading.problem = NvmlProblem{kind_of(code), nvml.text_of(code)};
    return reading;
  }
  read_system(nvml, reading);
  nvml.shutdown();
  return reading;
}

}  // namespace berth::runtime
