// Document: YAML, JSON and TOML as one kind of tree that knows its lines, so that readers and their
// messages are written once. The three libraries are seen in document_*.cpp alone.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "spec/source_file.hpp"

namespace berth::spec {

struct Member;

struct Node {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  unsigned line = 1;
  // Of a scalar: its text as written, so that an unquoted `3.10` stays 3.10.
  std::string text{};
  // Whether the text was in quotes. Always false for numbers and booleans of JSON and TOML.
  bool quoted = false;
  std::vector<Node> items;      // of a list
  std::vector<Member> members;  // of a map, in the order written; keys are unique

  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_list() const { return kind == Kind::list; }
  bool is_map() const { return kind == Kind::map; }
  // The member's value; nullptr where this is no map or has no such key.
  const Node* find(std::string_view key) const;
  // Down a path of keys; nullptr as soon as one is missing.
  const Node* find(std::initializer_list<std::string_view> path) const;
};

struct Member {
  std::string key;
  unsigned line = 1;
  Node value;
};

// For messages: "a list", "a map", "nothing", "the text `x`".
std::string described(const Node& node);

// Each gives Errc::invalid_input with file and line for what is no such document: wrong syntax, a
// key twice, a second YAML document, more than kMaxNodes nodes (what an alias repeats is counted
// again) or kMaxDepth levels. An empty YAML or TOML file is a null node or an empty map.
Result<Node> parse_yaml(const SourceFile& file);
Result<Node> parse_json(const SourceFile& file);
Result<Node> parse_toml(const SourceFile& file);

inline constexpr std::size_t kMaxNodes = 200'000;
inline constexpr std::size_t kMaxDepth = 64;

}  // namespace berth::spec
