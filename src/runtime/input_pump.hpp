// InputPump: from our standard input to the container's, with a half-close at its end. The command
// may end, or stop reading, at any time: that ends the pump and nothing else.
#pragma once

#include <cstddef>
#include <span>

#include "berth/base/file.hpp"
#include "berth/runtime/engine.hpp"
#include "runtime/stream_buffer.hpp"

namespace berth::runtime {

class InputPump {
 public:
  InputPump(int fd, AttachedStream& stream);

  enum class State {
    input,       // waits for poll_fd() to become readable
    background,  // the terminal belongs to another job: ask again later
    stream,      // waits for the container's stream to become writable
    ended,
  };
  // Reads at most once (`readable`: poll(2) said so), and writes what the engine takes.
  State advance(bool readable);

  // Goes on with another connection to the same command. What the broken one had taken may have
  // been lost with it.
  void resume(AttachedStream& stream);
  // Whether the terminal belongs to another job now.
  bool in_background() const;
  // The end of our input was passed on.
  bool has_ended() const { return ended_ && !broken_; }

  int poll_fd() const { return own_ ? own_.get() : fd_; }
  bool is_terminal() const { return terminal_; }

 private:
  State finish();

  const int fd_;
  UniqueFd own_{};  // the same pipe once more, not blocking
  bool terminal_ = false;
  AttachedStream* stream_;
  StreamBuffer buffer_;
  std::span<const std::byte> unsent_{};
  bool at_end_ = false;
  bool ended_ = false;
  bool broken_ = false;  // the stream takes no more
};

}  // namespace berth::runtime
