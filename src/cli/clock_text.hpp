// Moments as people and engines write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "berth/base/result.hpp"

namespace berth::cli {

// How long ago: "12 seconds ago", "3 hours ago"; the largest unit that is at least 2 of, as docker
// has it. Both in seconds since 1970.
std::string ago(std::int64_t then, std::int64_t now);

// "2026-08-01T12:00:00Z"; empty for 0.
std::string utc_text(std::int64_t seconds);

// --since and --until for the engine, in seconds since 1970 with nine digits behind the point:
//   10m, 1h30m         so long before `now`
//   2026-08-01T12:00:00[.5](Z|+02:00), 2026-08-01T12:00[:00], 2026-08-01; without a zone local time
//   1785585600[.5]     as it is, from nine digits on
// Errc::usage, naming `option`, for anything else.
Result<std::string> parse_moment(std::string_view option, std::string_view text, std::int64_t now);

}  // namespace berth::cli
