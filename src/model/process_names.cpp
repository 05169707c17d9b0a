// Names that the kernel and the terminal know: capabilities, signals, detach keys.
#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <csignal>
#include <cstring>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "berth/model/container_options.hpp"

namespace berth {

namespace {

Failure malformed(std::string_view text, std::string_view what) {
  return fail(Errc::usage, fmt::format("`{}` {}", printable(text), what));
}

std::string without_prefix(std::string text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

// Real-time signals are named from both ends of their range.
bool is_realtime_signal(std::string_view name) {
  int offset = 0;
  const bool from_first = name.starts_with("RTMIN");
  if (!from_first && !name.starts_with("RTMAX")) {
    return false;
  }
  const std::string_view rest = name.substr(5);
  if (rest.empty()) {
    return true;
  }
  const std::from_chars_result read =
      std::from_chars(rest.data() + 1, rest.data() + rest.size(), offset);
  return rest[0] == (from_first ? '+' : '-') && read.ec == std::errc() &&
         read.ptr == rest.data() + rest.size() && offset > 0 && offset <= SIGRTMAX - SIGRTMIN;
}

bool is_key(const std::string& key) {
  if (key.size() == 1) {
    return key[0] > ' ' && key[0] < '\x7f';
  }
  constexpr std::string_view kControl = "ctrl-";
  return key == "del" || (key.size() == kControl.size() + 1 && key.starts_with(kControl) &&
                          std::string_view("abcdefghijklmnopqrstuvwxyz@[\\]^_").find(key.back()) !=
                              std::string_view::npos);
}

}  // namespace

Result<std::string> parse_capability(std::string_view text) {
  const std::string name = without_prefix(raised(text), "CAP_");
  if (name.empty() ||
      name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != std::string::npos) {
    return malformed(text, "is no capability, expected for example SYS_PTRACE, or ALL");
  }
  return name == "ALL" ? name : "CAP_" + name;
}

Result<std::string> parse_signal(std::string_view text) {
  const std::string name = without_prefix(raised(text), "SIG");
  for (int number = 1; number < SIGRTMIN; ++number) {
    const char* known = ::sigabbrev_np(number);
    if (known != nullptr && (name == known || text == std::to_string(number))) {
      return std::string("SIG") + known;
    }
  }
  if (is_realtime_signal(name)) {
    return "SIG" + name;
  }
  return malformed(text, "is no signal, expected a name as TERM, or a number");
}

Result<void> check_detach_keys(std::string_view text) {
  for (const std::string& key : split(text, ',')) {
    if (!is_key(lowered(key))) {
      return malformed(text, fmt::format("has no key `{}`, expected for example `ctrl-p,ctrl-q`",
                                         printable(key)));
    }
  }
  return {};
}

}  // namespace berth
