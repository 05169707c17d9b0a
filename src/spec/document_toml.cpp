// TOML through toml++, turned into our tree. Of the readers only this file pays for compiling the
// library. What has to be done for it to survive malformed text: base/toml_guard.hpp.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <string>
#include <utility>

#include "berth/base/toml_guard.hpp"
#include "spec/document.hpp"

#undef NDEBUG
#define TOML_ASSERT(truth) ((truth) ? static_cast<void>(0) : berth::toml_assertion_failed())
#include <toml++/toml.h>

namespace berth::spec {

namespace {

unsigned line_of(const toml::source_region& region) {
  return region.begin.line == 0 ? 1 : static_cast<unsigned>(region.begin.line);
}

std::string text_of(const toml::node& value) {
  if (const auto* text = value.as_string()) {
    return text->get();
  }
  if (const auto* boolean = value.as_boolean()) {
    return boolean->get() ? "true" : "false";
  }
  if (const auto* integer = value.as_integer()) {
    return std::to_string(integer->get());
  }
  if (const auto* number = value.as_floating_point()) {
    return fmt::format("{}", number->get());
  }
  std::ostringstream stream;
  value.visit([&](const auto& concrete) {
    if constexpr (toml::is_value<decltype(concrete)>) {
      stream << concrete;
    }
  });
  return stream.str();
}

// toml++ limits the depth of values to 256, the guard that of keys.
Node tree_of(const toml::node& value) {
  Node node;
  node.line = line_of(value.source());
  if (const toml::table* table = value.as_table()) {
    node.kind = Node::Kind::map;
    node.members.reserve(table->size());
    for (const auto& [key, member] : *table) {
      node.members.push_back(
          Member{std::string(key.str()), line_of(key.source()), tree_of(member)});
    }
    std::stable_sort(node.members.begin(), node.members.end(),
                     [](const Member& a, const Member& b) { return a.line < b.line; });
    return node;
  }
  if (const toml::array* array = value.as_array()) {
    node.kind = Node::Kind::list;
    node.items.reserve(array->size());
    for (const toml::node& item : *array) {
      node.items.push_back(tree_of(item));
    }
    return node;
  }
  node.kind = Node::Kind::scalar;
  node.text = text_of(value);
  node.quoted = value.is_string();
  return node;
}

}  // namespace

Result<Node> parse_toml(const SourceFile& file) {
  if (const std::optional<TomlTrouble> trouble = find_toml_trouble(file.content)) {
    return malformed(file, trouble->line, trouble->text);
  }
  try {
    return tree_of(toml::parse(file.content));
  } catch (const toml::parse_error& problem) {
    return malformed(file, line_of(problem.source()), problem.description());
  } catch (const std::exception& problem) {
    return malformed(file, 1, problem.what());
  }
}

}  // namespace berth::spec
