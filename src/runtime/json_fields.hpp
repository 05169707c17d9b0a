// Reading foreign JSON: what is absent or null is empty, what has the wrong type throws nlohmann's
// exception, which decode() turns into an Error. Only for use inside decode().
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "runtime/excerpt.hpp"

namespace berth::runtime {

using Json = nlohmann::json;

// A value that is JSON but not what was expected.
class UnexpectedJson : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline const Json& field(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) {
    throw UnexpectedJson(std::string("expected an object with `") + key + "`");
  }
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

inline std::string text_field(const Json& object, const char* key) {
  const Json& value = field(object, key);
  if (value.is_null()) {
    return {};
  }
  if (!value.is_string()) {
    throw UnexpectedJson(std::string("`") + key + "` is not a text");
  }
  return value.get<std::string>();
}

inline bool bool_field(const Json& object, const char* key) {
  const Json& value = field(object, key);
  if (!value.is_null() && !value.is_boolean()) {
    throw UnexpectedJson(std::string("`") + key + "` is neither true nor false");
  }
  return value.is_boolean() && value.get<bool>();
}

// Whole numbers that do not fit are not numbers.
inline std::int64_t integer_field(const Json& object, const char* key) {
  const Json& value = field(object, key);
  if (value.is_null()) {
    return 0;
  }
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() ||
                     value.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max());
  if (!fits) {
    throw UnexpectedJson(std::string("`") + key + "` is not a whole number");
  }
  return value.get<std::int64_t>();
}

// Counts and sizes. Some engines write -1, some the largest of all numbers, where there is no
// limit.
inline std::uint64_t count_field(const Json& object, const char* key) {
  const Json& value = field(object, key);
  if (value.is_number_unsigned()) {
    return value.get<std::uint64_t>();
  }
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_field(object, key)));
}

inline std::vector<std::string> texts_field(const Json& object, const char* key) {
  std::vector<std::string> texts;
  const Json& value = field(object, key);
  if (!value.is_null() && !value.is_array()) {
    throw UnexpectedJson(std::string("`") + key + "` is not a list");
  }
  for (const Json& item : value) {
    if (!item.is_string()) {
      throw UnexpectedJson(std::string("`") + key + "` holds something that is not a text");
    }
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

inline std::map<std::string, std::string> text_map_field(const Json& object, const char* key) {
  std::map<std::string, std::string> texts;
  const Json& value = field(object, key);
  if (!value.is_null() && !value.is_object()) {
    throw UnexpectedJson(std::string("`") + key + "` is not an object");
  }
  for (const auto& item : value.items()) {
    if (!item.value().is_string()) {
      throw UnexpectedJson(std::string("`") + key + "` holds something that is not a text");
    }
    texts[item.key()] = item.value().get<std::string>();
  }
  return texts;
}

inline Error not_json(std::string_view text, Errc code, const std::string& what) {
  return Error{code, what + " is not JSON"}.note(
      text.empty() ? "it is empty" : "it begins `" + excerpt(text, 120) + "`");
}

inline Error not_expected(std::string_view text, Errc code, const std::string& what,
                          const UnexpectedJson& unexpected) {
  return Error{code, what + " is not what was expected"}
      .note(unexpected.what())
      .note("it begins `" + excerpt(text, 120) + "`");
}

// Parses `text` and reads it with `read(json)`. `what` is the object of the message: "the engine's
// answer to …".
template <class Read>
auto decode(std::string_view text, Errc code, const std::string& what, const Read& read)
    -> Result<decltype(read(std::declval<const Json&>()))> {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    return fail(not_json(text, code, what));
  }
  try {
    return read(json);
  } catch (const UnexpectedJson& unexpected) {
    return fail(not_expected(text, code, what, unexpected));
  }
}

// The same for a list, by `read(row)`. Only one row at a time is held as JSON, which takes several
// times the space of its text.
template <class Read>
auto decode_list(std::string_view text, Errc code, const std::string& what, const Read& read)
    -> Result<std::vector<decltype(read(std::declval<const Json&>()))>> {
  std::vector<decltype(read(std::declval<const Json&>()))> rows;
  bool is_list = false;
  const auto take = [&](int depth, Json::parse_event_t event, Json& value) {
    using Event = Json::parse_event_t;
    is_list = is_list || (depth == 0 && event == Event::array_start);
    const bool complete =
        event == Event::object_end || event == Event::array_end || event == Event::value;
    if (!is_list || depth != 1 || !complete) {
      return true;
    }
    rows.push_back(read(value));
    return false;
  };
  try {
    if (Json::parse(text, take, false).is_discarded()) {
      return fail(not_json(text, code, what));
    }
    if (!is_list) {
      throw UnexpectedJson("expected a list");
    }
  } catch (const UnexpectedJson& unexpected) {
    return fail(not_expected(text, code, what, unexpected));
  }
  return rows;
}

}  // namespace berth::runtime
