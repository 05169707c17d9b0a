// Sizes in bytes, in docker's spelling: 64m, 16g, 1.5GiB. k, m, g, t are powers of 1024, as docker
// has them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "berth/base/result.hpp"

namespace berth {

// Errc::invalid_input for anything that is not a size, is negative, or does not fit.
Result<std::uint64_t> parse_bytes(std::string_view text);

// For people: "4.2 GiB".
std::string format_bytes(std::uint64_t bytes);

}  // namespace berth
