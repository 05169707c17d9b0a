// Progress of a pull, on standard error: on a terminal a bar per layer and one for the whole,
// redrawn at most ten times a second; elsewhere one line per change of state, and no byte counters.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "berth/runtime/engine.hpp"
#include "cli/live_lines.hpp"
#include "cli/terminal.hpp"

namespace berth::cli {

class PullProgress {
 public:
  using Clock = std::chrono::steady_clock;

  PullProgress(std::ostream& stream, const Terminal& terminal)
      : stream_(stream), terminal_(terminal), drawn_(stream, terminal) {}

  void show(const runtime::PullEvent& event, Clock::time_point now = Clock::now());
  // Draws the last state, so that the bars do not stop short of the end.
  void finish();

 private:
  struct Layer {
    std::string id;
    std::string status;
    std::uint64_t current = 0;
    std::uint64_t total = 0;
    bool done = false;
  };

  Layer& layer(const std::string& id);
  void show_line(const runtime::PullEvent& event, const std::string& before);
  void draw();
  std::string bar(const Layer& layer) const;
  std::string total_bar() const;

  std::ostream& stream_;
  const Terminal& terminal_;
  std::vector<Layer> layers_;  // in the order of their first event
  std::map<std::string, std::size_t> index_;
  std::string headline_;  // the latest line about the whole image
  LiveLines drawn_;
  Clock::time_point next_draw_{};
};

}  // namespace berth::cli
