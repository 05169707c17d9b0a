#include "cli/gpu_allocation.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/logger.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "cli/clock_text.hpp"
#include "cli/user_name.hpp"

namespace berth::cli {

namespace {

using runtime::GpuSlot;
using runtime::VisibleGpus;
using Mode = GpuRequest::Mode;

constexpr std::string_view kCdiDevice = "nvidia.com/gpu=";

GpuRequest devices_request(const GpuRequest& request, const std::vector<GpuSlot>& slots) {
  GpuRequest devices;
  devices.mode = slots.empty() ? Mode::none : Mode::devices;
  devices.capabilities = request.capabilities;
  for (const GpuSlot& slot : slots) {
    devices.devices.push_back(slot.number);
  }
  return devices;
}

std::string numbers_of(const std::vector<GpuSlot>& slots) {
  std::vector<std::string> numbers;
  for (const GpuSlot& slot : slots) {
    numbers.push_back(slot.number);
  }
  return numbers.empty() ? "none" : (numbers.size() == 1 ? "GPU " : "GPUs ") + join(numbers, ", ");
}

std::string limit_text(const VisibleGpus& visible) {
  return fmt::format("{} is `{}`", visible.variable, printable(visible.value));
}

Failure too_few_visible(const GpuRequest& request, const std::vector<GpuSlot>& left,
                        const VisibleGpus& visible) {
  return fail(
      Error{Errc::not_found, fmt::format("`--gpus {}` is more than {} leaves: {}", request.text(),
                                         visible.variable, numbers_of(left))}
          .named("gpu-not-allocated")
          .note(limit_text(visible))
          .hint(visible.allocated ? "ask Slurm for more: `srun --gpus=2 …`"
                                  : fmt::format("`env -u {} berth run …` takes no notice of it",
                                                visible.variable)));
}

std::string_view without_vendor(std::string_view device) {
  return device.starts_with(kCdiDevice) ? device.substr(kCdiDevice.size()) : device;
}

// The slots that one entry of `device=` means: a GPU's number or UUID stands for its instances.
std::vector<std::size_t> slots_named(std::string_view device, const std::vector<GpuSlot>& slots) {
  device = without_vendor(device);
  std::vector<std::size_t> named;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const GpuSlot& slot = slots[i];
    const bool uuid = device.size() > 4 && (device.starts_with("GPU-") || slot.mig) &&
                      (slot.uuid.starts_with(device) || slot.gpu_uuid.starts_with(device));
    const std::string_view gpu = std::string_view(slot.number).substr(0, slot.number.find(':'));
    if (device == "all" || uuid || device == slot.number || device == gpu) {
      named.push_back(i);
    }
  }
  return named;
}

bool names_instance(std::string_view device) {
  return device.find("MIG-") != std::string_view::npos ||
         device.find(':') != std::string_view::npos || device.ends_with("all");
}

Failure in_mig_mode(const std::string& device, const std::vector<GpuSlot>& instances) {
  std::vector<std::string> numbers;
  Error error{Errc::not_found,
              fmt::format("GPU `{}` is in MIG mode and cannot be given as a whole", device)};
  for (const GpuSlot& instance : instances) {
    numbers.push_back(instance.number);
    error.note(fmt::format("instance {}: {}, {}", instance.number, printable(instance.name),
                           instance.uuid));
  }
  if (numbers.empty()) {
    error.hint("`sudo nvidia-smi mig -cgi 19 -C` creates instances of the smallest kind");
  } else {
    error.hint(fmt::format("`berth run --gpus device={} …`", join(numbers, ",")));
  }
  return fail(std::move(error).named("gpu-in-mig-mode"));
}

Failure ambiguous(const std::string& device, const std::vector<GpuSlot>& slots) {
  Error error{Errc::not_found,
              fmt::format("GPU `{}` is the beginning of several UUIDs", printable(device))};
  for (const GpuSlot& slot : slots) {
    error.note(fmt::format("GPU {}: {}", slot.number, slot.uuid));
  }
  return fail(std::move(error)
                  .named("gpu-not-found")
                  .hint("`berth gpus` shows the UUIDs of this machine's GPUs"));
}

// Of which NVML says no more than that: a container would start, and find nothing.
Failure out_of_order(const std::string& device, const GpuSlot& slot) {
  return fail(Error{Errc::not_found,
                    fmt::format("GPU `{}` cannot be used: {}", device, printable(slot.trouble))}
                  .named("gpu-not-found")
                  .hint("`berth doctor` says what can be done about it")
                  .hint("`berth gpus` shows the GPUs of this machine"));
}

Result<void> check_device(const std::string& device, const std::vector<GpuSlot>& named,
                          bool outside, const VisibleGpus& visible, GpuAllocation& allocation) {
  if (named.size() == 1 && named.front().uuid.empty() && !named.front().trouble.empty()) {
    return out_of_order(device, named.front());
  }
  const bool divided = !named.empty() && (named.front().mig ||
                                          named.front().trouble.find("MIG") != std::string::npos);
  if (divided && !names_instance(device)) {
    return in_mig_mode(device, named.front().mig ? named : std::vector<GpuSlot>{});
  }
  if (outside && visible.allocated) {
    return fail(Error{Errc::not_found,
                      fmt::format("GPU `{}` is not among those that Slurm has allocated", device)}
                    .named("gpu-not-allocated")
                    .note(limit_text(visible))
                    .hint("`berth run --gpus all …` takes those that are"));
  }
  if (outside) {
    allocation.warnings.push_back(
        fmt::format("GPU `{}` is taken as asked for, and {}, which leaves it out", device,
                    limit_text(visible)));
  }
  return {};
}

// Named GPUs stay as they were named: what is not known here the engine may know.
Result<GpuAllocation> named_gpus(const GpuRequest& request, const std::vector<GpuSlot>& slots,
                                 const VisibleGpus& visible) {
  GpuAllocation allocation;
  allocation.request = request;
  for (const std::string& device : request.devices) {
    if (runtime::is_ambiguous(without_vendor(device), slots)) {
      return ambiguous(device, slots);
    }
    std::vector<GpuSlot> named;
    bool outside = false;
    for (const std::size_t i : slots_named(device, slots)) {
      named.push_back(slots[i]);
      outside = outside || !visible.slots[i];
    }
    BERTH_CHECK(check_device(device, named, outside, visible, allocation));
    allocation.slots.insert(allocation.slots.end(), named.begin(), named.end());
  }
  return allocation;
}

// In common with whoever uses them, too; `auto` asks for no GPU in particular, and holds none.
// Where there is no place for leases the run goes on without.
void hold_in_common(GpuAllocation& allocation, bool holds, const AllocationOptions& options,
                    const Context& context) {
  const Result<runtime::GpuLeases> leases =
      runtime::GpuLeases::of_machine(context.surroundings.environment);
  std::vector<std::string> shared;
  for (const GpuSlot& slot : allocation.slots) {
    if (!leases || slot.uuid.empty()) {
      continue;
    }
    if (const auto holder = leases->holder(slot.uuid); holder && holder->alone) {
      shared.push_back(fmt::format("GPU {} by {}", slot.number, holder_text(*holder)));
      continue;
    }
    if (!holds || options.dry_run) {
      continue;
    }
    Result<std::optional<runtime::GpuLease>> lease =
        leases->take(slot.uuid, holder_here(options, false));
    if (lease && *lease) {
      allocation.leases.push_back(**std::move(lease));
    } else {
      context.log->info("no lease on GPU {}: {}", slot.number,
                        lease ? "it was taken just now" : lease.error().message);
    }
  }
  if (!shared.empty()) {
    allocation.warnings.push_back(
        fmt::format("the run shares GPUs that others hold for themselves: {}; `--gpus free:1` "
                    "takes one that nobody holds",
                    join(shared, "; ")));
  }
}

// Those that CUDA would number first.
std::vector<GpuSlot> first_listed(std::size_t count, const std::vector<GpuSlot>& left,
                                  const std::vector<GpuSlot>& slots, const VisibleGpus& visible) {
  std::vector<GpuSlot> first;
  for (const std::size_t place : visible.order) {
    const bool is_left = std::any_of(left.begin(), left.end(), [&](const GpuSlot& slot) {
      return slot.number == slots[place].number;
    });
    if (is_left && first.size() < count) {
      first.push_back(slots[place]);
    }
  }
  // Where Slurm shows the allocation alone there is no list: the first by number.
  return first.empty()
             ? std::vector<GpuSlot>(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(count))
             : first;
}

}  // namespace

runtime::LeaseHolder holder_here(const AllocationOptions& options, bool alone) {
  runtime::LeaseHolder holder;
  holder.uid = ::getuid();
  holder.pid = ::getpid();
  holder.run_id = options.run_id;
  holder.run_name = options.run_name;
  holder.since = std::time(nullptr);
  holder.alone = alone;
  return holder;
}

std::string holder_text(const runtime::LeaseHolder& holder) {
  if (holder.file_closed) {
    return fmt::format("{}, who has closed the lock's file to others",
                       user_name(holder.uid.value_or(0)));
  }
  if (!holder.uid) {
    return "a run that does not say whose it is";
  }
  const std::string& run = holder.run_name.empty() ? holder.run_id : holder.run_name;
  return fmt::format("{}'s run `{}` (process {}), since {}", user_name(*holder.uid), run,
                     holder.pid, utc_text(holder.since));
}

Result<GpuAllocation> limited_request(const GpuRequest& request, const std::vector<GpuSlot>& slots,
                                      const VisibleGpus& visible) {
  if (request.mode == Mode::devices) {
    return named_gpus(request, slots, visible);
  }
  GpuAllocation allocation;
  allocation.request = request;
  allocation.warnings = visible.warnings;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const bool lost = slots[i].uuid.empty();
    if (visible.slots[i] && !(lost && visible.allocated)) {
      allocation.slots.push_back(slots[i]);
    }
  }
  std::vector<GpuSlot>& left = allocation.slots;
  if (request.mode == Mode::none) {
    left.clear();
    return allocation;
  }
  // Within an allocation always by name: the engine is outside of it, and would count and give
  // those that Slurm hides from us.
  const bool left_out = left.size() < slots.size();
  const bool limited = left_out || visible.allocated;
  if (limited && left.empty() && request.required()) {
    return too_few_visible(request, left, visible);
  }
  if (request.mode == Mode::count) {
    if (limited && left.size() < request.count) {
      return too_few_visible(request, left, visible);
    }
    // The engine counts whole GPUs, so that all instances of one come along.
    const auto beyond = [&](const GpuSlot& slot) { return slot.place >= request.count; };
    if (limited) {
      left = first_listed(request.count, left, slots, visible);
    } else {
      std::erase_if(left, beyond);
    }
  }
  if (limited) {
    allocation.request = devices_request(request, left);
  }
  if (left_out) {
    allocation.warnings.push_back(fmt::format("of this machine's GPUs the run gets {}: {}",
                                              numbers_of(left), limit_text(visible)));
  }
  return allocation;
}

Result<GpuAllocation> allocate_gpus(const GpuRequest& request, const runtime::NvmlReading& nvml,
                                    const AllocationOptions& options, const Context& context) {
  if (request.mode == Mode::free) {
    return reserve_free_gpus(request, nvml, options, context);
  }
  const std::vector<GpuSlot> slots = runtime::gpu_slots(nvml);
  BERTH_TRY(GpuAllocation allocation,
            limited_request(request, slots,
                            runtime::visible_gpus(slots, context.surroundings.environment)));
  hold_in_common(allocation, request.mode != Mode::automatic, options, context);
  return allocation;
}

}  // namespace berth::cli
