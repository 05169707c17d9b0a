#include "resolver/catalog_rows.hpp"

#include <map>

#include "berth/base/text.hpp"

namespace berth::detail {

namespace {

// The fields that identify a row, by table.
const std::vector<std::string_view>& identifying_fields(std::string_view table) {
  static const std::map<std::string_view, std::vector<std::string_view>> kFields = {
      {"toolkits", {"cuda"}},
      {"minor_version_floors", {"cuda_major"}},
      {"coverage", {"cuda"}},
      {"branches", {"branch"}},
      {"forward_compatibility", {"cuda", "source"}},
      {"capabilities", {"value"}},
      {"models", {"name"}},
      {"releases", {"version"}},
      {"builds", {"release", "name"}},
      {"images", {"repository", "tag"}},
      {"systems", {"os"}},
      {"tags", {"cuda", "label", "flavors", "os", "suffix"}}};
  static const std::vector<std::string_view> kNone;
  const auto found = kFields.find(table);
  return found == kFields.end() ? kNone : found->second;
}

}  // namespace

std::string shown_value(const JsonNode& value) {
  std::vector<std::string> parts;
  switch (value.type) {
    case JsonNode::Type::null:
      return "null";
    case JsonNode::Type::boolean:
      return value.boolean ? "true" : "false";
    case JsonNode::Type::whole_number:
      return std::to_string(value.number);
    case JsonNode::Type::other_number:
      return "a number";
    case JsonNode::Type::text:
      return value.text;
    case JsonNode::Type::list:
      for (const JsonNode& item : value.items) {
        parts.push_back(shown_value(item));
      }
      break;
    case JsonNode::Type::object:
      for (const auto& [key, member] : value.members) {
        parts.push_back(key + " " + shown_value(member));
      }
      break;
  }
  return join(parts, " ");
}

const JsonNode* member_of(const JsonNode& object, std::string_view key) {
  for (const JsonNode::Member& member : object.members) {
    if (member.first == key) {
      return &member.second;
    }
  }
  return nullptr;
}

std::string text_of(const JsonNode& object, std::string_view key) {
  const JsonNode* member = member_of(object, key);
  return member == nullptr ? std::string() : shown_value(*member);
}

void for_each_row(const JsonNode& document, const RowVisitor& visit) {
  for (const auto& [table, list] : document.members) {
    if (list.type != JsonNode::Type::list) {
      continue;
    }
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      if (list.items[i].type == JsonNode::Type::object) {
        visit(table, i, list.items[i]);
      }
    }
  }
}

std::string row_identity(const std::string& table, const JsonNode& document, const JsonNode& row) {
  std::vector<std::string> parts;
  for (const std::string_view field : identifying_fields(table)) {
    std::string part = text_of(row, field);
    if (part.empty() && field == "repository") {
      part = text_of(document, field);
    }
    if (!part.empty()) {
      parts.push_back(std::move(part));
    }
  }
  return join(parts, table == "images" ? ":" : " ");
}

std::vector<std::string> row_identities(const std::string& table, const JsonNode& document,
                                        const JsonNode& row) {
  const JsonNode* flavors = member_of(row, "flavors");
  const JsonNode* systems = member_of(row, "os");
  if (table != "tags" || flavors == nullptr || systems == nullptr) {
    const std::string identity = row_identity(table, document, row);
    return identity.empty() ? std::vector<std::string>() : std::vector<std::string>{identity};
  }
  std::vector<std::string> tags;
  for (const JsonNode& flavor : flavors->items) {
    for (const JsonNode& system : systems->items) {
      std::vector<std::string> parts = {text_of(row, "cuda"), text_of(row, "label"),
                                        shown_value(flavor), shown_value(system),
                                        text_of(row, "suffix")};
      std::erase(parts, "");
      tags.push_back(text_of(document, "repository") + ":" + join(parts, "-"));
    }
  }
  return tags;
}

}  // namespace berth::detail
