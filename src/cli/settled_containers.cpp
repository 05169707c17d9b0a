#include "cli/settled_containers.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "berth/runtime/run_labels.hpp"

namespace berth::cli {

namespace {

bool is_being_removed(const runtime::ContainerSummary& container) {
  return container.labels.contains(runtime::kStreamsLabel) && !container.is_up() &&
         container.state != "created";
}

}  // namespace

Result<std::vector<runtime::ContainerSummary>> settled_containers(runtime::Engine& engine) {
  constexpr std::chrono::milliseconds kStep{50};
  constexpr std::chrono::seconds kPatience{5};
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    BERTH_TRY(std::vector<runtime::ContainerSummary> containers, engine.list_containers({}, true));
    if (std::none_of(containers.begin(), containers.end(), is_being_removed) ||
        std::chrono::steady_clock::now() >= end) {
      return containers;
    }
    std::this_thread::sleep_for(kStep);
  }
}

}  // namespace berth::cli
