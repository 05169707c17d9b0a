// Durations: numbers with units, largest first or not, added up.
#include "berth/base/duration.hpp"

#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <cstdint>

#include "berth/base/text.hpp"

namespace berth {

namespace {

// Seconds in a unit; 0 for what is no unit.
std::uint64_t factor_of(std::string_view unit) {
  if (unit.empty() || unit == "s" || unit == "sec") {
    return 1;
  }
  if (unit == "m" || unit == "min") {
    return 60;
  }
  if (unit == "h") {
    return 60 * 60;
  }
  return unit == "d" ? 24 * 60 * 60 : 0;
}

}  // namespace

Result<std::chrono::seconds> parse_duration(std::string_view text) {
  constexpr std::uint64_t kLongest = 10ull * 366 * 24 * 60 * 60;
  const auto refuse = [&] {
    return fail(
        Errc::invalid_input,
        fmt::format("`{}` is no duration, expected for example 90s, 30m, 12h or 1h30m", text));
  };
  std::string_view rest = trimmed(text);
  if (rest.empty()) {
    return refuse();
  }
  std::uint64_t total = 0;
  while (!rest.empty()) {
    std::uint64_t number = 0;
    const std::from_chars_result read =
        std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (read.ec != std::errc() || number > kLongest) {
      return refuse();
    }
    rest.remove_prefix(static_cast<std::size_t>(read.ptr - rest.data()));
    const std::size_t end = rest.find_first_of("0123456789");
    const std::uint64_t factor = factor_of(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end);
    total += number * factor;
    if (factor == 0 || total > kLongest) {
      return refuse();
    }
  }
  return std::chrono::seconds(total);
}

}  // namespace berth
