#include "berth/runtime/visible_gpus.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"

namespace berth::runtime {

namespace {

constexpr std::string_view kCuda = "CUDA_VISIBLE_DEVICES";
constexpr std::array<std::string_view, 4> kVariables = {kCuda, "SLURM_STEP_GPUS", "SLURM_JOB_GPUS",
                                                        "GPU_DEVICE_ORDINAL"};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Whether an entry of the list names that slot, or the GPU that it is a part of.
bool names(std::string_view entry, const GpuSlot& slot) {
  if (is_number(entry)) {
    const std::string_view gpu = std::string_view(slot.number).substr(0, slot.number.find(':'));
    const std::size_t digits = entry.find_first_not_of('0');
    return gpu == (digits == std::string_view::npos ? "0" : entry.substr(digits));
  }
  const bool uuid = entry.starts_with("GPU-") || entry.starts_with("MIG-");
  return uuid && (slot.uuid.starts_with(entry) || slot.gpu_uuid.starts_with(entry));
}

// The places that an entry names. A beginning that fits several UUIDs names none of them.
std::vector<std::size_t> places_named(std::string_view entry, const std::vector<GpuSlot>& slots) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (names(entry, slots[i])) {
      places.push_back(i);
    }
  }
  return is_ambiguous(entry, slots) ? std::vector<std::size_t>{} : places;
}

std::size_t gpus_of(const std::vector<GpuSlot>& slots) {
  return slots.empty() ? 0 : slots.back().place + 1;
}

// Where Slurm confines the job's devices, NVML shows the allocated GPUs alone, numbered anew, while
// SLURM_JOB_GPUS numbers those of the node.
bool shows_the_allocation_alone(const VisibleGpus& visible, const std::vector<GpuSlot>& slots,
                                const std::vector<std::string>& entries) {
  return visible.variable.starts_with("SLURM_") && entries.size() == gpus_of(slots) &&
         std::all_of(entries.begin(), entries.end(), is_number);
}

void mark(VisibleGpus& visible, const std::vector<GpuSlot>& slots,
          const std::vector<std::string>& entries) {
  for (const std::string& text : entries) {
    const std::string_view entry = trimmed(text);
    const std::vector<std::size_t> places = places_named(entry, slots);
    for (const std::size_t place : places) {
      if (!visible.slots[place]) {
        visible.order.push_back(place);
      }
      visible.slots[place] = true;
    }
    if (places.empty()) {
      const bool on_purpose = entry.empty() || entry == "-1" || entry == "NoDevFiles";
      if (!on_purpose) {
        visible.warnings.push_back(fmt::format(
            "`{}` in {} {}: as in CUDA the list ends before it", printable(entry), visible.variable,
            is_ambiguous(entry, slots) ? "is the beginning of several UUIDs"
                                       : "is no GPU of this machine"));
      }
      return;
    }
  }
}

// CUDA numbers the fastest GPU first unless it is told not to.
void doubt_the_order(VisibleGpus& visible, const std::vector<GpuSlot>& slots,
                     const std::vector<std::string>& entries, bool by_bus) {
  const bool numbered = std::any_of(entries.begin(), entries.end(), is_number);
  const bool alike = std::all_of(slots.begin(), slots.end(), [&slots](const GpuSlot& slot) {
    return slot.mig || slot.name == slots.front().name;
  });
  if (visible.variable == kCuda && numbered && !alike && !by_bus) {
    visible.warnings.emplace_back(
        "CUDA_VISIBLE_DEVICES has numbers, and the GPUs differ: they are taken as those of `berth "
        "gpus`, as with CUDA_DEVICE_ORDER=PCI_BUS_ID");
  }
}

}  // namespace

VisibleGpus visible_gpus(
    const std::vector<GpuSlot>& slots,
    const std::function<std::optional<std::string>(const std::string&)>& environment) {
  VisibleGpus visible;
  visible.slots.assign(slots.size(), true);
  for (const std::string_view variable : kVariables) {
    if (const std::optional<std::string> value = environment(std::string(variable))) {
      visible.variable = variable;
      visible.value = *value;
      break;
    }
  }
  if (!visible.limited()) {
    return visible;
  }
  visible.allocated =
      visible.variable.starts_with("SLURM_") || environment("SLURM_JOB_ID").has_value();
  const std::vector<std::string> entries = split(trimmed(visible.value), ',');
  if (shows_the_allocation_alone(visible, slots, entries)) {
    return visible;
  }
  visible.slots.assign(slots.size(), false);
  mark(visible, slots, entries);
  doubt_the_order(visible, slots, entries,
                  environment("CUDA_DEVICE_ORDER").value_or("") == "PCI_BUS_ID");
  return visible;
}

}  // namespace berth::runtime
