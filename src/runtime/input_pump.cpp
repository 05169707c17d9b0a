// Reads standard input as it comes. A terminal is left alone while berth is in the background:
// reading would stop the job (SIGTTIN), and `berth run … &` is no less welcome than `python … &`.
#include "runtime/input_pump.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/output_sink.hpp"

namespace berth::runtime {

namespace {

constexpr std::size_t kBufferSize = 256u << 10;

}  // namespace

InputPump::InputPump(int fd, AttachedStream& stream)
    : fd_(fd), terminal_(::isatty(fd) == 1), stream_(&stream), buffer_(kBufferSize) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    at_end_ = true;  // closed from the beginning
  } else if (S_ISFIFO(status.st_mode)) {
    own_ = reopened_nonblocking(fd, O_RDONLY);  // others may read the same pipe
  }
}

bool InputPump::in_background() const {
  const pid_t foreground =
      terminal_ ? ::tcgetpgrp(fd_) : -1;  // -1 too where it is not our terminal
  return foreground >= 0 && foreground != ::getpgrp();
}

InputPump::State InputPump::finish() {
  ended_ = true;
  return State::ended;
}

void InputPump::resume(AttachedStream& stream) {
  stream_ = &stream;
  ended_ = ended_ && !broken_;
  broken_ = false;
}

InputPump::State InputPump::advance(bool readable) {
  if (ended_) {
    return State::ended;
  }
  if (unsent_.empty() && !at_end_ && in_background()) {
    return State::background;
  }
  if (unsent_.empty() && !at_end_ && readable) {
    const ssize_t count = ::read(poll_fd(), buffer_.all().data(), buffer_.all().size());
    if (count > 0) {
      unsent_ = buffer_.first(static_cast<std::size_t>(count));
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
      at_end_ = true;  // an input that fails ends there
    }
  }
  while (!unsent_.empty()) {
    const Result<std::size_t> taken = stream_->write(unsent_);
    if (!taken) {
      broken_ = true;
      return finish();
    }
    if (*taken == 0) {
      return State::stream;
    }
    unsent_ = unsent_.subspan(*taken);
  }
  if (at_end_) {
    static_cast<void>(stream_->close_write());
    return finish();
  }
  return State::input;
}

}  // namespace berth::runtime
