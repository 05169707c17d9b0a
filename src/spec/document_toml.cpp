// TOML through toml++, turned into our tree. Of the readers only this file pays for compiling the
// library.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string>

#include "spec/document.hpp"

// toml++ 3.3 asserts what malformed files can make untrue (`[+E]`), and in release builds takes it
// for granted. Here such an assertion is an exception, in every build.
namespace {
[[noreturn]] void toml_assertion_failed() {
  throw std::logic_error("this is no TOML");
}
}  // namespace
#undef NDEBUG
#define TOML_ASSERT(expression) ((expression) ? static_cast<void>(0) : toml_assertion_failed())
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

// toml++ limits the depth to 256; see also has_endless_key().
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

// Before 3.4, toml++ follows a.b.c.… to any depth and then destroys the tables recursively.
bool has_endless_key(std::string_view line) {
  constexpr unsigned kMostDots = 100;
  unsigned dots = 0;
  char quote = 0;
  for (const char c : line) {
    if (quote != 0) {
      quote = c == quote ? '\0' : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      return false;
    } else if (std::string_view("=,[]{}").find(c) != std::string_view::npos) {
      dots = 0;
    } else if (c == '.' && ++dots > kMostDots) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<Node> parse_toml(const SourceFile& file) {
  unsigned number = 0;
  for (const std::string_view line : lines_of(file.content)) {
    ++number;
    if (has_endless_key(line)) {
      return malformed(file, number,
                       fmt::format("the key is nested more than {} levels deep", kMaxDepth));
    }
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
