// Whatever an engine, a helper or a file contains must not reach a terminal as it is: it may hold
// escape sequences.
#include "runtime/excerpt.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/text.hpp"

namespace berth::runtime {

namespace {

// The length of the character of UTF-8 that `bytes` begins with; 0 where there is none, or where it
// is a control character, which a terminal would obey.
std::size_t printable_length(std::string_view bytes) {
  const unsigned char first = static_cast<unsigned char>(bytes.front());
  if (first < 0x80) {
    return first >= ' ' && first != 0x7f ? 1 : 0;
  }
  const std::size_t length = first >= 0xf0 && first < 0xf5   ? 4
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xc3 && first < 0xe0
                                 ? 2
                                 : 0;  // below 0xc3: C1 controls, stray bytes
  if (length == 0 || bytes.size() < length) {
    return 0;
  }
  for (const char c : bytes.substr(1, length - 1)) {
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      return 0;
    }
  }
  const unsigned char second = static_cast<unsigned char>(bytes[1]);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool no_character = (first == 0xed && second >= 0xa0) || (first == 0xf4 && second >= 0x90);
  return overlong || no_character ? 0 : length;
}

}  // namespace

std::string excerpt(std::string_view bytes, std::size_t limit) {
  bytes = trimmed(bytes);
  const bool cut = bytes.size() > limit;
  std::string text;
  for (std::string_view left = bytes.substr(0, limit); !left.empty();) {
    const std::size_t length = printable_length(left);
    if (length > 0) {
      text += left.substr(0, length);
    } else if (left.front() == '\n') {
      text += "\\n";
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(left.front()));
    }
    left.remove_prefix(std::max<std::size_t>(1, length));
  }
  return cut ? text + "…" : text;
}

}  // namespace berth::runtime
