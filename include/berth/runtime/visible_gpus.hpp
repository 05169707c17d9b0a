// The GPUs that the caller's surroundings leave to it: CUDA_VISIBLE_DEVICES, else what Slurm has
// allocated. Containers inherit neither from berth, so that without this a run would take GPUs that
// belong to somebody else's job.
//
// Precedence: CUDA_VISIBLE_DEVICES, SLURM_STEP_GPUS, SLURM_JOB_GPUS, GPU_DEVICE_ORDINAL; the first
// that is set decides. Sources: CUDA C++ Programming Guide, "CUDA Environment Variables"; Slurm,
// gres.html and srun(1).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "berth/runtime/gpu_choice.hpp"

namespace berth::runtime {

struct VisibleGpus {
  std::string variable{};  // "CUDA_VISIBLE_DEVICES"; empty: nothing limits the choice
  std::string value{};
  bool allocated = false;            // by Slurm: what lies outside belongs to others
  std::vector<bool> slots{};         // by the places in the list of slots
  std::vector<std::size_t> order{};  // the same places as the variable lists them
  std::vector<std::string> warnings{};

  bool limited() const { return !variable.empty(); }
};

// Numbers are those of `berth gpus` (PCI order); a UUID may be shortened to its beginning, and that
// of a GPU in MIG mode stands for its instances. As in CUDA the list ends at the first entry that
// names no GPU, or may be the beginning of several; "", "-1" and "NoDevFiles" leave none.
VisibleGpus visible_gpus(
    const std::vector<GpuSlot>& slots,
    const std::function<std::optional<std::string>(const std::string&)>& environment);

}  // namespace berth::runtime
