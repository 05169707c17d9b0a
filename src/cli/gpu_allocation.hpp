// Which of this machine's GPUs a run gets, and the leases on them: between the request and the
// engine's device request.
//
//   none, auto, all, N   as asked for; where CUDA_VISIBLE_DEVICES or Slurm limits the caller, of
//                        those that it leaves
//   device=…             those, used or not. Outside of Slurm's allocation an error, outside of
//                        CUDA_VISIBLE_DEVICES a warning; a GPU in MIG mode is refused
//   free:N               chosen (runtime/gpu_choice.hpp), held alone for the run, waited for
//
// N, all and device hold their GPUs in common, which keeps `free` away from them; auto holds none.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "berth/model/gpu_request.hpp"
#include "berth/resolver/free_gpus.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/gpu_choice.hpp"
#include "berth/runtime/gpu_leases.hpp"
#include "berth/runtime/nvml.hpp"
#include "berth/runtime/visible_gpus.hpp"
#include "cli/context.hpp"

namespace berth::cli {

struct GpuAllocation {
  // The request in terms of what was found: unchanged where nothing limits it, else devices by
  // their numbers.
  GpuRequest request{};
  std::vector<runtime::GpuSlot> slots{};  // that the run uses; none where that is not known
  std::vector<runtime::GpuLease> leases{};
  std::vector<std::string> warnings{};
};

struct AllocationOptions {
  std::optional<std::chrono::seconds> wait{};  // for `free`; 0: without limit
  std::string run_id{};
  std::string run_name{};
  bool dry_run = false;  // holds nothing
  std::stop_token stop{};
  runtime::Engine* engine = nullptr;  // whose runs count as holders; null: none is asked
  // Whether the run could work on such GPUs: asked before it waits for them.
  std::function<Result<void>(const GpuRequest&)> check{};
  // Which of these slots it could work on, where there are several kinds: asked once.
  std::function<FreeChoice(const std::vector<runtime::GpuSlot>&)> fit{};
};

// `nvml` is a reading of this machine. Errors: Errc::not_found with the ids `gpus-busy`,
// `gpu-not-found`, `gpu-in-mig-mode`, `gpu-not-allocated`; Errc::interrupted when asked to stop.
Result<GpuAllocation> allocate_gpus(const GpuRequest& request, const runtime::NvmlReading& nvml,
                                    const AllocationOptions& options, const Context& context);

// What the surroundings leave of the request; `free` stays what it is. Pure.
Result<GpuAllocation> limited_request(const GpuRequest& request,
                                      const std::vector<runtime::GpuSlot>& slots,
                                      const runtime::VisibleGpus& visible);

// Of Mode::free: chooses, and holds, waiting where it may. Errors as above.
Result<GpuAllocation> reserve_free_gpus(const GpuRequest& request, const runtime::NvmlReading& nvml,
                                        const AllocationOptions& options, const Context& context);

// Who a holder is: "ada's run `train` (process 4242), since 2026-11-25T09:12:00Z".
std::string holder_text(const runtime::LeaseHolder& holder);

// This process as a holder of GPUs for that run.
runtime::LeaseHolder holder_here(const AllocationOptions& options, bool alone);

}  // namespace berth::cli
