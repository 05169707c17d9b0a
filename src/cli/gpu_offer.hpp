// What this machine could give of its GPUs, whether or not somebody uses them now: the part of the
// choice that verbs which only decide share with the run, so that both speak of the same GPUs.
#pragma once

#include <string>
#include <vector>

#include "berth/model/host.hpp"
#include "berth/model/request.hpp"
#include "berth/runtime/gpu_choice.hpp"
#include "berth/runtime/nvml.hpp"
#include "berth/runtime/visible_gpus.hpp"
#include "cli/context.hpp"

namespace berth::cli {

struct GpuOffer {
  std::vector<runtime::GpuSlot> slots{};  // in trouble where the surroundings leave them out
  runtime::VisibleGpus visible{};
};
GpuOffer gpu_offer(const runtime::NvmlReading& nvml, const Context& context);

// "GPU 1 (NVIDIA A100): free".
std::string slot_text(const runtime::GpuSlot& slot, const std::string& state);

// Of `free`: Errc::not_found, id `gpu-not-found`, where fewer would do than are asked for, with
// what speaks against each. Waiting does not mend a GPU, and adds none.
Result<void> check_enough(const GpuRequest& request, const std::vector<runtime::GpuSlot>& slots);

// The host with a GPU for each slot that would do for `free`, by its own UUID: a MIG instance
// counts as one.
Host offered_host(Host host, const GpuRequest& request, const std::vector<runtime::GpuSlot>& slots);

// The request and the host with what is left of the GPUs. Where that is none, `auto` stays what it
// is, on a machine without GPU: nobody asked for the CPU, as a lock would understand `none`.
void take_what_is_left(ResolveRequest& request, Host& host, GpuRequest left);

// For a decision about this machine: the request and the host as the run would have them. What it
// says is a list of warnings. A reading without GPUs, as of a machine that is described, changes
// nothing. Errors: those of allocate_gpus(), but that a GPU is busy is none.
Result<std::vector<std::string>> limit_to_offer(ResolveRequest& request, Host& host,
                                                const runtime::NvmlReading& nvml,
                                                const Context& context);

}  // namespace berth::cli
