// Text from outside, made fit for a message: one line, no control characters, valid UTF-8, not
// endless.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth {

// Control characters and bytes that are no UTF-8 become \xNN; what is longer than `limit` bytes
// ends in "…".
std::string printable(std::string_view text, std::size_t limit = 120);

}  // namespace berth
