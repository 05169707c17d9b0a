#include "berth/base/file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace berth {

namespace {

std::string reason(int error_number) {
  return std::error_code(error_number, std::generic_category()).message();
}

Failure cannot(std::string_view what, const std::filesystem::path& path, int error_number) {
  const Errc code = error_number == ENOENT ? Errc::not_found : Errc::io;
  return fail(code, fmt::format("cannot {} `{}`: {}", what, path.string(), reason(error_number)));
}

// Until the writer of a pipe, or the user at a terminal, has written something or left.
int wait_for_more(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, -1) < 0 && errno != EINTR ? errno : 0;
}

bool is_pipe(const struct stat& status) {
  return S_ISFIFO(status.st_mode);
}

// Without blocking: a named pipe that nobody writes to would be waited for without end, as early as
// when it is opened. Where somebody has it open, there is something to wait for.
Result<std::string> read_all(int fd, const std::filesystem::path& path, std::size_t limit) {
  std::string content;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EAGAIN) {
      if (const int error_number = wait_for_more(fd); error_number != 0) {
        return cannot("read", path, error_number);
      }
      continue;
    }
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return cannot("read", path, errno);
    }
    if (count == 0) {
      return content;
    }
    content.append(buffer.data(), static_cast<std::size_t>(count));
    if (content.size() > limit) {
      return fail(Errc::invalid_input,
                  fmt::format("`{}` is larger than {} MiB", path.string(), limit >> 20));
    }
  }
}

struct OpenFile {
  UniqueFd fd;
  struct stat status {};
};

Result<OpenFile> open_file(const std::filesystem::path& path) {
  OpenFile file;
  file.fd = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.fd || ::fstat(file.fd.get(), &file.status) != 0) {
    return cannot("read", path, errno);
  }
  return file;
}

}  // namespace

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) {
    ::close(fd_);
  }
  fd_ = fd;
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  BERTH_TRY(const OpenFile file, open_file(path));
  BERTH_TRY(std::string content, read_all(file.fd.get(), path, limit));
  if (content.empty() && is_pipe(file.status)) {
    return fail(Errc::io,
                fmt::format("`{}` is a pipe, and nobody writes anything to it", path.string()));
  }
  return content;
}

Result<std::string> read_regular_file(const std::filesystem::path& path, std::size_t limit) {
  BERTH_TRY(const OpenFile file, open_file(path));
  if (!S_ISREG(file.status.st_mode)) {
    return fail(Errc::io, fmt::format("`{}` is no regular file", path.string()));
  }
  return read_all(file.fd.get(), path, limit);
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  std::string temporary = path.string() + ".XXXXXX";
  const UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) {
    return cannot("write", path, errno);
  }
  int error_number = 0;
  while (!content.empty() && error_number == 0) {
    const ssize_t count = ::write(file.get(), content.data(), content.size());
    if (count >= 0) {
      content.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      error_number = errno;
    }
  }
  constexpr mode_t kReadableByAll = 0644;
  if (error_number == 0 && ::fchmod(file.get(), kReadableByAll) != 0) {
    error_number = errno;
  }
  if (error_number == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) {
    error_number = errno;
  }
  if (error_number != 0) {
    ::unlink(temporary.c_str());
    return cannot("write", path, error_number);
  }
  return {};
}

}  // namespace berth
