// Writing to whatever standard output is: a pipe, a terminal, a socket, a file, or nothing at all.
#include "runtime/output_sink.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace berth::runtime {

namespace {

bool is_writable_now(int fd) {
  pollfd waiting{fd, POLLOUT, 0};
  return ::poll(&waiting, 1, 0) > 0;
}

}  // namespace

UniqueFd reopened_nonblocking(int fd, int access_mode) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return UniqueFd(::open(path.c_str(), access_mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

OutputSink::OutputSink(int fd) : fd_(fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    kind_ = Kind::absent;
  } else if (S_ISSOCK(status.st_mode)) {
    kind_ = Kind::socket;
  } else if (S_ISFIFO(status.st_mode) || ::isatty(fd) == 1) {
    own_ = reopened_nonblocking(fd, O_WRONLY);
    kind_ = own_ ? Kind::pipe_or_terminal : Kind::shared_pipe_or_terminal;
  }
}

std::size_t OutputSink::write(std::span<const std::byte> bytes) {
  if (kind_ == Kind::absent || error_number_ != 0) {
    return bytes.size();  // a closed standard output is nobody's loss
  }
  std::size_t most = bytes.size();
  if (kind_ == Kind::shared_pipe_or_terminal) {
    // A pipe that poll(2) calls writable has room for this many.
    most = is_writable_now(fd_) ? std::min<std::size_t>(most, PIPE_BUF) : 0;
    if (most == 0) {
      return 0;
    }
  }
  while (true) {
    const ssize_t count = kind_ == Kind::socket
                              ? ::send(fd_, bytes.data(), most, MSG_DONTWAIT | MSG_NOSIGNAL)
                              : ::write(poll_fd(), bytes.data(), most);
    if (count >= 0) {
      return static_cast<std::size_t>(count);
    }
    if (errno == EAGAIN) {
      return 0;
    }
    if (errno != EINTR) {
      // A terminal that was closed answers EIO, a socket ECONNRESET.
      const bool gone = errno == ECONNRESET || (errno == EIO && ::isatty(fd_) == 1) ||
                        (errno == EIO && kind_ == Kind::pipe_or_terminal);
      error_number_ = gone ? EPIPE : errno;
      return bytes.size();
    }
  }
}

}  // namespace berth::runtime
