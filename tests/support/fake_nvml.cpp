// A stand-in for libnvidia-ml.so.1: two RTX 3090 of driver 535.104.05. It is loaded by dlopen as
// the real one is, by unit tests and, through LD_LIBRARY_PATH, by the whole program on a machine
// without GPU. Set by the environment:
//   FAKE_NVML_INIT=18      nvmlInit_v2 fails with that code      FAKE_NVML_COUNT=1     so many
//   GPUs, at most 8 FAKE_NVML_DRIVER=…     the driver's version FAKE_NVML_CUDA=12020  its CUDA
//   FAKE_NVML_NAME=…       of all GPUs                           FAKE_NVML_CAPABILITY=86
//   FAKE_NVML_LOST=1       GPU 1 has fallen off the bus          FAKE_NVML_MIG=1       GPU 1 has
//   two MIG instances FAKE_NVML_PROCESSES=3  so many use GPU 0; their pids count up from
//   FAKE_NVML_PID
// With FAKE_NVML_OLD defined it has only what every NVML has, with the old process structure; with
// FAKE_NVML_EMPTY it has nothing.
#ifndef FAKE_NVML_EMPTY

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kSuccess = 0;
constexpr int kUninitialized = 1;
constexpr int kInvalidArgument = 2;
constexpr int kNotFound = 6;
constexpr int kInsufficientSize = 7;
constexpr int kGpuIsLost = 15;
constexpr unsigned long long kGibibyte = 1ULL << 30;
constexpr std::uintptr_t kMigBase = 100;  // handles of MIG instances lie above those of GPUs

int initialised = 0;

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
std::uintptr_t index_of(void* device) {
  return reinterpret_cast<std::uintptr_t>(device) - 1;
}
bool is_mig(void* device) {
  return index_of(device) >= kMigBase;
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
  const int wanted = number("FAKE_NVML_COUNT", 2);
  *count = static_cast<unsigned>(wanted < 0 ? 0 : wanted > 8 ? 8 : wanted);
  return kSuccess;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  unsigned count = 0;
  if (nvmlDeviceGetCount_v2(&count) != kSuccess || index >= count) {
    return kInvalidArgument;
  }
  if (number("FAKE_NVML_LOST", -1) == static_cast<int>(index)) {
    return kGpuIsLost;
  }
  *device = reinterpret_cast<void*>(static_cast<std::uintptr_t>(index) + 1);
  return kSuccess;
}

int nvmlDeviceGetName(void* device, char* buffer, unsigned length) {
  if (is_mig(device)) {
    return put(buffer, length, "NVIDIA A100-SXM4-40GB MIG 1g.5gb");
  }
  return put(buffer, length, text_or("FAKE_NVML_NAME", "NVIDIA GeForce RTX 3090"));
}

int nvmlDeviceGetUUID(void* device, char* buffer, unsigned length) {
  char text[64];
  std::snprintf(text, sizeof(text), "%s-00000000-0000-0000-0000-%012u",
                is_mig(device) ? "MIG" : "GPU", static_cast<unsigned>(index_of(device) % kMigBase));
  return put(buffer, length, text);
}

int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  const unsigned long long total = (is_mig(device) ? 5 : 24) * kGibibyte;
  *memory = Memory{total, total - kGibibyte, kGibibyte};
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
  (void)device;
  const int capability = number("FAKE_NVML_CAPABILITY", 86);
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
  *rates = Utilization{index_of(device) == 0 ? 87U : 0U, 12U};
  return kSuccess;
}

int nvmlDeviceGetComputeRunningProcesses_v2(void* device, unsigned* count, ProcessV2* processes) {
  const unsigned running =
      index_of(device) == 0 ? static_cast<unsigned>(number("FAKE_NVML_PROCESSES", 1)) : 0;
  const unsigned room = *count;
  *count = running;
  if (room < running) {
    return kInsufficientSize;
  }
  for (unsigned i = 0; i < running; ++i) {
    const unsigned first = static_cast<unsigned>(number("FAKE_NVML_PID", 4242));
    processes[i] = ProcessV2{first + i, 2 * kGibibyte, ~0U, ~0U};
  }
  return kSuccess;
}

// One process that only draws, its memory not known, and one that computes as well.
int nvmlDeviceGetGraphicsRunningProcesses_v2(void* device, unsigned* count, ProcessV2* processes) {
  if (index_of(device) != 0) {
    *count = 0;
    return kSuccess;
  }
  const unsigned first = static_cast<unsigned>(number("FAKE_NVML_PID", 4242));
  processes[0] = ProcessV2{999, ~0ULL, ~0U, ~0U};
  processes[1] = ProcessV2{first, 2 * kGibibyte, ~0U, ~0U};
  *count = number("FAKE_NVML_PROCESSES", 1) > 0 ? 2 : 0;
  return kSuccess;
}

int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  *current = number("FAKE_NVML_MIG", -1) == static_cast<int>(index_of(device)) ? 1 : 0;
  *pending = *current;
  return kSuccess;
}

int nvmlDeviceGetMaxMigDeviceCount(void* device, unsigned* count) {
  (void)device;
  *count = 7;
  return kSuccess;
}

int nvmlDeviceGetMigDeviceHandleByIndex(void* device, unsigned index, void** slice) {
  (void)device;
  if (index > 1) {
    return kNotFound;
  }
  *slice = reinterpret_cast<void*>(kMigBase + index + 1);
  return kSuccess;
}
#endif

}  // extern "C"
#endif
