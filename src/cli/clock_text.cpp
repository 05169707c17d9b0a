#include "cli/clock_text.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <optional>

#include "berth/base/duration.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"

namespace berth::cli {

namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Takes ".5" off the front: "500000000"; nine zeros where there is none, nullopt for a bad one.
std::optional<std::string> take_fraction(std::string_view& text) {
  constexpr std::size_t kDigits = 9;
  std::string digits;
  if (text.starts_with('.')) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    digits = text.substr(1, end - 1);
    if (digits.empty() || digits.size() > kDigits) {
      return std::nullopt;
    }
    text.remove_prefix(end);
  }
  digits.resize(kDigits, '0');
  return digits;
}

// "Z" or "+02:00", in seconds east of Greenwich.
std::optional<std::int64_t> zone_offset(std::string_view zone) {
  if (zone == "Z" || zone == "z") {
    return 0;
  }
  const bool formed = zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':' &&
                      all_digits(zone.substr(1, 2)) && all_digits(zone.substr(4, 2));
  if (!formed) {
    return std::nullopt;
  }
  const std::int64_t size = ((zone[1] - '0') * 10 + zone[2] - '0') * kHour +
                            ((zone[4] - '0') * 10 + zone[5] - '0') * kMinute;
  return zone[0] == '-' ? -size : size;
}

std::optional<std::string> from_calendar(std::string_view text) {
  const std::string copy(text);
  std::tm broken{};
  const char* rest = nullptr;
  for (const char* form : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
    broken = {};
    rest = ::strptime(copy.c_str(), form, &broken);
    if (rest != nullptr) {
      break;
    }
  }
  if (rest == nullptr) {
    return std::nullopt;
  }
  std::string_view left(rest);
  const std::optional<std::string> fraction = take_fraction(left);
  if (!fraction) {
    return std::nullopt;
  }
  if (left.empty()) {
    broken.tm_isdst = -1;
    return fmt::format("{}.{}", std::mktime(&broken), *fraction);
  }
  const std::optional<std::int64_t> offset = zone_offset(left);
  if (!offset) {
    return std::nullopt;
  }
  return fmt::format("{}.{}", ::timegm(&broken) - *offset, *fraction);
}

std::optional<std::string> from_number(std::string_view text) {
  constexpr std::size_t kFewest = 9;  // fewer are seconds to go back
  constexpr std::size_t kMost = 12;
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  std::string_view rest = text.substr(point);
  if (!all_digits(whole) || whole.size() < kFewest || whole.size() > kMost) {
    return std::nullopt;
  }
  const std::optional<std::string> fraction = take_fraction(rest);
  return fraction && rest.empty() ? std::optional(fmt::format("{}.{}", whole, *fraction))
                                  : std::nullopt;
}

}  // namespace

std::string ago(std::int64_t then, std::int64_t now) {
  const std::int64_t seconds = std::max<std::int64_t>(0, now - then);
  const auto said = [](std::int64_t count, const char* unit) {
    return fmt::format("{} {}{} ago", count, unit, count == 1 ? "" : "s");
  };
  if (seconds < 2 * kMinute) {
    return said(seconds, "second");
  }
  if (seconds < 2 * kHour) {
    return said(seconds / kMinute, "minute");
  }
  return seconds < 2 * kDay ? said(seconds / kHour, "hour") : said(seconds / kDay, "day");
}

std::string utc_text(std::int64_t seconds) {
  if (seconds == 0) {
    return {};
  }
  const std::time_t time = seconds;
  std::tm broken{};
  if (::gmtime_r(&time, &broken) == nullptr) {
    return {};
  }
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", broken.tm_year + 1900,
                     broken.tm_mon + 1, broken.tm_mday, broken.tm_hour, broken.tm_min,
                     broken.tm_sec);
}

Result<std::string> parse_moment(std::string_view option, std::string_view text, std::int64_t now) {
  const std::string_view word = trimmed(text);
  if (const std::optional<std::string> moment = from_number(word)) {
    return *moment;
  }
  if (const Result<std::chrono::seconds> back = parse_duration(word)) {
    return fmt::format("{}.000000000", now - back->count());
  }
  if (const std::optional<std::string> moment = from_calendar(word)) {
    return *moment;
  }
  return fail(Error{
      Errc::usage, fmt::format("`{} {}` is neither a time nor a duration", option, printable(text))}
                  .note("expected for example 10m, 2h30m, 2026-08-01 or 2026-08-01T12:00:00Z"));
}

}  // namespace berth::cli
