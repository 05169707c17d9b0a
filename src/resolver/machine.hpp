// Machine: the facts of a Host that the rules need, for the GPUs that the run asks for.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/host.hpp"
#include "berth/model/request.hpp"
#include "berth/resolver/catalog.hpp"

namespace berth::resolver {

struct MachineGpu {
  unsigned index = 0;
  std::string name;
  std::optional<ComputeCapability> capability;  // probed, or by name from the catalogue
  bool data_center = false;
  std::string source;  // of the capability
  bool jetson = false;
};

struct Machine {
  std::string architecture;  // docker's name: "amd64"
  std::optional<DriverVersion> driver;
  std::optional<CudaVersion> native_cuda;  // the highest CUDA that the driver runs by itself
  std::string driver_source;               // of native_cuda
  bool uses_gpu = false;         // false: a CPU run, nothing of the driver or the GPUs counts
  bool cpu_wanted = false;       // the CPU was asked for, as against no GPU being there
  std::vector<MachineGpu> gpus;  // that the run uses; may be empty where nobody named any
  std::string origin;            // "this machine", "--driver, --gpu", "host.json"
  std::string place;             // "this machine", "the machine described by --driver, --gpu"
  std::map<std::string, std::uint64_t> images;  // that the engine has: reference -> unpacked bytes
  std::vector<std::string> warnings;            // "the driver is not checked: …"
};

// Whether it is somebody's description (`--driver`, `--gpu`) and not a machine that was looked at.
bool is_described(const Host& host);

// Docker's name of the processor that images must be for: "amd64".
std::string architecture_of(const Host& host);

// Errc::no_solution where GPUs are demanded of a machine without any, or where a driver and a GPU
// are described that do not go together; Errc::invalid_input for a GPU that the machine has not.
Result<Machine> machine_for(const ResolveRequest& request, const Host& host,
                            const Catalog& catalog);

// "GPU 0 (GeForce RTX 3090, compute capability 8.6)".
std::string describe(const MachineGpu& gpu);

}  // namespace berth::resolver
