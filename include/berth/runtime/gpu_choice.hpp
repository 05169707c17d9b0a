// Which GPUs a run gets that asks for free ones: a pure function of what NVML and the leases say.
//
// What can be given is a slot: a GPU, or an instance of one in MIG mode, which counts as one. A GPU
// in MIG mode is never given whole. Of the slots that are free and large enough, those nearest to
// each other are taken (NVLink, one PCIe switch, …, one NUMA node), then the smallest that satisfy
// the wish, then the lowest numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/runtime/nvml.hpp"

namespace berth::runtime {

struct GpuSlot {
  std::size_t place = 0;   // of its GPU in the reading's list
  std::string number{};    // "3", "3:1": as `berth gpus` shows it and --gpus device= takes it
  std::string uuid{};      // "GPU-…", "MIG-…"
  std::string gpu_uuid{};  // of the whole GPU
  std::string name{};
  bool mig = false;
  std::optional<std::uint64_t> memory_bytes{};
  std::string trouble{};  // why nobody should be given it: "GPU is lost"; empty: healthy
  unsigned process = 0;   // one that computes on it; 0: none
  std::string use{};      // why it is not free: "process 4242 computes on it"; empty: it is
};

// The slots of every GPU, by number. A slot is in use where a process computes on it, or where more
// than 1 GiB of its memory is taken: the driver's own share of a large card, or a desktop's, stays
// below. Leases are the caller's to add to `use`.
std::vector<GpuSlot> gpu_slots(const NvmlReading& nvml);

// Whether the beginning of a UUID fits more than one GPU, or of a MIG instance's more than one
// instance: neither CUDA nor the NVIDIA Container Toolkit takes it for any of them.
bool is_ambiguous(std::string_view uuid, const std::vector<GpuSlot>& slots);

struct GpuWish {
  unsigned count = 1;
  std::optional<std::uint64_t> memory_bytes{};  // of each
};

// Whether it could ever be given: healthy, and large enough (is_sold_with).
bool suits(const GpuSlot& slot, const GpuWish& wish);

// Places in `slots`, ascending; nullopt where fewer than `wish.count` are free. The same facts give
// the same choice.
std::optional<std::vector<std::size_t>> choose_gpus(
    const std::vector<GpuSlot>& slots, const std::vector<std::vector<GpuDistance>>& distances,
    const GpuWish& wish);

}  // namespace berth::runtime
