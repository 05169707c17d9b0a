// Writing JSON from texts that a user gave: JSON carries UTF-8 alone, a command line anything.
#pragma once

#include <nlohmann/json.hpp>

#include "berth/base/result.hpp"

namespace berth::runtime {

// Errc::invalid_input, naming the first text in it that is not UTF-8.
Result<void> check_encodable(const nlohmann::ordered_json& json);

// What was not asked for is not sent, so that the engine's own default holds.
template <class Value>
void set_unless_empty(nlohmann::ordered_json& json, const char* key, const Value& value) {
  if (!value.empty()) {
    json[key] = value;
  }
}

}  // namespace berth::runtime
