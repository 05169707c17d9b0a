// Files, read and written whole, with errors that name the path and the reason.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "berth/base/result.hpp"

namespace berth {

// The whole content. Errc::not_found where nothing is there, Errc::io where it cannot be read (a
// folder, no permission), Errc::invalid_input above the limit: project files are small, and
// /dev/zero is no requirements.txt. A pipe is read while somebody has it open for writing, as for
// `--spec <(generate)` and /dev/stdin; Errc::io where nobody has, rather than waiting for one.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 32u << 20);

// For what is found by its name rather than named by the user: Errc::io for anything but a file.
Result<std::string> read_regular_file(const std::filesystem::path& path,
                                      std::size_t limit = 32u << 20);

// Written beside the target and renamed over it, so that a reader sees the old content or the new.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content);

// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset(other.release());
    }
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

}  // namespace berth
