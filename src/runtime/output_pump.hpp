// OutputPump: from the container's attached stream to our standard output and standard error, in
// the order of arrival.
//
// It holds one read at a time and reads no further until that is written, so that a slow reader
// slows the command down and nothing piles up here.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/stream_frames.hpp"
#include "runtime/output_sink.hpp"
#include "runtime/output_tail.hpp"
#include "runtime/replay_filter.hpp"
#include "runtime/stream_buffer.hpp"

namespace berth::runtime {

class OutputPump {
 public:
  // `framed`: without a terminal, where both streams share the connection. `remembered` bytes of
  // each stream's end are kept.
  OutputPump(AttachedStream& stream, bool framed, int output_fd, int error_fd,
             std::size_t remembered);
  OutputPump(const OutputPump&) = delete;  // points into itself
  OutputPump& operator=(const OutputPump&) = delete;

  enum class State {
    busy,    // more to do at once: advance() returned to let others have their turn
    stream,  // waits for the container's stream to become readable
    sink,    // waits for sink() to become writable
    ended,   // the stream has ended and all of it is written
  };
  // As far as it goes without blocking. An error of the stream is final for that stream; so is an
  // end in the middle of a frame, which is one.
  Result<State> advance();

  // Goes on with a stream that begins again with the very first byte: what was passed on already
  // is passed over.
  void replay(AttachedStream& stream);

  // The sink that it waits for.
  const OutputSink& sink() const { return lane_->sink; }
  // Bytes read so far.
  std::size_t total() const { return total_; }
  const OutputSink& standard_output() const { return lanes_[0].sink; }
  const OutputSink& standard_error() const { return lanes_[1].sink; }
  const OutputTail& tail(OutputStream stream) const;

 private:
  struct Lane {
    OutputSink sink;
    OutputTail tail;
    std::optional<ReplayFilter> filter{};
  };

  Result<bool> take_next_piece();
  void take(std::span<const std::byte> bytes);

  AttachedStream* stream_;
  const bool framed_;
  FrameDemultiplexer frames_{};
  std::array<Lane, 2> lanes_;  // standard output, standard error
  Lane* lane_;
  StreamBuffer buffer_;
  std::span<const std::byte> unframed_{};
  std::span<const std::byte> piece_{};    // still to be written to lane_
  std::span<const std::byte> follows_{};  // after piece_, to the same lane
  std::size_t total_ = 0;
};

}  // namespace berth::runtime
