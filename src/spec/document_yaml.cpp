// YAML through yaml-cpp's events. Its own tree would lose duplicate keys and would let aliases grow
// without limit.
#include <spdlog/fmt/fmt.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string>
#include <string_view>

#include "spec/document.hpp"
#include "spec/document_builder.hpp"

namespace berth::spec {

namespace {

// Positions that are not known are -1 in yaml-cpp.
unsigned line_of(const YAML::Mark& mark) {
  return mark.line < 0 ? 1 : static_cast<unsigned>(mark.line) + 1;
}

// Throws YAML::ParserException, which passes through the library to parse_yaml().
class TreeMaker final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.line = line_of(mark);
    check(mark, builder_.add(std::move(node), anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, builder_.repeat(anchor, line_of(mark)));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    Node node;
    node.line = line_of(mark);
    node.quoted = tag == "!";
    const bool null =
        !node.quoted && (value == "~" || value == "null" || value == "Null" || value == "NULL");
    node.kind = null ? Node::Kind::null : Node::Kind::scalar;
    node.text = null ? std::string() : value;
    check(mark, builder_.add(std::move(node), anchor));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    check(mark, builder_.begin(Node::Kind::list, line_of(mark), anchor));
  }
  void OnSequenceEnd() override { check(YAML::Mark(), builder_.end()); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    check(mark, builder_.begin(Node::Kind::map, line_of(mark), anchor));
  }
  void OnMapEnd() override { check(YAML::Mark(), builder_.end()); }

  Node take() { return builder_.take(); }

 private:
  void check(const YAML::Mark& mark, const std::string& wrong) {
    if (!mark.is_null()) {
      last_ = mark;
    }
    if (!wrong.empty()) {
      throw YAML::ParserException(last_, wrong);
    }
  }
  // `?` is a plain scalar, `!` a quoted one. Tags beyond YAML's own would change what a value
  // means.
  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    constexpr std::array<std::string_view, 10> kKnown = {"",      "?",    "!",    "str", "int",
                                                         "float", "bool", "null", "seq", "map"};
    constexpr std::string_view kStandard = "tag:yaml.org,2002:";
    const std::string_view name = tag.starts_with(kStandard)
                                      ? std::string_view(tag).substr(kStandard.size())
                                      : std::string_view(tag);
    const bool known = std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end();
    check(mark, known ? std::string() : fmt::format("the tag `{}` has no meaning here", tag));
  }

  DocumentBuilder builder_;
  YAML::Mark last_;
};

}  // namespace

Result<Node> parse_yaml(const SourceFile& file) {
  constexpr std::size_t kLargest = 1u << 20;
  if (file.content.size() > kLargest) {
    return malformed(file, 1, "the file is larger than 1 MiB, too large for a configuration");
  }
  try {
    std::istringstream stream(file.content);
    YAML::Parser parser(stream);
    TreeMaker maker;
    TreeMaker second;
    if (!parser.HandleNextDocument(maker)) {
      return Node{};
    }
    if (parser.HandleNextDocument(second)) {
      return malformed(file, second.take().line, "a second document begins, expected only one");
    }
    return maker.take();
  } catch (const YAML::Exception& problem) {
    return malformed(file, line_of(problem.mark), problem.msg);
  } catch (const std::exception& problem) {
    return malformed(file, 1, problem.what());
  }
}

}  // namespace berth::spec
