// termios(3) around a command that owns the terminal.
#include "berth/runtime/raw_terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace berth::runtime {

Result<RawTerminal> RawTerminal::enter(int fd) {
  termios before{};
  if (::tcgetattr(fd, &before) == 0) {
    termios raw = before;
    ::cfmakeraw(&raw);
    if (::tcsetattr(fd, TCSADRAIN, &raw) == 0) {
      return RawTerminal(fd, before);
    }
  }
  return fail(Errc::io, "cannot take over the terminal: " +
                            std::error_code(errno, std::generic_category()).message());
}

RawTerminal::RawTerminal(RawTerminal&& other) noexcept
    : fd_(other.fd_), before_(std::exchange(other.before_, std::nullopt)) {}

void RawTerminal::restore() {
  if (before_.has_value()) {
    // Not TCSAFLUSH: what was typed ahead is meant for the shell.
    ::tcsetattr(fd_, TCSADRAIN, &*before_);
    before_.reset();
  }
}

std::optional<ContainerSpec::ConsoleSize> terminal_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
    return std::nullopt;
  }
  return ContainerSpec::ConsoleSize{size.ws_row, size.ws_col};
}

}  // namespace berth::runtime
