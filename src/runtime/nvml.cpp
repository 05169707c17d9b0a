// Reads NVML through dlopen. The declarations below repeat the part of its ABI that is used;
// everything optional is looked up by name and skipped where the library is too old to have it.
#include "berth/runtime/nvml.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string_view>
#include <system_error>

namespace berth::runtime {

namespace {

// nvmlReturn_t, the values that are told apart here.
constexpr int kSuccess = 0;
constexpr int kNoPermission = 4;
constexpr int kInsufficientSize = 7;
constexpr int kDriverNotLoaded = 9;
constexpr int kLibraryNotFound = 12;
constexpr int kGpuIsLost = 15;
constexpr int kOperatingSystem = 17;
constexpr int kVersionMismatch = 18;

// NVML_VALUE_NOT_AVAILABLE of a 64-bit field.
constexpr unsigned long long kNotAvailable = std::numeric_limits<unsigned long long>::max();

using Device = struct OpaqueDevice*;

struct PciInfo {  // nvmlPciInfo_t of nvmlDeviceGetPciInfo_v3
  std::array<char, 16> legacy_bus_id;
  unsigned domain;
  unsigned bus;
  unsigned device;
  unsigned pci_device_id;
  unsigned pci_subsystem_id;
  std::array<char, 32> bus_id;
};
static_assert(sizeof(PciInfo) == 68);

struct Memory {  // nvmlMemory_t; the v2 structure counts reserved memory apart, and is not needed
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

struct Utilization {
  unsigned gpu;
  unsigned memory;
};

struct ProcessInfoV1 {
  unsigned pid;
  unsigned long long used_memory;
};

struct ProcessInfoV2 {  // of the _v2 functions. The _v3 ones differed in size between drivers of
                        // branch 535.
  unsigned pid;
  unsigned long long used_memory;
  unsigned gpu_instance;
  unsigned compute_instance;
};
static_assert(sizeof(ProcessInfoV1) == 16 && sizeof(ProcessInfoV2) == 24);

struct CloseLibrary {
  void operator()(void* handle) const { ::dlclose(handle); }
};
using LibraryHandle = std::unique_ptr<void, CloseLibrary>;

// The functions, null where the library has none of that name.
class Nvml {
 public:
  explicit Nvml(void* handle) : handle_(handle) {
    find(init, "nvmlInit_v2");
    find(shutdown, "nvmlShutdown");
    find(error_string, "nvmlErrorString");
    find(driver_version, "nvmlSystemGetDriverVersion");
    find(cuda_version, "nvmlSystemGetCudaDriverVersion_v2");
    if (cuda_version == nullptr) {
      find(cuda_version, "nvmlSystemGetCudaDriverVersion");
    }
    find(device_count, "nvmlDeviceGetCount_v2");
    find(device_by_index, "nvmlDeviceGetHandleByIndex_v2");
    find(name, "nvmlDeviceGetName");
    find(uuid, "nvmlDeviceGetUUID");
    find(pci_info, "nvmlDeviceGetPciInfo_v3");
    find(compute_capability, "nvmlDeviceGetCudaComputeCapability");
    find(memory, "nvmlDeviceGetMemoryInfo");
    find(utilization, "nvmlDeviceGetUtilizationRates");
    find(compute_processes_v2, "nvmlDeviceGetComputeRunningProcesses_v2");
    find(compute_processes_v1, "nvmlDeviceGetComputeRunningProcesses");
    find(graphics_processes_v2, "nvmlDeviceGetGraphicsRunningProcesses_v2");
    find(graphics_processes_v1, "nvmlDeviceGetGraphicsRunningProcesses");
    find(mig_mode, "nvmlDeviceGetMigMode");
    find(max_mig_count, "nvmlDeviceGetMaxMigDeviceCount");
    find(mig_by_index, "nvmlDeviceGetMigDeviceHandleByIndex");
  }

  bool usable() const {
    return init != nullptr && shutdown != nullptr && device_count != nullptr &&
           device_by_index != nullptr;
  }

  std::string text_of(int code) const {
    const char* text = error_string == nullptr ? nullptr : error_string(code);
    return text == nullptr ? "NVML error " + std::to_string(code) : std::string(text);
  }

  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  const char* (*error_string)(int) = nullptr;
  int (*driver_version)(char*, unsigned) = nullptr;
  int (*cuda_version)(int*) = nullptr;
  int (*device_count)(unsigned*) = nullptr;
  int (*device_by_index)(unsigned, Device*) = nullptr;
  int (*name)(Device, char*, unsigned) = nullptr;
  int (*uuid)(Device, char*, unsigned) = nullptr;
  int (*pci_info)(Device, PciInfo*) = nullptr;
  int (*compute_capability)(Device, int*, int*) = nullptr;
  int (*memory)(Device, Memory*) = nullptr;
  int (*utilization)(Device, Utilization*) = nullptr;
  int (*compute_processes_v2)(Device, unsigned*, ProcessInfoV2*) = nullptr;
  int (*compute_processes_v1)(Device, unsigned*, ProcessInfoV1*) = nullptr;
  int (*graphics_processes_v2)(Device, unsigned*, ProcessInfoV2*) = nullptr;
  int (*graphics_processes_v1)(Device, unsigned*, ProcessInfoV1*) = nullptr;
  int (*mig_mode)(Device, unsigned*, unsigned*) = nullptr;
  int (*max_mig_count)(Device, unsigned*) = nullptr;
  int (*mig_by_index)(Device, unsigned, Device*) = nullptr;

 private:
  template <class Function>
  void find(Function& function, const char* symbol) {
    function = reinterpret_cast<Function>(::dlsym(handle_, symbol));
  }

  void* handle_;
};

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
  const auto add = [&processes](const std::optional<std::vector<GpuProcess>>& found) {
    if (found) {
      processes.insert(processes.end(), found->begin(), found->end());
    }
    return found.has_value();
  };
  if (!add(read_processes(nvml.compute_processes_v2, device))) {
    add(read_processes(nvml.compute_processes_v1, device));
  }
  if (!add(read_processes(nvml.graphics_processes_v2, device))) {
    add(read_processes(nvml.graphics_processes_v1, device));
  }
  // A process that computes and draws is in both lists.
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
    }
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
