// The part of NVML's ABI that is used, and the library's functions, looked up by name: what the
// library is too old to have is null. Names, numbers and layouts: nvml.h as published in
// NVIDIA/go-nvml (gen/nvml/nvml.h).
#pragma once

#include <dlfcn.h>

#include <array>
#include <limits>
#include <memory>
#include <string>

namespace berth::runtime::nvml {

// nvmlReturn_t, the values that are told apart here.
inline constexpr int kSuccess = 0;
inline constexpr int kNoPermission = 4;
inline constexpr int kInsufficientSize = 7;
inline constexpr int kDriverNotLoaded = 9;
inline constexpr int kLibraryNotFound = 12;
inline constexpr int kGpuIsLost = 15;
inline constexpr int kOperatingSystem = 17;
inline constexpr int kVersionMismatch = 18;

// NVML_VALUE_NOT_AVAILABLE of a 64-bit field.
inline constexpr unsigned long long kNotAvailable = std::numeric_limits<unsigned long long>::max();

// nvmlMemoryErrorType_t, nvmlEccCounterType_t: of this boot, the counters that a reset clears.
inline constexpr int kUncorrectedErrors = 1;
inline constexpr int kVolatileCounter = 0;

// nvmlGpuP2PCapsIndex_t and nvmlGpuP2PStatus_t.
inline constexpr int kP2pNvlink = 2;
inline constexpr int kP2pOk = 0;

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
    find(ecc_errors, "nvmlDeviceGetTotalEccErrors");
    find(common_ancestor, "nvmlDeviceGetTopologyCommonAncestor");
    find(p2p_status, "nvmlDeviceGetP2PStatus");
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
  int (*ecc_errors)(Device, int, int, unsigned long long*) = nullptr;
  int (*common_ancestor)(Device, Device, int*) = nullptr;
  int (*p2p_status)(Device, Device, int, int*) = nullptr;
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

}  // namespace berth::runtime::nvml
