// ReplayFilter: after a broken connection the engine replays a stream from its log; this passes on
// only what our reader has not had yet.
//
// The log is not simply the stream again. What a dying daemon had passed on and not yet logged is
// missing in it, and the beginning of a line that was cut in two may be, too. So the replay is held
// against the end of what was delivered: where the two part, new output begins, from the start of
// that line. Lines that are equal to the ones that were lost cannot be told from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "runtime/output_tail.hpp"

namespace berth::runtime {

class ReplayFilter {
 public:
  // What was delivered so far: how much, and how it ended.
  explicit ReplayFilter(const OutputTail& delivered);

  // The part of `bytes` (the next of the replay) that is new, as one or two pieces: `held` first, a
  // piece of a line that looked like a repetition until now. Valid until the next call.
  struct Fresh {
    std::span<const std::byte> held{};
    std::span<const std::byte> rest{};
  };
  Fresh pass(std::span<const std::byte> bytes);

 private:
  std::uint64_t unseen_;  // delivered bytes before the tail, which are passed over unread
  std::string tail_;      // what the replay is held against
  std::size_t matched_ = 0;
  std::string held_{};
  bool fresh_ = false;  // all that comes is new
};

}  // namespace berth::runtime
