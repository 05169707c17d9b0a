#include "berth/base/dotted_version.hpp"

#include <algorithm>
#include <charconv>

namespace berth {

namespace detail {

namespace {
constexpr unsigned kMaxPart = 999'999'999;
}  // namespace

std::optional<DottedParts> parse_dotted(std::string_view text) {
  DottedParts parts;
  const char* position = text.data();
  const char* const end = text.data() + text.size();
  while (true) {
    unsigned value = 0;
    const std::from_chars_result read = std::from_chars(position, end, value);
    if (read.ec != std::errc() || value > kMaxPart || parts.size == DottedParts::kMost) {
      return std::nullopt;
    }
    parts.values[parts.size++] = value;
    if (read.ptr == end) {
      return parts;
    }
    if (*read.ptr != '.') {
      return std::nullopt;
    }
    position = read.ptr + 1;
  }
}

}  // namespace detail

std::optional<ComputeCapability> ComputeCapability::parse(std::string_view text) {
  for (const std::string_view prefix : {"sm_", "compute_", "SM_"}) {
    if (!text.starts_with(prefix)) {
      continue;
    }
    text.remove_prefix(prefix.size());
    if (text.ends_with('a') || text.ends_with('f')) {
      text.remove_suffix(1);
    }
    const bool digits =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || text.size() < 2 || text.size() > 4) {
      return std::nullopt;
    }
    unsigned number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return ComputeCapability{number / 10, number % 10};
  }
  const std::optional<detail::DottedParts> parts = detail::parse_dotted(text);
  if (!parts || parts->size != 2 || parts->values[1] > 9) {
    return std::nullopt;
  }
  return ComputeCapability{parts->values[0], parts->values[1]};
}

}  // namespace berth
