// Calls a function again and again on a thread of its own, until it goes.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

#include "berth/base/pause.hpp"

namespace berth::cli {

class Heartbeat {
 public:
  // Without a function it does nothing.
  Heartbeat(std::chrono::milliseconds interval, std::function<void()> beat) {
    if (beat) {
      thread_ = std::jthread([interval, beat = std::move(beat)](const std::stop_token& stop) {
        while (pause_for(interval, stop)) {
          beat();
        }
      });
    }
  }

 private:
  std::jthread thread_{};
};

}  // namespace berth::cli
