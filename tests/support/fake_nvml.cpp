// A stand-in for libnvidia-ml.so.1: two RTX 3090 of driver 535.104.05, or the GPUs of a file
// (fake_nvml_machine.hpp). It is loaded by dlopen as the real one is, by unit tests and, through
// BERTH_NVML, by the whole program on a machine without GPU. Set by the environment:
//   FAKE_NVML_LAYOUT=FILE     the GPUs; without it, the settings below from COUNT on
//   FAKE_NVML_INIT=18         nvmlInit_v2 fails with that code
//   FAKE_NVML_DRIVER=…        the driver's version
//   FAKE_NVML_CUDA=12020      its CUDA
//   FAKE_NVML_CAPABILITY=86   of all GPUs whose line in the file says none
//   FAKE_NVML_COUNT=1         so many GPUs, at most 8
//   FAKE_NVML_NAME=…          of all GPUs
//   FAKE_NVML_LOST=1          GPU 1 has fallen off the bus
//   FAKE_NVML_MIG=1           GPU 1 has two MIG instances
//   FAKE_NVML_PROCESSES=3     so many use GPU 0; their pids count up from FAKE_NVML_PID
// With FAKE_NVML_OLD defined it has only what every NVML has, with the old process structure; with
// FAKE_NVML_EMPTY it has nothing.
#ifndef FAKE_NVML_EMPTY

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "support/fake_nvml_machine.hpp"

namespace {

using berth::test::FakeGpu;
using berth::test::FakeInstance;

constexpr int kSuccess = 0;
constexpr int kUninitialized = 1;
constexpr int kInvalidArgument = 2;
constexpr int kNotFound = 6;
constexpr int kInsufficientSize = 7;
constexpr int kGpuIsLost = 15;
constexpr unsigned long long kGibibyte = 1ULL << 30;
constexpr unsigned long long kMebibyte = 1ULL << 20;
constexpr std::uintptr_t kMigStep = 100;  // GPU 2 has the handle 3, its instance 1 has 302

int initialised = 0;
std::vector<FakeGpu> machine;

int number(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

int put(char* buffer, unsigned length, const char* text) {
  if (std::strlen(text) + 1 > length) {
    return kInsufficientSize;
  }
  std::strcpy(buffer, text);
  return kSuccess;
}

const char* text_or(const char* name, const char* otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : text;
}

// Handles count from 1, so that a null one is an error.
std::uintptr_t value_of(void* device) {
  return reinterpret_cast<std::uintptr_t>(device);
}
bool is_mig(void* device) {
  return value_of(device) > kMigStep;
}
std::size_t index_of(void* device) {
  return (is_mig(device) ? value_of(device) / kMigStep : value_of(device)) - 1;
}
const FakeGpu& gpu_of(void* device) {
  return machine[index_of(device)];
}
std::size_t instance_number(void* device) {
  return value_of(device) % kMigStep - 1;
}
const FakeInstance& instance_of(void* device) {
  return gpu_of(device).instances[instance_number(device)];
}

// What the settings say where there is no file: GPU 0 is busy, the others are not.
std::vector<FakeGpu> machine_of_settings() {
  constexpr int kMost = 8;
  const int count = number("FAKE_NVML_COUNT", 2);
  std::vector<FakeGpu> gpus(static_cast<std::size_t>(count < 0       ? 0
                                                     : count > kMost ? kMost
                                                                     : count));
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    gpus[i].name = text_or("FAKE_NVML_NAME", "NVIDIA GeForce RTX 3090");
    gpus[i].used_mib = kGibibyte / kMebibyte;
    gpus[i].lost = number("FAKE_NVML_LOST", -1) == static_cast<int>(i);
    if (number("FAKE_NVML_MIG", -1) == static_cast<int>(i)) {
      gpus[i].instances.assign(2, FakeInstance{.memory_mib = 5 * 1024});
    }
  }
  // One process that only draws, its memory not known, and one that computes as well.
  const int processes = number("FAKE_NVML_PROCESSES", 1);
  const unsigned first = static_cast<unsigned>(number("FAKE_NVML_PID", 4242));
  for (unsigned i = 0; !gpus.empty() && static_cast<int>(i) < processes; ++i) {
    gpus[0].utilisation = 87;
    gpus[0].processes.push_back(first + i);
    gpus[0].drawing = {999, first};
  }
  return gpus;
}

}  // namespace

extern "C" {

struct Memory {
  unsigned long long total, free, used;
};
struct Utilization {
  unsigned gpu, memory;
};
struct Pci {
  char legacy[16];
  unsigned domain, bus, device, id, subsystem;
  char bus_id[32];
};
struct ProcessV1 {
  unsigned pid;
  unsigned long long used;
};
struct ProcessV2 {
  unsigned pid;
  unsigned long long used;
  unsigned gpu_instance, compute_instance;
};

int nvmlInit_v2() {
  const int code = number("FAKE_NVML_INIT", kSuccess);
  initialised += code == kSuccess ? 1 : 0;
  const char* layout = std::getenv("FAKE_NVML_LAYOUT");
  machine = layout == nullptr ? machine_of_settings() : berth::test::read_fake_gpus(layout);
  return code;
}

int nvmlShutdown() {
  initialised = 0;
  return kSuccess;
}

const char* nvmlErrorString(int code) {
  switch (code) {
    case 4:
      return "Insufficient Permissions";
    case 9:
      return "Driver Not Loaded";
    case kGpuIsLost:
      return "GPU is lost";
    case 18:
      return "Driver/library version mismatch";
    default:
      return "Unknown Error";
  }
}

int nvmlSystemGetDriverVersion(char* buffer, unsigned length) {
  return put(buffer, length, text_or("FAKE_NVML_DRIVER", "535.104.05"));
}

int nvmlDeviceGetCount_v2(unsigned* count) {
  if (initialised == 0) {
    return kUninitialized;
  }
  *count = static_cast<unsigned>(machine.size());
  return kSuccess;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  unsigned count = 0;
  if (nvmlDeviceGetCount_v2(&count) != kSuccess || index >= count) {
    return kInvalidArgument;
  }
  if (machine[index].lost) {
    return kGpuIsLost;
  }
  *device = reinterpret_cast<void*>(static_cast<std::uintptr_t>(index) + 1);
  return kSuccess;
}

int nvmlDeviceGetName(void* device, char* buffer, unsigned length) {
  const unsigned long long size = is_mig(device) ? instance_of(device).memory_mib / 1024 : 0;
  const std::string mig = size > 5 ? " MIG 2g.10gb" : " MIG 1g.5gb";
  return put(
      buffer, length,
      is_mig(device) ? ("NVIDIA A100-SXM4-40GB" + mig).c_str() : gpu_of(device).name.c_str());
}

int nvmlDeviceGetUUID(void* device, char* buffer, unsigned length) {
  char text[64];
  if (is_mig(device)) {
    std::snprintf(text, sizeof(text), "MIG-00000000-0000-0000-%04u-%012u",
                  static_cast<unsigned>(index_of(device)),
                  static_cast<unsigned>(instance_number(device)));
  } else {
    std::snprintf(text, sizeof(text), "GPU-00000000-0000-0000-0000-%012u",
                  static_cast<unsigned>(index_of(device)));
  }
  return put(buffer, length, text);
}

int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  const unsigned long long total =
      (is_mig(device) ? instance_of(device).memory_mib : gpu_of(device).memory_mib) * kMebibyte;
  const unsigned long long used = is_mig(device) ? 0 : gpu_of(device).used_mib * kMebibyte;
  *memory = Memory{total, total - used, used};
  return kSuccess;
}

#ifdef FAKE_NVML_OLD
int nvmlSystemGetCudaDriverVersion(int* version) {
  *version = number("FAKE_NVML_CUDA", 12020);
  return kSuccess;
}

int nvmlDeviceGetComputeRunningProcesses(void* device, unsigned* count, ProcessV1* processes) {
  (void)device;
  if (*count < 2) {
    *count = 2;
    return kInsufficientSize;
  }
  processes[0] = ProcessV1{7001, kGibibyte};
  processes[1] = ProcessV1{7002, 2 * kGibibyte};
  *count = 2;
  return kSuccess;
}
#else
int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = number("FAKE_NVML_CUDA", 12020);
  return kSuccess;
}

int nvmlDeviceGetCudaComputeCapability(void* device, int* major, int* minor) {
  const int own = gpu_of(device).capability;
  const int capability = own != 0 ? own : number("FAKE_NVML_CAPABILITY", 86);
  *major = capability / 10;
  *minor = capability % 10;
  return kSuccess;
}

int nvmlDeviceGetPciInfo_v3(void* device, Pci* pci) {
  std::memset(pci, 0, sizeof(*pci));
  std::snprintf(pci->bus_id, sizeof(pci->bus_id), "00000000:%02X:00.0",
                static_cast<unsigned>(index_of(device) + 1) & 0xffU);
  return kSuccess;
}

int nvmlDeviceGetUtilizationRates(void* device, Utilization* rates) {
  *rates = Utilization{gpu_of(device).utilisation, 12U};
  return kSuccess;
}

static int put_processes(const std::vector<unsigned>& pids, unsigned* count, ProcessV2* processes) {
  const unsigned room = *count;
  *count = static_cast<unsigned>(pids.size());
  if (room < *count) {
    return kInsufficientSize;
  }
  for (unsigned i = 0; i < *count; ++i) {
    const bool memory_is_known = pids[i] != 999;
    processes[i] = ProcessV2{pids[i], memory_is_known ? 2 * kGibibyte : ~0ULL, ~0U, ~0U};
  }
  return kSuccess;
}

int nvmlDeviceGetComputeRunningProcesses_v2(void* device, unsigned* count, ProcessV2* processes) {
  return put_processes(is_mig(device) ? instance_of(device).processes : gpu_of(device).processes,
                       count, processes);
}

int nvmlDeviceGetGraphicsRunningProcesses_v2(void* device, unsigned* count, ProcessV2* processes) {
  return put_processes(is_mig(device) ? std::vector<unsigned>{} : gpu_of(device).drawing, count,
                       processes);
}

int nvmlDeviceGetTotalEccErrors(void* device, int type, int counter, unsigned long long* errors) {
  *errors = type == 1 && counter == 0 ? gpu_of(device).ecc_errors : 0;
  return kSuccess;
}

int nvmlDeviceGetTopologyCommonAncestor(void* a, void* b, int* level) {
  constexpr int kSingle = 10;
  constexpr int kNode = 40;
  constexpr int kSystem = 50;
  const bool near = gpu_of(a).pci_switch == gpu_of(b).pci_switch;
  const bool one_node = gpu_of(a).node == gpu_of(b).node;
  *level = near && one_node ? kSingle : one_node ? kNode : kSystem;
  return kSuccess;
}

int nvmlDeviceGetP2PStatus(void* a, void* b, int capability, int* status) {
  constexpr int kNvlink = 2;
  constexpr int kNotSupported = 5;
  const bool linked = gpu_of(a).nvlink != 0 && gpu_of(a).nvlink == gpu_of(b).nvlink;
  *status = capability == kNvlink && linked ? 0 : kNotSupported;
  return kSuccess;
}

int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  *current = gpu_of(device).instances.empty() ? 0 : 1;
  *pending = *current;
  return kSuccess;
}

int nvmlDeviceGetMaxMigDeviceCount(void* device, unsigned* count) {
  (void)device;
  *count = 7;
  return kSuccess;
}

int nvmlDeviceGetMigDeviceHandleByIndex(void* device, unsigned index, void** slice) {
  if (index >= gpu_of(device).instances.size()) {
    return kNotFound;
  }
  *slice = reinterpret_cast<void*>(kMigStep * value_of(device) + index + 1);
  return kSuccess;
}
#endif

}  // extern "C"
#endif
