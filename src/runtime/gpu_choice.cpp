// A search over sets of slots that leaves a branch as soon as it is worse than the best set so far.
#include "berth/runtime/gpu_choice.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <tuple>

#include "berth/base/bytes.hpp"
#include "berth/model/gpu_request.hpp"

namespace berth::runtime {

namespace {

constexpr std::uint64_t kIdleMemory = std::uint64_t{1} << 30;

void set_use(GpuSlot& slot, const std::vector<GpuProcess>& processes,
             const std::optional<std::uint64_t>& memory_used) {
  const auto computing = std::find_if(processes.begin(), processes.end(),
                                      [](const GpuProcess& process) { return process.computes; });
  if (computing != processes.end()) {
    slot.process = computing->pid;
    slot.use = fmt::format("process {} computes on it", computing->pid);
  } else if (memory_used && *memory_used > kIdleMemory) {
    slot.use = fmt::format("{} of its memory are in use", format_bytes(*memory_used));
  }
}

std::string trouble_of(const GpuReading& gpu) {
  if (!gpu.problem.empty()) {
    return gpu.problem;
  }
  if (gpu.uuid.empty()) {
    return "it has no UUID";
  }
  if (gpu.uncorrected_ecc_errors.value_or(0) > 0) {
    return fmt::format("it has {} uncorrected memory error{}", *gpu.uncorrected_ecc_errors,
                       *gpu.uncorrected_ecc_errors == 1 ? "" : "s");
  }
  return gpu.mig && gpu.mig_instances.empty() ? "it is in MIG mode and has no instance" : "";
}

// Lower is better, from left to right.
struct Score {
  int farthest = 0;
  int sum = 0;
  std::uint64_t memory = 0;

  auto key() const { return std::tie(farthest, sum, memory); }
};

class Search {
 public:
  Search(const std::vector<GpuSlot>& slots, const std::vector<std::vector<GpuDistance>>& distances,
         std::size_t count)
      : slots_(slots), distances_(distances), count_(count) {}

  // `candidates` in the order of preference among equals.
  std::vector<std::size_t> best_of(const std::vector<std::size_t>& candidates) {
    extend(candidates, 0, {});
    return best_;
  }

 private:
  // A process can use one MIG instance only: they are farther from anything than two GPUs can be.
  int distance(const GpuSlot& a, const GpuSlot& b) const {
    constexpr int kFarthest = static_cast<int>(GpuDistance::machine);
    if (a.mig || b.mig) {
      return kFarthest + 1;
    }
    return a.place < distances_.size() && b.place < distances_[a.place].size()
               ? static_cast<int>(distances_[a.place][b.place])
               : kFarthest;
  }

  Score with(Score score, const GpuSlot& added) const {
    for (const std::size_t chosen : chosen_) {
      const int away = distance(slots_[chosen], added);
      score.farthest = std::max(score.farthest, away);
      score.sum += away;
    }
    score.memory += added.memory_bytes.value_or(0);
    return score;
  }

  void extend(const std::vector<std::size_t>& candidates, std::size_t from, const Score& score) {
    // Of a machine cut into dozens of MIG instances, the best of the sets looked at has to do.
    constexpr unsigned kMostSteps = 200'000;
    if (chosen_.size() == count_) {
      if (best_.empty() || score.key() < best_score_.key()) {
        best_ = chosen_;
        best_score_ = score;
      }
      return;
    }
    const std::size_t missing = count_ - chosen_.size();
    for (std::size_t i = from; i + missing <= candidates.size(); ++i) {
      const Score longer = with(score, slots_[candidates[i]]);
      const bool hopeless = !best_.empty() && !(longer.key() < best_score_.key());
      if (hopeless || (!best_.empty() && ++steps_ > kMostSteps)) {
        continue;
      }
      chosen_.push_back(candidates[i]);
      extend(candidates, i + 1, longer);
      chosen_.pop_back();
    }
  }

  const std::vector<GpuSlot>& slots_;
  const std::vector<std::vector<GpuDistance>>& distances_;
  std::size_t count_;
  std::vector<std::size_t> chosen_{};
  std::vector<std::size_t> best_{};
  Score best_score_{};
  unsigned steps_ = 0;
};

}  // namespace

std::vector<GpuSlot> gpu_slots(const NvmlReading& nvml) {
  std::vector<GpuSlot> slots;
  for (std::size_t place = 0; place < nvml.gpus.size(); ++place) {
    const GpuReading& gpu = nvml.gpus[place];
    GpuSlot slot{.place = place,
                 .number = std::to_string(gpu.index),
                 .uuid = gpu.uuid,
                 .gpu_uuid = gpu.uuid,
                 .name = gpu.name,
                 .memory_bytes = gpu.memory_bytes,
                 .trouble = trouble_of(gpu)};
    if (gpu.mig_instances.empty()) {
      set_use(slot, gpu.processes, gpu.memory_used_bytes);
      slots.push_back(std::move(slot));
      continue;
    }
    for (const MigInstance& instance : gpu.mig_instances) {
      GpuSlot part = slot;
      part.number = fmt::format("{}:{}", gpu.index, instance.index);
      part.uuid = instance.uuid;
      part.name = instance.name;
      part.mig = true;
      part.memory_bytes = instance.memory_bytes;
      set_use(part, instance.processes, instance.memory_used_bytes);
      slots.push_back(std::move(part));
    }
  }
  return slots;
}

bool is_ambiguous(std::string_view uuid, const std::vector<GpuSlot>& slots) {
  const bool of_gpu = uuid.starts_with("GPU-");
  if (!of_gpu && !uuid.starts_with("MIG-")) {
    return false;
  }
  std::string_view found;
  for (const GpuSlot& slot : slots) {
    const std::string_view candidate = of_gpu ? slot.gpu_uuid : slot.uuid;
    if (!candidate.starts_with(uuid) || candidate == found) {
      continue;
    }
    if (candidate == uuid) {
      return false;  // written in full
    }
    if (!found.empty()) {
      // A later one may still be the whole of it.
      return std::none_of(slots.begin(), slots.end(), [&](const GpuSlot& other) {
        return (of_gpu ? other.gpu_uuid : other.uuid) == uuid;
      });
    }
    found = candidate;
  }
  return false;
}

bool suits(const GpuSlot& slot, const GpuWish& wish) {
  return slot.trouble.empty() &&
         (!wish.memory_bytes || is_sold_with(slot.memory_bytes.value_or(0), *wish.memory_bytes));
}

std::optional<std::vector<std::size_t>> choose_gpus(
    const std::vector<GpuSlot>& slots, const std::vector<std::vector<GpuDistance>>& distances,
    const GpuWish& wish) {
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (suits(slots[i], wish) && slots[i].use.empty()) {
      candidates.push_back(i);
    }
  }
  if (wish.count == 0 || candidates.size() < wish.count) {
    return std::nullopt;
  }
  std::stable_sort(candidates.begin(), candidates.end(), [&slots](std::size_t a, std::size_t b) {
    return slots[a].memory_bytes.value_or(0) < slots[b].memory_bytes.value_or(0);
  });
  std::vector<std::size_t> best = Search(slots, distances, wish.count).best_of(candidates);
  std::sort(best.begin(), best.end());
  return best;
}

}  // namespace berth::runtime
