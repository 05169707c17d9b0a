#include "cli/gpu_offer.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/printable.hpp"
#include "cli/gpu_allocation.hpp"

namespace berth::cli {

namespace {

using runtime::GpuSlot;
using runtime::GpuWish;

GpuWish wish_of(const GpuRequest& request) {
  return {request.count, request.memory_bytes};
}

}  // namespace

GpuOffer gpu_offer(const runtime::NvmlReading& nvml, const Context& context) {
  GpuOffer offer;
  offer.slots = runtime::gpu_slots(nvml);
  offer.visible = runtime::visible_gpus(offer.slots, context.surroundings.environment);
  for (std::size_t i = 0; i < offer.slots.size(); ++i) {
    if (!offer.visible.slots[i]) {
      offer.slots[i].trouble = fmt::format("{} leaves it out", offer.visible.variable);
    }
  }
  return offer;
}

std::string slot_text(const GpuSlot& slot, const std::string& state) {
  return fmt::format("GPU {}{}: {}", slot.number,
                     slot.name.empty() ? "" : fmt::format(" ({})", printable(slot.name)), state);
}

Result<void> check_enough(const GpuRequest& request, const std::vector<GpuSlot>& slots) {
  const GpuWish wish = wish_of(request);
  const auto possible = std::count_if(slots.begin(), slots.end(),
                                      [&](const GpuSlot& slot) { return suits(slot, wish); });
  if (static_cast<std::size_t>(possible) >= wish.count) {
    return {};
  }
  Error error{Errc::not_found,
              fmt::format("`--gpus {}` asks for {} GPU{}, and this machine has {} that would do",
                          request.text(), wish.count, wish.count == 1 ? "" : "s", possible)};
  for (const GpuSlot& slot : slots) {
    error.note(slot_text(slot, suits(slot, wish)      ? "would do"
                               : slot.trouble.empty() ? "too small"
                                                      : printable(slot.trouble)));
  }
  error.hint("`berth gpus` shows the GPUs of this machine");
  return fail(std::move(error).named("gpu-not-found"));
}

Host offered_host(Host host, const GpuRequest& request, const std::vector<GpuSlot>& slots) {
  const std::vector<Gpu> whole = std::move(host.gpus);
  host.gpus.clear();
  for (const GpuSlot& slot : slots) {
    const auto gpu = std::find_if(whole.begin(), whole.end(), [&slot](const Gpu& candidate) {
      return candidate.uuid == slot.gpu_uuid;
    });
    if (gpu == whole.end() || !suits(slot, wish_of(request))) {
      continue;
    }
    Gpu offered = *gpu;
    offered.uuid = slot.uuid;
    if (slot.mig) {
      offered.name = slot.name;
      offered.memory_bytes = slot.memory_bytes;
    }
    host.gpus.push_back(std::move(offered));
  }
  return host;
}

void take_what_is_left(ResolveRequest& request, Host& host, GpuRequest left) {
  GpuRequest& gpus = request.gpus.value;
  if (gpus.mode == GpuRequest::Mode::automatic && left.mode == GpuRequest::Mode::none) {
    host.gpus.clear();
  } else {
    gpus = std::move(left);
  }
}

Result<std::vector<std::string>> limit_to_offer(ResolveRequest& request, Host& host,
                                                const runtime::NvmlReading& nvml,
                                                const Context& context) {
  const GpuRequest& gpus = request.gpus.value;
  if (nvml.problem || nvml.gpus.empty()) {
    return std::vector<std::string>{};
  }
  const GpuOffer offer = gpu_offer(nvml, context);
  if (gpus.mode == GpuRequest::Mode::free) {
    BERTH_CHECK(check_enough(gpus, offer.slots));
    host = offered_host(std::move(host), gpus, offer.slots);
    return offer.visible.warnings;
  }
  BERTH_TRY(GpuAllocation allocation,
            limited_request(gpus, runtime::gpu_slots(nvml), offer.visible));
  take_what_is_left(request, host, std::move(allocation.request));
  return std::move(allocation.warnings);
}

}  // namespace berth::cli
