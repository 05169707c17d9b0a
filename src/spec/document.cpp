// The tree and its builder. Limits are counted here, so that a few lines of nested aliases cannot
// fill the memory.
#include "spec/document.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "spec/document_builder.hpp"

namespace berth::spec {

namespace {

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) {
    count += count_nodes(item);
  }
  for (const Member& member : node.members) {
    count += 1 + count_nodes(member.value);
  }
  return count;
}

std::size_t depth_of(const Node& node) {
  std::size_t depth = 0;
  for (const Node& item : node.items) {
    depth = std::max(depth, depth_of(item));
  }
  for (const Member& member : node.members) {
    depth = std::max(depth, depth_of(member.value));
  }
  return depth + 1;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) {
      return &member.value;
    }
  }
  return nullptr;
}

const Node* Node::find(std::initializer_list<std::string_view> path) const {
  const Node* node = this;
  for (const std::string_view key : path) {
    node = node->find(key);
    if (node == nullptr) {
      return nullptr;
    }
  }
  return node;
}

std::string described(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
    case Node::Kind::scalar:
      break;
  }
  constexpr std::size_t kShown = 60;
  return node.text.size() <= kShown ? fmt::format("`{}`", node.text) : "a long text";
}

std::string DocumentBuilder::begin(Node::Kind kind, unsigned line, Anchor anchor) {
  if (open_.size() >= kMaxDepth) {
    return fmt::format("nested more than {} levels deep", kMaxDepth);
  }
  Open open;
  open.node.kind = kind;
  open.node.line = line;
  open.anchor = anchor;
  open_.push_back(std::move(open));
  return {};
}

std::string DocumentBuilder::end() {
  Open open = std::move(open_.back());
  open_.pop_back();
  if (std::string wrong = remember(open.node, open.anchor); !wrong.empty()) {
    return wrong;
  }
  return place(std::move(open.node), 1);
}

std::string DocumentBuilder::add(Node node, Anchor anchor) {
  if (std::string wrong = remember(node, anchor); !wrong.empty()) {
    return wrong;
  }
  return place(std::move(node), 1);
}

std::string DocumentBuilder::repeat(Anchor anchor, unsigned line) {
  const auto found = anchored_.find(anchor);
  if (found == anchored_.end()) {
    return "an alias stands inside what it repeats";
  }
  if (open_.size() + depth_of(found->second.node) > kMaxDepth) {
    return fmt::format("nested more than {} levels deep", kMaxDepth);
  }
  nodes_ += found->second.nodes;
  if (nodes_ > kMaxNodes) {
    return fmt::format("more than {} values", kMaxNodes);
  }
  Node copy = found->second.node;
  copy.line = line;
  return place(std::move(copy), 0);
}

std::string DocumentBuilder::key(std::string text, unsigned line) {
  Node& map = open_.back().node;
  constexpr std::size_t kSearched = 1000;  // beyond, a map is data and not a configuration
  const std::size_t searched = std::min(map.members.size(), kSearched);
  for (std::size_t i = 0; i < searched; ++i) {
    if (map.members[i].key == text) {
      return fmt::format("key `{}` stands here again, first in line {}", text, map.members[i].line);
    }
  }
  map.members.push_back(Member{std::move(text), line, Node{}});
  map.members.back().value.line = line;
  open_.back().has_key = true;
  return {};
}

std::string DocumentBuilder::remember(const Node& node, Anchor anchor) {
  if (anchor == 0) {
    return {};
  }
  const std::size_t count = count_nodes(node);
  nodes_ += count;
  if (nodes_ > kMaxNodes) {
    return fmt::format("more than {} values", kMaxNodes);
  }
  anchored_[anchor] = Anchored{node, count};
  return {};
}

std::string DocumentBuilder::place(Node node, std::size_t nodes) {
  nodes_ += nodes;
  if (nodes_ > kMaxNodes) {
    return fmt::format("more than {} values", kMaxNodes);
  }
  if (open_.empty()) {
    root_ = std::move(node);
    return {};
  }
  Open& parent = open_.back();
  if (parent.node.is_list()) {
    parent.node.items.push_back(std::move(node));
    return {};
  }
  if (!parent.has_key) {
    return node.is_scalar() ? key(std::move(node.text), node.line)
                            : fmt::format("{} stands as a key, expected a name", described(node));
  }
  parent.node.members.back().value = std::move(node);
  parent.has_key = false;
  return {};
}

}  // namespace berth::spec
