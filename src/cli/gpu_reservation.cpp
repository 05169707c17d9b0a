// Free GPUs: a turn, a look, a choice, a lease; and the queue where there are too few.
//
// Only whose turn it is looks and takes, so that a GPU cannot go to two. Who has to wait keeps a
// ticket, and leaves the choice to those with an earlier one that could be given the same GPUs.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <set>

#include "berth/base/pause.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "berth/runtime/host_probe.hpp"
#include "berth/runtime/run_labels.hpp"
#include "cli/gpu_allocation.hpp"
#include "cli/gpu_offer.hpp"
#include "cli/machine.hpp"
#include "cli/user_name.hpp"

namespace berth::cli {

namespace {

using runtime::GpuLeases;
using runtime::GpuSlot;
using runtime::LeaseHolder;
using Clock = std::chrono::steady_clock;

std::string count_text(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

Failure cannot_look(const runtime::NvmlReading& nvml) {
  Error error{Errc::not_found, "free GPUs cannot be chosen: none can be looked at from here"};
  error.note(nvml.problem ? nvml.problem->text : std::string("NVML lists no GPU"));
  error.hint("`berth doctor` looks for the cause");
  error.hint("`--gpus device=0` names a GPU that the engine knows");
  return fail(std::move(error).named("gpu-not-found"));
}

class Reservation {
 public:
  Reservation(const GpuRequest& request, const AllocationOptions& options, const Context& context)
      : request_(request),
        wish_{request.count, request.memory_bytes},
        options_(options),
        context_(context),
        self_(holder_here(options, true)) {}

  Result<GpuAllocation> make(const runtime::NvmlReading& nvml) {
    if (nvml.problem || nvml.gpus.empty()) {
      return cannot_look(nvml);
    }
    look(nvml);
    allocation_.warnings = visible_warnings_;
    BERTH_CHECK(check_enough(request_, slots_));
    leave_out_unfit();
    BERTH_TRY(leases_, find_leases());
    if (options_.dry_run) {
      return without_holding();
    }
    return options_.wait ? in_time() : at_once();
  }

 private:
  Result<std::optional<GpuLeases>> find_leases() const {
    BERTH_TRY(GpuLeases leases, GpuLeases::of_machine(context_.surroundings.environment));
    return std::optional<GpuLeases>(std::move(leases));
  }

  void look(const runtime::NvmlReading& nvml) {
    GpuOffer offer = gpu_offer(nvml, context_);
    slots_ = std::move(offer.slots);
    visible_warnings_ = std::move(offer.visible.warnings);
    distances_ = nvml.distances;
    for (GpuSlot& slot : slots_) {
      mark_unfit(slot);
      if (slot.process != 0) {
        describe_process(slot);
      }
    }
  }

  // Of several kinds of GPUs those that the run could not work on are not given.
  void leave_out_unfit() {
    if (!options_.fit) {
      return;
    }
    const FreeChoice choice = options_.fit(slots_);
    if (choice.warning.empty()) {
      return;
    }
    allocation_.warnings.push_back(choice.warning);
    for (GpuSlot& slot : slots_) {
      const bool stays = std::any_of(choice.host.gpus.begin(), choice.host.gpus.end(),
                                     [&slot](const Gpu& gpu) { return gpu.uuid == slot.uuid; });
      if (!stays) {
        unfit_.insert(slot.uuid);
      }
      mark_unfit(slot);
    }
  }

  void mark_unfit(GpuSlot& slot) const {
    if (slot.trouble.empty() && suits(slot, wish_) && unfit_.contains(slot.uuid)) {
      slot.trouble = "what the run asks for does not run on it";
    }
  }

  static void describe_process(GpuSlot& slot) {
    const runtime::ProcessFacts facts = runtime::process_facts(slot.process);
    if (!facts.name.empty() && facts.uid) {
      slot.use = fmt::format("process {} ({}, {}) computes on it", slot.process,
                             printable(facts.name), user_name(*facts.uid));
    }
  }

  // Those that could be given to this run, were nobody else here.
  std::vector<std::string> pool() const {
    std::vector<std::string> uuids;
    for (const GpuSlot& slot : slots_) {
      if (suits(slot, wish_)) {
        uuids.push_back(slot.uuid);
      }
    }
    return uuids;
  }

  // Runs of the engine count as holders by their labels, also where the process that held their
  // lease has been killed.
  Result<void> add_runs_of_engine() {
    if (options_.engine == nullptr) {
      return {};
    }
    BERTH_TRY(const std::vector<runtime::ContainerSummary> runs,
              options_.engine->list_containers({runtime::kGpusLabel}, true));
    for (const runtime::ContainerSummary& run : runs) {
      if (!run.is_up()) {
        continue;
      }
      const std::vector<std::string> uuids = split(run.labels.at(runtime::kGpusLabel), ',');
      for (GpuSlot& slot : slots_) {
        if (std::find(uuids.begin(), uuids.end(), slot.uuid) != uuids.end()) {
          slot.use = fmt::format("used by the run `{}`{}", printable(run.name), owner_text(run));
        }
      }
    }
    return {};
  }

  static std::string owner_text(const runtime::ContainerSummary& run) {
    const auto owner = run.labels.find(runtime::kOwnerLabel);
    return owner == run.labels.end() ? "" : " of " + user_name_of(owner->second);
  }

  Result<void> add_holders() {
    BERTH_CHECK(add_runs_of_engine());
    for (GpuSlot& slot : slots_) {
      if (const std::optional<LeaseHolder> holder = leases_->holder(slot.uuid)) {
        slot.use = "held by " + holder_text(*holder);
      }
    }
    return {};
  }

  std::optional<std::vector<GpuSlot>> choice() const {
    const std::optional<std::vector<std::size_t>> places = choose_gpus(slots_, distances_, wish_);
    if (!places) {
      return std::nullopt;
    }
    std::vector<GpuSlot> chosen;
    for (const std::size_t place : *places) {
      chosen.push_back(slots_[place]);
    }
    return chosen;
  }

  GpuAllocation with(const std::vector<GpuSlot>& chosen) {
    GpuAllocation allocation = std::move(allocation_);
    allocation.request.mode = GpuRequest::Mode::devices;
    allocation.request.capabilities = request_.capabilities;
    for (const GpuSlot& slot : chosen) {
      allocation.request.devices.push_back(slot.number);
    }
    allocation.slots = chosen;
    return allocation;
  }

  Result<GpuAllocation> without_holding() {
    BERTH_CHECK(add_holders());
    const std::optional<std::vector<GpuSlot>> chosen = choice();
    if (!chosen) {
      return fail(busy());
    }
    allocation_.warnings.emplace_back("a dry run holds no GPU: the run may get others");
    return with(*chosen);
  }

  // With the turn. nullopt: too few are free.
  Result<std::optional<GpuAllocation>> take() {
    look(runtime::read_nvml(probe_roots(context_).nvml_libraries));
    BERTH_CHECK(add_holders());
    while (const std::optional<std::vector<GpuSlot>> chosen = choice()) {
      std::vector<runtime::GpuLease> leases;
      for (const GpuSlot& slot : *chosen) {
        BERTH_TRY(std::optional<runtime::GpuLease> lease, leases_->take(slot.uuid, self_));
        if (!lease) {  // one that names its GPUs came in between
          mark(slot.uuid, "taken just now");
          break;
        }
        leases.push_back(*std::move(lease));
      }
      if (leases.size() == chosen->size()) {
        GpuAllocation allocation = with(*chosen);
        allocation.leases = std::move(leases);
        return std::optional<GpuAllocation>(std::move(allocation));
      }
    }
    return std::optional<GpuAllocation>{};
  }

  void mark(const std::string& uuid, const std::string& use) {
    for (GpuSlot& slot : slots_) {
      if (slot.uuid == uuid) {
        slot.use = use;
      }
    }
  }

  // One look, if nobody is in front. Leaves in slots_ and ahead_ why it came to nothing.
  Result<std::optional<GpuAllocation>> attempt(const runtime::QueueTicket* ticket) {
    ahead_ = leases_->queue(pool(), ticket);
    return ahead_.empty() ? take() : std::optional<GpuAllocation>{};
  }

  Result<GpuAllocation> at_once() {
    BERTH_TRY(const UniqueFd turn, leases_->take_turn(self_, options_.stop));
    BERTH_TRY(std::optional<GpuAllocation> taken, attempt(nullptr));
    if (taken) {
      return *std::move(taken);
    }
    BERTH_CHECK(add_holders());
    return fail(busy());
  }

  Result<GpuAllocation> in_time() {
    constexpr std::chrono::milliseconds kPause(500);
    const std::chrono::seconds limit = *options_.wait;
    const Clock::time_point end = Clock::now() + limit;
    BERTH_CHECK(check_before_waiting());
    std::optional<runtime::QueueTicket> ticket;
    while (true) {
      {
        BERTH_TRY(const UniqueFd turn, leases_->take_turn(self_, options_.stop));
        BERTH_TRY(std::optional<GpuAllocation> taken, attempt(ticket ? &*ticket : nullptr));
        if (taken) {
          return *std::move(taken);
        }
        if (!ticket) {
          BERTH_TRY(runtime::QueueTicket drawn, leases_->enqueue(pool(), self_));
          ticket.emplace(std::move(drawn));
          BERTH_CHECK(add_holders());
          tell();
        }
      }
      if (limit.count() > 0 && Clock::now() >= end) {
        BERTH_CHECK(add_holders());
        return fail(busy().note(fmt::format("`--wait` was {} s", limit.count())));
      }
      if (options_.stop.stop_requested()) {
        return fail(Error{Errc::interrupted, "interrupted while waiting for GPUs"});
      }
      static_cast<void>(pause_for(kPause, options_.stop));
    }
  }

  // Hours of waiting must not end in an error that could have been told at once.
  Result<void> check_before_waiting() {
    if (!options_.check) {
      return {};
    }
    std::vector<GpuSlot> idle = slots_;
    for (GpuSlot& slot : idle) {
      slot.use.clear();
    }
    std::swap(idle, slots_);
    const std::optional<std::vector<GpuSlot>> chosen = choice();
    std::swap(idle, slots_);
    GpuRequest likely = request_;
    likely.mode = GpuRequest::Mode::devices;
    for (const GpuSlot& slot : chosen.value_or(std::vector<GpuSlot>{})) {
      likely.devices.push_back(slot.number);
    }
    return options_.check(likely);
  }

  std::size_t free_now() const {
    return static_cast<std::size_t>(std::count_if(
        slots_.begin(), slots_.end(),
        [this](const GpuSlot& slot) { return suits(slot, wish_) && slot.use.empty(); }));
  }

  std::string situation() const {
    const std::string free = fmt::format("{} {} free", free_now(), free_now() == 1 ? "is" : "are");
    return ahead_.empty()
               ? free
               : fmt::format(
                     "{}, and {} in front", free,
                     ahead_.size() == 1 ? "a run is" : fmt::format("{} runs are", ahead_.size()));
  }

  void tell() const {
    context_.messages.note(fmt::format(
        "waiting for {}{}: {}; an interrupt ends it", count_text(wish_.count, "free GPU"),
        options_.wait->count() > 0 ? fmt::format(" for up to {} s", options_.wait->count()) : "",
        situation()));
  }

  Error busy() const {
    Error error{Errc::not_found,
                fmt::format("{} {} asked for, and {}", count_text(wish_.count, "free GPU"),
                            wish_.count == 1 ? "is" : "are", situation())};
    for (const GpuSlot& slot : slots_) {
      const std::string& state = slot.trouble.empty() ? slot.use : slot.trouble;
      const bool small = slot.trouble.empty() && !suits(slot, wish_);
      error.note(slot_text(slot, small ? "too small" : state.empty() ? "free" : state));
    }
    for (const LeaseHolder& waiting : ahead_) {
      error.note("waits in front: " + holder_text(waiting));
    }
    if (!options_.wait) {
      error.hint(fmt::format("`berth run --gpus {} --wait 2h …` waits for its turn",
                             shell_quoted(request_.text())));
    }
    error.hint("`berth gpus` shows what the GPUs are busy with");
    return std::move(error).named("gpus-busy");
  }

  const GpuRequest& request_;
  runtime::GpuWish wish_;
  const AllocationOptions& options_;
  const Context& context_;
  LeaseHolder self_;
  std::optional<GpuLeases> leases_{};
  std::vector<GpuSlot> slots_{};
  std::vector<std::vector<runtime::GpuDistance>> distances_{};
  std::vector<std::string> visible_warnings_{};
  std::set<std::string> unfit_{};  // UUIDs of those that the run could not work on
  std::vector<LeaseHolder> ahead_{};
  GpuAllocation allocation_{};
};

}  // namespace

Result<GpuAllocation> reserve_free_gpus(const GpuRequest& request, const runtime::NvmlReading& nvml,
                                        const AllocationOptions& options, const Context& context) {
  return Reservation(request, options, context).make(nvml);
}

}  // namespace berth::cli
