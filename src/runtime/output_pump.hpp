// OutputPump: from the container's attached stream to our standard output and standard error, in
// the order of arrival.
//
// It holds one read at a time and reads no further until that is written, so that a slow reader
// slows the command down and nothing piles up here.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/stream_frames.hpp"
#include "runtime/output_sink.hpp"

namespace berth::runtime {

class OutputPump {
 public:
  // `framed`: without a terminal, where both streams share the connection.
  OutputPump(AttachedStream& stream, bool framed, OutputSink& standard_output,
             OutputSink& standard_error);

  enum class State {
    busy,    // more to do at once: advance() returned to let others have their turn
    stream,  // waits for the container's stream to become readable
    sink,    // waits for sink() to become writable
    ended,   // the stream has ended and all of it is written
  };
  // As far as it goes without blocking. An error of the stream is final.
  Result<State> advance();

  // The sink that it waits for.
  const OutputSink& sink() const { return *sink_; }
  // Bytes read so far.
  std::size_t total() const { return total_; }

 private:
  Result<bool> take_next_piece();

  AttachedStream& stream_;
  const bool framed_;
  OutputSink& standard_output_;
  OutputSink& standard_error_;
  FrameDemultiplexer frames_{};
  std::vector<std::byte> buffer_;
  std::span<const std::byte> unframed_{};
  std::span<const std::byte> piece_{};  // still to be written to sink_
  OutputSink* sink_;
  std::size_t total_ = 0;
};

}  // namespace berth::runtime
