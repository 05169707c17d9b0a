// Progress of an environment's build, on standard error: on a terminal one line that is redrawn, of
// the step, the package, its bytes and the time, which becomes the step's line when that ends;
// elsewhere one line per step.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include "berth/environment/build_activity.hpp"
#include "cli/live_lines.hpp"
#include "cli/messages.hpp"

namespace berth::cli {

class EnvironmentProgress {
 public:
  using Clock = std::chrono::steady_clock;

  // `lines`: one per step on a terminal, too, where others write to it meanwhile.
  EnvironmentProgress(Messages& messages, bool lines)
      : messages_(messages),
        live_(!lines && !messages.quiet() && messages.terminal().is_terminal()),
        drawn_(messages.stream(), messages.terminal()) {}
  EnvironmentProgress(const EnvironmentProgress&) = delete;
  EnvironmentProgress& operator=(const EnvironmentProgress&) = delete;
  // However the build has ended, what follows begins in a line of its own.
  ~EnvironmentProgress() { end(); }

  bool is_live() const { return live_; }

  void step(std::string_view text, Clock::time_point now = Clock::now());
  void line(std::string_view text, Clock::time_point now = Clock::now());
  void count(std::uint64_t done, std::uint64_t total, Clock::time_point now = Clock::now());
  // The container is done, and an image is made of it.
  void commit(Clock::time_point now = Clock::now());
  // Time passes. May be called by another thread.
  void beat(Clock::time_point now = Clock::now());
  void end(Clock::time_point now = Clock::now());

 private:
  void end_step(Clock::time_point now);
  void draw(Clock::time_point now);
  void draw_if_due(Clock::time_point now);

  Messages& messages_;
  const bool live_;
  LiveLines drawn_;
  std::mutex mutex_{};
  std::string step_{};  // empty: none is under way
  Clock::time_point began_{};
  Clock::time_point next_draw_{};
  environment::BuildActivity activity_{};
  bool committing_ = false;
};

}  // namespace berth::cli
