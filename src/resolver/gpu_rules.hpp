// Which GPUs the code in a build runs on: cubins (machine code, sm_XY) and PTX (compute_XY).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "berth/base/dotted_version.hpp"
#include "berth/model/plan.hpp"
#include "berth/resolver/catalog.hpp"
#include "resolver/machine.hpp"

namespace berth::resolver {

enum class Coverage {
  cubin,     // machine code for that GPU
  ptx,       // the driver compiles it at the first start
  presumed,  // the build's list is not known, and its CUDA can target the GPU
  unknown,   // nothing is known: of the GPU, or of the CUDA
  none,
};

struct GpuFit {
  Coverage coverage = Coverage::unknown;
  std::string covered_by;  // "sm_86", "compute_70"; empty where the list is not known
  Reason reason;           // why it runs or does not
};

// The verdict without its words.
Coverage coverage_of(const FrameworkBuild& build, const MachineGpu& gpu, const Catalog& catalog);

// A GPU of unknown capability fits: machine.warnings says that it was not checked.
GpuFit gpu_fit(const FrameworkBuild& build, const MachineGpu& gpu, const Catalog& catalog);

}  // namespace berth::resolver
