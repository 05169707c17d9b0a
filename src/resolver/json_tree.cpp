// Builds a JsonTree from the events of nlohmann's parser.
#include "json_tree.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "berth/base/printable.hpp"

namespace berth::detail {

namespace {

using nlohmann::json;

class TreeBuilder : public nlohmann::json_sax<json> {
 public:
  bool null() override { return value({}); }
  bool boolean(bool given) override {
    JsonNode node;
    node.type = JsonNode::Type::boolean;
    node.boolean = given;
    return value(std::move(node));
  }
  bool number_unsigned(number_unsigned_t given) override {
    JsonNode node;
    node.type = JsonNode::Type::whole_number;
    node.number = given;
    return value(std::move(node));
  }
  bool number_integer(number_integer_t) override { return other_number(); }
  bool number_float(number_float_t, const string_t&) override { return other_number(); }
  bool string(string_t& given) override {
    JsonNode node;
    node.type = JsonNode::Type::text;
    node.text = std::move(given);
    return value(std::move(node));
  }
  bool binary(binary_t&) override { return false; }  // not in JSON text

  bool start_object(std::size_t) override { return open(JsonNode::Type::object); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(JsonNode::Type::list); }
  bool end_array() override { return close(); }
  bool key(string_t& given) override {
    const std::vector<JsonNode::Member>& members = open_.back().node.members;
    const bool twice = std::any_of(members.begin(), members.end(),
                                   [&](const JsonNode::Member& m) { return m.first == given; });
    if (twice) {
      problem_ = fmt::format("an object has the key `{}` twice", printable(given));
      return false;
    }
    open_.back().key = std::move(given);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const json::exception& error) override {
    // Without the library's own name for it: "[json.exception.parse_error.101] parse error at …".
    const std::string_view what = error.what();
    const std::size_t end = what.find("] ");
    problem_ = what.substr(what.starts_with('[') && end != what.npos ? end + 2 : 0);
    return false;
  }

  JsonNode take() { return std::move(root_); }
  const std::string& problem() const { return problem_; }

 private:
  struct Open {
    JsonNode node{};
    std::string key{};  // of the member that comes next
  };
  // Files have four levels. The limit keeps the tree's destructor, which is recursive, from
  // exhausting the stack.
  static constexpr std::size_t kDeepest = 32;
  static constexpr std::size_t kUsualMembers = 10;

  bool other_number() {
    JsonNode node;
    node.type = JsonNode::Type::other_number;
    return value(std::move(node));
  }
  bool open(JsonNode::Type type) {
    if (open_.size() == kDeepest) {
      problem_ = fmt::format("nested more than {} levels deep", kDeepest);
      return false;
    }
    open_.emplace_back();
    open_.back().node.type = type;
    if (type == JsonNode::Type::object) {
      open_.back().node.members.reserve(kUsualMembers);
    }
    return true;
  }
  bool close() {
    JsonNode node = std::move(open_.back().node);
    open_.pop_back();
    return value(std::move(node));
  }
  bool value(JsonNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (open_.back().node.type == JsonNode::Type::list) {
      open_.back().node.items.push_back(std::move(node));
    } else {
      open_.back().node.members.emplace_back(std::move(open_.back().key), std::move(node));
    }
    return true;
  }

  std::vector<Open> open_{};
  JsonNode root_{};
  std::string problem_{};
};

}  // namespace

std::string_view JsonNode::type_name() const {
  switch (type) {
    case Type::null:
      return "null";
    case Type::boolean:
      return "true or false";
    case Type::whole_number:
    case Type::other_number:
      return "a number";
    case Type::text:
      return "a string";
    case Type::list:
      return "a list";
    case Type::object:
      return "an object";
  }
  return "null";
}

Result<JsonNode> parse_json_tree(std::string_view name, std::string_view content) {
  TreeBuilder builder;
  if (!json::sax_parse(content, &builder)) {
    return fail(Error{Errc::invalid_input, fmt::format("`{}` cannot be read as JSON", name)}.note(
        builder.problem()));
  }
  return builder.take();
}

}  // namespace berth::detail
