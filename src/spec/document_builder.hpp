// DocumentBuilder: makes a Node tree out of the events of a parser, and refuses what is too large,
// too deep or says a key twice.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "spec/document.hpp"

namespace berth::spec {

class DocumentBuilder {
 public:
  // Numbers the nodes that aliases may repeat; 0 for a node that has no anchor.
  using Anchor = std::size_t;

  // Each returns an empty text, or what is wrong. In YAML the first of two nodes in a map is the
  // key; JSON has events of their own for keys.
  std::string begin(Node::Kind kind, unsigned line, Anchor anchor = 0);  // a list or a map
  std::string end();
  std::string add(Node node, Anchor anchor = 0);  // a scalar or a null
  std::string repeat(Anchor anchor, unsigned line);
  std::string key(std::string text, unsigned line);

  Node take() { return std::move(root_); }

 private:
  struct Open {
    Node node;
    Anchor anchor = 0;
    bool has_key = false;
  };
  struct Anchored {
    Node node;
    std::size_t nodes = 0;
  };
  std::string place(Node node, std::size_t nodes);
  std::string remember(const Node& node, Anchor anchor);

  std::vector<Open> open_;
  std::map<Anchor, Anchored> anchored_;
  Node root_;
  std::size_t nodes_ = 0;
};

}  // namespace berth::spec
