// Terminal detection and the few escape sequences that berth uses.
#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <spdlog/fmt/fmt.h>

namespace berth::cli {

namespace {

constexpr unsigned kUsualWidth = 80;

std::string_view sequence_of(Style style) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::bold:
      return "\x1b[1m";
    case Style::error:
      return "\x1b[1;31m";
    case Style::warning:
      return "\x1b[1;33m";
    case Style::note:
      return "\x1b[1m";
    case Style::hint:
      return "\x1b[1;36m";
    case Style::good:
      return "\x1b[1;32m";
    case Style::faint:
      return "\x1b[2m";
  }
  return "";
}

}  // namespace

Terminal Terminal::of(
    int fd, std::optional<bool> forced,
    const std::function<std::optional<std::string>(const std::string&)>& environment) {
  const auto set = [&environment](const char* name) {
    const std::optional<std::string> value = environment(name);
    return value && !value->empty() && *value != "0";
  };
  const bool dumb = environment("TERM").value_or("") == "dumb";
  const bool is_terminal = ::isatty(fd) == 1 && !dumb;
  bool color = is_terminal;
  if (set("FORCE_COLOR") || set("CLICOLOR_FORCE")) {
    color = true;
  }
  if (!environment("NO_COLOR").value_or("").empty()) {
    color = false;
  }
  Terminal terminal(is_terminal, forced.value_or(color), kUsualWidth);
  terminal.fd_ = fd;
  return terminal;
}

unsigned Terminal::width() const {
  winsize size{};
  if (fd_ >= 0 && ::ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col;
  }
  return fixed_width_;
}

std::string Terminal::styled(Style style, std::string_view text) const {
  if (!color_ || style == Style::plain) {
    return std::string(text);
  }
  return fmt::format("{}{}\x1b[0m", sequence_of(style), text);
}

std::string Terminal::rewind(unsigned lines) const {
  if (!is_terminal_ || lines == 0) {
    return "";
  }
  return fmt::format("\x1b[{}A\r\x1b[J", lines);
}

}  // namespace berth::cli
