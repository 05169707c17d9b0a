// The GPUs that support/fake_nvml.cpp pretends: two RTX 3090 by default, or those of a file.
//
// FAKE_NVML_LAYOUT names a file with one GPU per line, `#` for comments; sizes are MiB:
//   gpu name=NVIDIA_A100 memory=40960 used=400 utilisation=87 process=4242 draws=999 ecc=2 lost
//       node=0 switch=1 nvlink=1 capability=80 mig=4864 mig=9856:4243
// `process` and `mig` may be repeated; mig=SIZE:PID is an instance that a process computes on. GPUs
// of one `nvlink` group are linked, of one `switch` or `node` they are that near. The file is read
// at every nvmlInit, so that a test can let things happen.
#pragma once

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace berth::test {

struct FakeInstance {
  unsigned long long memory_mib = 0;
  std::vector<unsigned> processes{};
};

struct FakeGpu {
  std::string name = "NVIDIA GeForce RTX 3090";
  unsigned long long memory_mib = 24 * 1024;
  unsigned long long used_mib = 0;
  unsigned utilisation = 0;
  std::vector<unsigned> processes{};
  std::vector<unsigned> drawing{};
  unsigned long long ecc_errors = 0;
  bool lost = false;
  int node = 0;
  int pci_switch = 0;
  int nvlink = 0;      // 0: none
  int capability = 0;  // 86; 0: as FAKE_NVML_CAPABILITY says
  std::vector<FakeInstance> instances{};
};

inline unsigned number_in(const std::string& text) {
  return static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, 10));
}

inline void set_fake(FakeGpu& gpu, const std::string& key, const std::string& value) {
  if (key == "name") {
    gpu.name = value;
    for (char& c : gpu.name) {
      c = c == '_' ? ' ' : c;
    }
  } else if (key == "memory") {
    gpu.memory_mib = number_in(value);
  } else if (key == "used") {
    gpu.used_mib = number_in(value);
  } else if (key == "utilisation") {
    gpu.utilisation = number_in(value);
  } else if (key == "process") {
    gpu.processes.push_back(number_in(value));
  } else if (key == "draws") {
    gpu.drawing.push_back(number_in(value));
  } else if (key == "ecc") {
    gpu.ecc_errors = number_in(value);
  } else if (key == "lost") {
    gpu.lost = true;
  } else if (key == "node") {
    gpu.node = std::atoi(value.c_str());
  } else if (key == "switch") {
    gpu.pci_switch = std::atoi(value.c_str());
  } else if (key == "capability") {
    gpu.capability = std::atoi(value.c_str());
  } else if (key == "nvlink") {
    gpu.nvlink = std::atoi(value.c_str());
  } else if (key == "mig") {
    FakeInstance instance{.memory_mib = number_in(value)};
    if (const std::size_t colon = value.find(':'); colon != std::string::npos) {
      instance.processes.push_back(number_in(value.substr(colon + 1)));
    }
    gpu.instances.push_back(instance);
  }
}

inline std::vector<FakeGpu> read_fake_gpus(const char* path) {
  std::vector<FakeGpu> gpus;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string word;
    if (!(words >> word) || word != "gpu") {
      continue;
    }
    FakeGpu gpu;
    while (words >> word) {
      const std::size_t equals = word.find('=');
      set_fake(gpu, word.substr(0, equals),
               equals == std::string::npos ? std::string() : word.substr(equals + 1));
    }
    gpus.push_back(gpu);
  }
  return gpus;
}

}  // namespace berth::test
