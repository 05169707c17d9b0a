#include "berth/base/bytes.hpp"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <charconv>
#include <cmath>

#include "berth/base/text.hpp"

namespace berth {

namespace {

// The factor of a unit; 0 for what is no unit.
double factor_of(const std::string& unit) {
  constexpr std::string_view kLetters = "kmgtp";
  if (unit.empty() || unit == "b") {
    return 1;
  }
  const std::size_t power = kLetters.find(unit[0]);
  const std::string_view rest = std::string_view(unit).substr(1);
  if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib")) {
    return 0;
  }
  return std::pow(1024.0, static_cast<double>(power + 1));
}

}  // namespace

Result<std::uint64_t> parse_bytes(std::string_view text) {
  constexpr double kLimit = 9.0e18;  // below 2^63: what the engine's API can carry
  const std::string_view body = trimmed(text);
  double number = 0;
  const std::from_chars_result read =
      std::from_chars(body.data(), body.data() + body.size(), number, std::chars_format::fixed);
  const std::string unit =
      lowered(trimmed(body.substr(static_cast<std::size_t>(read.ptr - body.data()))));
  const double bytes = number * factor_of(unit);
  if (read.ec != std::errc() || factor_of(unit) == 0 || !(bytes >= 0) || bytes > kLimit) {
    return fail(Error{Errc::invalid_input, fmt::format("`{}` is not a size", text)}.note(
        "a size is a number and a unit: 512m, 16g, 1.5GiB"));
  }
  return static_cast<std::uint64_t>(bytes);
}

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits.at(unit));
}

}  // namespace berth
