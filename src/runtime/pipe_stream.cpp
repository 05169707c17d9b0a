#include "runtime/pipe_stream.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace berth::runtime {

namespace {

// The most that an unprivileged process may have (/proc/sys/fs/pipe-max-size): fewer turns for the
// same bytes. A user with many pipes gets smaller ones.
constexpr int kPipeSize = 1 << 20;

Failure broken(const char* doing) {
  return fail(Errc::io, fmt::format("{} the command's pipe failed: {}", doing,
                                    std::error_code(errno, std::generic_category()).message()));
}

}  // namespace

Result<AttachedStream::ReadResult> PipeStream::read(std::span<std::byte> buffer) {
  while (true) {
    const ssize_t count = ::read(end_.get(), buffer.data(), buffer.size());
    if (count > 0) {
      return ReadResult{ReadState::data, static_cast<std::size_t>(count)};
    }
    if (count == 0) {
      return ReadResult{ReadState::end, 0};
    }
    if (errno == EAGAIN) {
      return ReadResult{ReadState::would_block, 0};
    }
    if (errno != EINTR) {
      return broken("reading");
    }
  }
}

// SIGPIPE is ignored by the sessions; a command that has closed its input ends ours.
Result<std::size_t> PipeStream::write(std::span<const std::byte> bytes) {
  while (true) {
    const ssize_t count = ::write(end_.get(), bytes.data(), bytes.size());
    if (count >= 0) {
      return static_cast<std::size_t>(count);
    }
    if (errno == EAGAIN) {
      return std::size_t{0};
    }
    if (errno != EINTR) {
      return broken("writing");
    }
  }
}

Result<void> PipeStream::close_write() {
  end_.reset();
  return {};
}

Result<Pipe> make_pipe(PipeEnd ours) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return broken("making");
  }
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  ::fcntl(ends[1], F_SETPIPE_SZ, kPipeSize);
  ::fcntl(ours == PipeEnd::reading ? ends[0] : ends[1], F_SETFL, O_NONBLOCK);
  // /dev/stdout opens the pipe once more, by its owner and mode: the command's user is another.
  ::fchmod(ends[0], 0666);
  return pipe;
}

}  // namespace berth::runtime
