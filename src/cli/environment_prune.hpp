// Which environments `berth env prune` removes. Pure: the engine is asked before, and told after.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/environment_list.hpp"

namespace berth::cli {

struct PruneLimits {
  std::optional<std::chrono::seconds> older{};  // not used for so long
  std::optional<std::uint64_t> keep_bytes{};    // of what is left, the least recently used go
};

// Where nothing else is said.
inline constexpr std::chrono::hours kPruneAge{30 * 24};
// A stage on which nothing is built goes after a day at most. Before, it may be what a failed build
// has left for the next try, or what a build is about to go on with.
inline constexpr std::chrono::hours kLonelyStageAge{24};

struct PrunePlan {
  std::vector<KnownEnvironment> removed{};  // each before what it is built on
  std::vector<KnownEnvironment> kept{};
  std::uint64_t removed_bytes = 0;
  std::uint64_t kept_bytes = 0;  // stages that environments share counted once
};

// A use is the latest of an environment's own uses and those of what is built on it; one that was
// never used counts from its creation. What is in `in_use` (ids of images that containers use)
// stays, and what it is built on. `now`: seconds since 1970.
PrunePlan plan_prune(const std::vector<KnownEnvironment>& environments,
                     const std::set<std::string>& in_use, const PruneLimits& limits,
                     std::int64_t now);

}  // namespace berth::cli
