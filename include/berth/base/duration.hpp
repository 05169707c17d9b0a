// Durations as people write them: 90s, 30m, 12h, 2d, 1h30m; a plain number is seconds.
#pragma once

#include <chrono>
#include <string_view>

#include "berth/base/result.hpp"

namespace berth {

// Errc::invalid_input for anything else, and for more than ten years. 0 means no limit.
Result<std::chrono::seconds> parse_duration(std::string_view text);

}  // namespace berth
