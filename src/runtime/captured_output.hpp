// What a short-lived program prints, for facts that only another program knows (git).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace berth::runtime {

// Standard output of argv, run with empty standard input and its errors discarded. Absent where it
// cannot be started, ends with another status than 0, or takes longer than `limit` (then it is
// killed).
std::optional<std::string> captured_output(const std::vector<std::string>& argv,
                                           std::chrono::milliseconds limit);

}  // namespace berth::runtime
