// Writing JSON from texts that a user gave: JSON carries UTF-8 alone, a command line anything.
#pragma once

#include <nlohmann/json.hpp>

#include "berth/base/result.hpp"

namespace berth::runtime {

// Errc::invalid_input, naming the first text in it that is not UTF-8.
Result<void> check_encodable(const nlohmann::ordered_json& json);

}  // namespace berth::runtime
