// OutputSink: one of our own output streams, written without ever blocking, whatever it is.
//
// O_NONBLOCK belongs to the open file, which we share with the shell and whoever else writes there;
// so a pipe or a terminal is opened once more, for ourselves. A socket takes MSG_DONTWAIT, and a
// file never blocks for long.
#pragma once

#include <cstddef>
#include <span>

#include "berth/base/file.hpp"

namespace berth::runtime {

class OutputSink {
 public:
  explicit OutputSink(int fd);

  // For poll(2), where write() took nothing.
  int poll_fd() const { return own_ ? own_.get() : fd_; }

  // How many bytes were taken; 0: none fit now. A stream that can take no more, for good, swallows
  // everything from then on: see error_number().
  std::size_t write(std::span<const std::byte> bytes);

  // EPIPE where nobody reads any more (or the terminal is gone), another number where writing
  // failed, else 0.
  int error_number() const { return error_number_; }

 private:
  enum class Kind { file, pipe_or_terminal, shared_pipe_or_terminal, socket, absent };

  int fd_;
  UniqueFd own_{};
  Kind kind_ = Kind::file;
  int error_number_ = 0;
};

// A second open file of the same pipe or terminal that does not block; empty where the system does
// not let us (a pipe of another user's).
UniqueFd reopened_nonblocking(int fd, int access_mode);

}  // namespace berth::runtime
