// InputPump: from our standard input to the container's, with a half-close at its end. The command
// may end, or stop reading, at any time: that ends the pump and nothing else.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "berth/base/file.hpp"
#include "berth/runtime/engine.hpp"

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

  int poll_fd() const { return own_ ? own_.get() : fd_; }
  bool is_terminal() const { return terminal_; }

 private:
  State finish();
  bool in_background() const;

  const int fd_;
  UniqueFd own_{};  // the same pipe once more, not blocking
  bool terminal_ = false;
  AttachedStream& stream_;
  std::vector<std::byte> buffer_;
  std::span<const std::byte> unsent_{};
  bool at_end_ = false;
  bool ended_ = false;
};

}  // namespace berth::runtime
