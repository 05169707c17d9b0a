#include "cli/environment_prune.hpp"

#include <algorithm>
#include <map>

namespace berth::cli {

namespace {

struct Entry {
  const KnownEnvironment* known = nullptr;
  std::size_t depth = 0;     // stages below it
  std::int64_t used = 0;     // or made, or something on it was
  std::size_t children = 0;  // that are still there
  bool pinned = false;
  bool removed = false;
};

class Pruning {
 public:
  Pruning(const std::vector<KnownEnvironment>& environments, const std::set<std::string>& in_use) {
    for (const KnownEnvironment& known : environments) {
      Entry& entry = entries_[known.key];
      entry.known = &known;
      entry.used = std::max(known.created, known.last_use());
      entry.pinned = in_use.contains(known.image_id);
      entry.depth = known.recipe ? known.recipe->stages.size() : 1;
      bytes_ += known.stage_bytes;
    }
    for (auto& [key, entry] : entries_) {
      order_.push_back(&entry);
    }
    // What is built on others first, so that those learn of it.
    std::sort(order_.begin(), order_.end(),
              [](const Entry* left, const Entry* right) { return left->depth > right->depth; });
    for (const Entry* entry : order_) {
      if (Entry* parent = parent_of(*entry)) {
        parent->used = std::max(parent->used, entry->used);
        parent->pinned = parent->pinned || entry->pinned;
        ++parent->children;
      }
    }
    std::stable_sort(order_.begin(), order_.end(), [](const Entry* left, const Entry* right) {
      return left->used < right->used;
    });
  }

  // Both count whole seconds: with `--older 0s` what was used within this one goes as well.
  void remove_older_than(std::int64_t moment) {
    for (Entry* entry : order_) {
      if (entry->used <= moment) {
        remove(*entry);
      }
    }
  }

  void remove_lonely_stages(std::int64_t made_before) {
    // Those on which they are built come later in the order of depth.
    std::vector<Entry*> deepest = order_;
    std::stable_sort(deepest.begin(), deepest.end(), [](const Entry* left, const Entry* right) {
      return left->depth > right->depth;
    });
    for (Entry* entry : deepest) {
      if (!entry->known->is_final() && entry->known->created <= made_before) {
        remove(*entry);
      }
    }
  }

  void remove_down_to(std::uint64_t bytes) {
    for (Entry* entry : order_) {
      if (bytes_ > bytes) {
        remove(*entry);
      }
    }
  }

  PrunePlan plan() && {
    for (const Entry* entry : order_) {
      if (!entry->removed) {
        plan_.kept.push_back(*entry->known);
      }
    }
    plan_.kept_bytes = bytes_;
    return std::move(plan_);
  }

 private:
  Entry* parent_of(const Entry& entry) {
    const auto parent = entries_.find(entry.known->parent());
    return parent == entries_.end() ? nullptr : &parent->second;
  }

  // Nothing else can go without what is built on it.
  void remove(Entry& entry) {
    if (entry.removed || entry.pinned || entry.children > 0) {
      return;
    }
    entry.removed = true;
    plan_.removed.push_back(*entry.known);
    plan_.removed_bytes += entry.known->stage_bytes;
    bytes_ -= entry.known->stage_bytes;
    if (Entry* parent = parent_of(entry)) {
      --parent->children;
    }
  }

  std::map<std::string, Entry> entries_{};  // by key
  std::vector<Entry*> order_{};             // least recently used first
  std::uint64_t bytes_ = 0;
  PrunePlan plan_{};
};

}  // namespace

PrunePlan plan_prune(const std::vector<KnownEnvironment>& environments,
                     const std::set<std::string>& in_use, const PruneLimits& limits,
                     std::int64_t now) {
  Pruning pruning(environments, in_use);
  const std::chrono::seconds lonely =
      std::min<std::chrono::seconds>(limits.older.value_or(kLonelyStageAge), kLonelyStageAge);
  if (limits.older) {
    pruning.remove_older_than(now - limits.older->count());
  }
  pruning.remove_lonely_stages(now - lonely.count());
  if (limits.keep_bytes) {
    pruning.remove_down_to(*limits.keep_bytes);
    pruning.remove_lonely_stages(now - lonely.count());
  }
  return std::move(pruning).plan();
}

}  // namespace berth::cli
