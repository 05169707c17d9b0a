#include "cli/settled_containers.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "berth/runtime/run_labels.hpp"

namespace berth::cli {

namespace {

using Clock = std::chrono::steady_clock;

// Until when the container may be one that is just being taken down. An engine calls it running for
// a moment after its end.
Clock::duration patience_with(const runtime::ContainerSummary& container) {
  if (!container.labels.contains(runtime::kStreamsLabel) || container.state == "created") {
    return Clock::duration::zero();
  }
  return container.is_up() ? std::chrono::seconds(1) : std::chrono::seconds(5);
}

}  // namespace

Result<std::vector<runtime::ContainerSummary>> settled_containers(runtime::Engine& engine) {
  constexpr std::chrono::milliseconds kStep{50};
  const Clock::time_point began = Clock::now();
  while (true) {
    BERTH_TRY(std::vector<runtime::ContainerSummary> containers, engine.list_containers({}, true));
    const Clock::duration waited = Clock::now() - began;
    if (std::none_of(containers.begin(), containers.end(),
                     [waited](const auto& one) { return waited < patience_with(one); })) {
      return containers;
    }
    std::this_thread::sleep_for(kStep);
  }
}

}  // namespace berth::cli
