// How a document says that something is not known: null, whatever its type.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace berth::cli {

inline nlohmann::ordered_json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
}

// Of a mode by its name: "unknown" is what is not known.
inline nlohmann::ordered_json mode_or_null(std::string_view name) {
  return name == "unknown" ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(name);
}

// Of anything that has a text().
template <class Value>
nlohmann::ordered_json version_or_null(const std::optional<Value>& value) {
  return value ? nlohmann::ordered_json(value->text()) : nlohmann::ordered_json(nullptr);
}

}  // namespace berth::cli
