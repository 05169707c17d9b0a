#include "runtime/json_encoding.hpp"

#include "runtime/excerpt.hpp"

namespace berth::runtime {

namespace {

using OrderedJson = nlohmann::ordered_json;

const std::string* unencodable(const OrderedJson& json) {
  if (json.is_string()) {
    try {
      static_cast<void>(json.dump());
      return nullptr;
    } catch (const OrderedJson::type_error&) {
      return json.get_ptr<const std::string*>();
    }
  }
  if (json.is_structured()) {
    for (const OrderedJson& item : json) {
      if (const std::string* found = unencodable(item); found != nullptr) {
        return found;
      }
    }
  }
  return nullptr;
}

}  // namespace

Result<void> check_encodable(const OrderedJson& json) {
  if (const std::string* text = unencodable(json); text != nullptr) {
    return fail(Error{Errc::invalid_input, "`" + excerpt(*text) + "` is not UTF-8"}.note(
        "the engine's API is JSON, which carries nothing else"));
  }
  return {};
}

}  // namespace berth::runtime
