// JsonTree: a parsed JSON document, as small as the catalogue needs it.
//
// The catalogue is read at every start, and nlohmann's own tree takes three times as long as its
// parser: each object is a std::map there, and of two equal keys the last silently wins. Here an
// object is a vector of members in the order of the file, and a key that is there twice is an
// error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "berth/base/result.hpp"

namespace berth::detail {

struct JsonNode {
  enum class Type { null, boolean, whole_number, other_number, text, list, object };
  using Member = std::pair<std::string, JsonNode>;

  Type type = Type::null;
  bool boolean = false;
  std::uint64_t number = 0;  // of a whole number, which is not negative
  std::string text{};
  std::vector<JsonNode> items{};
  std::vector<Member> members{};

  // "a string", "a list", …
  std::string_view type_name() const;
};

// Errc::invalid_input, with the parser's message as a note: what is no JSON, holds a key twice, or
// is nested deeper than any catalogue file. `name` is the file's.
Result<JsonNode> parse_json_tree(std::string_view name, std::string_view content);

}  // namespace berth::detail
