// Messages quote what users and files contain; a terminal must not execute it and JSON must be able
// to carry it.
#include "berth/base/printable.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace berth {

namespace {

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

// The length of a UTF-8 lead byte's sequence; 0 for what cannot begin one.
std::size_t sequence_length(unsigned char lead) {
  if (lead >= 0xC2 && lead <= 0xDF) {
    return 2;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    return 3;
  }
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

// Refuses overlong forms, surrogates and values above U+10FFFF, all of which show in the second
// byte.
bool fits_lead(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0;
    case 0xED:
      return second <= 0x9F;
    case 0xF0:
      return second >= 0x90;
    case 0xF4:
      return second <= 0x8F;
    default:
      return true;
  }
}

// The length of the printable character that `text` begins with; 0 where there is none.
std::size_t character_length(std::string_view text) {
  const unsigned char lead = static_cast<unsigned char>(text[0]);
  if (lead >= 0x20 && lead < 0x7F) {
    return 1;
  }
  const std::size_t length = sequence_length(lead);
  if (length == 0 || text.size() < length ||
      !std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(length),
                   is_continuation)) {
    return 0;
  }
  const unsigned char second = static_cast<unsigned char>(text[1]);
  const bool control = lead == 0xC2 && second < 0xA0;  // U+0080 to U+009F
  return fits_lead(lead, second) && !control ? length : 0;
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    const std::string piece = length > 0
                                  ? std::string(text.substr(0, length))
                                  : fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    if (shown.size() + piece.size() > limit) {
      return shown + "…";
    }
    shown += piece;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return shown;
}

}  // namespace berth
