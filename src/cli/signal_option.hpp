// --signal: TERM, SIGTERM, 15, RTMIN+3.
#pragma once

#include <optional>
#include <string>

#include "berth/base/result.hpp"

namespace berth::cli {

// As Engine::kill() takes it, without SIG. Errc::usage for what is no signal.
Result<std::optional<std::string>> parse_signal_option(const std::optional<std::string>& text);

}  // namespace berth::cli
