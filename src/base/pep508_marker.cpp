// PEP 508 markers: a recursive-descent parser into a tree, and its evaluation.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "base/pep508_cursor.hpp"
#include "berth/base/pep508.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"

namespace berth::pep508 {

namespace {

using pep440::SyntaxError;

template <class T>
using Parsed = tl::expected<T, SyntaxError>;

constexpr unsigned kMaxDepth =
    64;  // of parentheses: no marker has more than a few, a hostile one has thousands

tl::unexpected<SyntaxError> expected_at(std::size_t offset, std::string what,
                                        std::string hint = {}) {
  return tl::unexpected<SyntaxError>(SyntaxError{offset, std::move(what), std::move(hint)});
}

const std::vector<std::string>& variable_names() {
  static const std::vector<std::string> names = {"python_version",
                                                 "python_full_version",
                                                 "os_name",
                                                 "sys_platform",
                                                 "platform_machine",
                                                 "platform_python_implementation",
                                                 "platform_release",
                                                 "platform_system",
                                                 "platform_version",
                                                 "implementation_name",
                                                 "implementation_version",
                                                 "extra",
                                                 "extras",
                                                 "dependency_groups"};
  return names;
}

// The variable that a word names, setuptools' old spellings included; empty for none.
std::string variable_named(std::string_view word) {
  constexpr std::array<std::string_view, 5> kDotted = {"os.name", "sys.platform",
                                                       "platform.version", "platform.machine",
                                                       "platform.python_implementation"};
  std::string name(word);
  if (std::find(kDotted.begin(), kDotted.end(), word) != kDotted.end()) {
    std::replace(name.begin(), name.end(), '.', '_');
  }
  if (name == "python_implementation") {
    return "platform_python_implementation";
  }
  const std::vector<std::string>& names = variable_names();
  return std::find(names.begin(), names.end(), name) != names.end() ? name : "";
}

// Those whose values are compared as versions.
bool is_version_variable(const std::string& name) {
  return name == "python_version" || name == "python_full_version" ||
         name == "implementation_version" || name == "platform_release";
}

struct Operand {
  bool is_variable = false;
  std::string text;  // the variable's name, or the quoted text
};

}  // namespace

struct Marker::Node {
  enum class Kind { comparison, all, any };

  Kind kind = Kind::comparison;
  Operand left;
  std::string op;
  Operand right;
  std::vector<Node> children;
};

namespace {

using Node = Marker::Node;

// The clause `op` `version` if it is one.
std::optional<pep440::Specifier> specifier_of(const std::string& op, const std::string& version) {
  const std::string text = op + version;
  const tl::expected<pep440::Specifier::Read, SyntaxError> read = pep440::Specifier::read(text);
  if (!read || !trimmed(std::string_view(text).substr(read->length)).empty()) {
    return std::nullopt;
  }
  return read->specifier;
}

bool has_meaning_for_texts(const std::string& op) {
  return op != "~=" && op != "===";
}

class Parser {
 public:
  Parser(std::string_view line, std::size_t start) : cursor_(line) { cursor_.advance(start); }

  Parsed<Node> marker() {
    Parsed<Node> node = alternatives(0);
    if (node && !cursor_.at_end()) {
      return expected_at(cursor_.position(), "`and`, `or` or the end of the marker");
    }
    return node;
  }

 private:
  Parsed<Node> alternatives(unsigned depth);  // … or …
  Parsed<Node> conjunction(unsigned depth);   // … and …
  Parsed<Node> atom(unsigned depth);          // ( … ) or a comparison
  Parsed<Node> comparison();
  Parsed<Operand> operand();
  Parsed<std::string> comparison_operator();
  bool take_keyword(std::string_view keyword);

  detail::Cursor cursor_;
};

bool Parser::take_keyword(std::string_view keyword) {
  const std::size_t start = cursor_.position();
  if (cursor_.take_word("_") == keyword) {
    return true;
  }
  cursor_.rewind(start);
  return false;
}

// One child stands for itself.
Node joined(Node::Kind kind, std::vector<Node> children) {
  if (children.size() == 1) {
    return std::move(children.front());
  }
  Node node;
  node.kind = kind;
  node.children = std::move(children);
  return node;
}

Parsed<Node> Parser::alternatives(unsigned depth) {
  std::vector<Node> children;
  do {
    Parsed<Node> child = conjunction(depth);
    if (!child) {
      return child;
    }
    children.push_back(std::move(*child));
  } while (take_keyword("or"));
  return joined(Node::Kind::any, std::move(children));
}

Parsed<Node> Parser::conjunction(unsigned depth) {
  std::vector<Node> children;
  do {
    Parsed<Node> child = atom(depth);
    if (!child) {
      return child;
    }
    children.push_back(std::move(*child));
  } while (take_keyword("and"));
  return joined(Node::Kind::all, std::move(children));
}

Parsed<Node> Parser::atom(unsigned depth) {
  cursor_.skip_blanks();
  const std::size_t open = cursor_.position();
  if (!cursor_.take("(")) {
    return comparison();
  }
  if (depth == kMaxDepth) {
    return expected_at(open, fmt::format("at most {} nested parentheses", kMaxDepth));
  }
  Parsed<Node> inner = alternatives(depth + 1);
  if (!inner) {
    return inner;
  }
  if (!cursor_.take(")")) {
    return expected_at(cursor_.position(),
                       fmt::format("`and`, `or` or the `)` of the `(` at column {}", open + 1));
  }
  cursor_.skip_blanks();
  return inner;
}

Parsed<Operand> Parser::operand() {
  cursor_.skip_blanks();
  const std::size_t start = cursor_.position();
  const char quote = cursor_.peek();
  if (quote == '"' || quote == '\'') {
    const std::size_t end = cursor_.rest().find(quote, 1);
    if (end == std::string_view::npos) {
      return expected_at(start, fmt::format("a closing {} for the text that begins", quote));
    }
    Operand literal{false, std::string(cursor_.rest().substr(1, end - 1))};
    cursor_.advance(end + 1);
    return literal;
  }
  const std::string_view word = cursor_.take_word("_.");
  std::string name = variable_named(word);
  if (name.empty()) {
    const std::optional<std::string> meant = nearest(word, variable_names());
    return expected_at(start, "a marker variable or a quoted text",
                       meant ? fmt::format("did you mean `{}`?", *meant) : "");
  }
  return Operand{true, std::move(name)};
}

Parsed<std::string> Parser::comparison_operator() {
  cursor_.skip_blanks();
  const std::size_t start = cursor_.position();
  for (const std::string_view op : {"===", "==", "~=", "!=", "<=", ">=", "<", ">"}) {
    if (cursor_.take(op)) {
      return std::string(op);
    }
  }
  if (take_keyword("in")) {
    return std::string("in");
  }
  if (take_keyword("not")) {
    cursor_.skip_blanks();
    if (take_keyword("in")) {
      return std::string("not in");
    }
    return expected_at(cursor_.position(), "`in` after `not`");
  }
  return expected_at(start, "one of ==, !=, <=, >=, <, >, ~=, ===, in, not in",
                     cursor_.peek() == '=' ? "did you mean `==`?" : "");
}

// Names of extras are compared in their normalised form.
void normalise_extras(Node& node) {
  const auto is_extra = [](const Operand& operand) {
    return operand.is_variable && operand.text.starts_with("extra");
  };
  if (is_extra(node.left) && !node.right.is_variable) {
    node.right.text = normalised_name(node.right.text);
  } else if (is_extra(node.right) && !node.left.is_variable) {
    node.left.text = normalised_name(node.left.text);
  }
}

Parsed<Node> Parser::comparison() {
  const std::size_t start = cursor_.position();
  Parsed<Operand> left = operand();
  if (!left) {
    return tl::unexpected<SyntaxError>(left.error());
  }
  Parsed<std::string> op = comparison_operator();
  if (!op) {
    return tl::unexpected<SyntaxError>(op.error());
  }
  Parsed<Operand> right = operand();
  if (!right) {
    return tl::unexpected<SyntaxError>(right.error());
  }
  cursor_.skip_blanks();
  Node node;
  node.left = std::move(*left);
  node.op = std::move(*op);
  node.right = std::move(*right);
  if (!node.left.is_variable && !node.right.is_variable) {
    return expected_at(start, "a marker variable on one side of the comparison");
  }
  const std::string& key = node.left.is_variable ? node.left.text : node.right.text;
  const bool versions = is_version_variable(key) &&
                        (node.right.is_variable || specifier_of(node.op, node.right.text));
  if (!has_meaning_for_texts(node.op) && !versions) {
    return expected_at(start, fmt::format("a version on both sides of `{}`", node.op));
  }
  normalise_extras(node);
  return node;
}

std::string value_of(const std::string& variable, const Environment& environment) {
  struct Entry {
    std::string_view name;
    std::string Environment::*member;
  };
  constexpr std::array<Entry, 12> kEntries = {
      {{"python_version", &Environment::python_version},
       {"python_full_version", &Environment::python_full_version},
       {"os_name", &Environment::os_name},
       {"sys_platform", &Environment::sys_platform},
       {"platform_machine", &Environment::platform_machine},
       {"platform_system", &Environment::platform_system},
       {"platform_python_implementation", &Environment::platform_python_implementation},
       {"implementation_name", &Environment::implementation_name},
       {"implementation_version", &Environment::implementation_version},
       {"platform_release", &Environment::platform_release},
       {"platform_version", &Environment::platform_version},
       {"extra", &Environment::extra}}};
  const auto* const entry =
      std::find_if(kEntries.begin(), kEntries.end(),
                   [&variable](const Entry& candidate) { return candidate.name == variable; });
  if (entry == kEntries.end()) {
    return "";  // extras and dependency_groups: sets of lock files, empty here
  }
  const std::string& value = environment.*(entry->member);
  if (variable == "extra") {
    return normalised_name(value);
  }
  if (variable == "implementation_version" && value.empty()) {
    return value_of("python_full_version", environment);
  }
  // Python built from an untagged commit calls itself 3.13.0+, which is no version.
  return variable == "python_full_version" && value.ends_with('+') ? value + "local" : value;
}

bool compare_versions(const std::string& left, const pep440::Specifier& right) {
  if (right.op == pep440::Specifier::Operator::arbitrary) {
    return lowered(left) == lowered(right.version_text);
  }
  const std::optional<pep440::Version> version = pep440::Version::parse(left);
  return version && right.matches(*version);
}

bool compare_texts(const std::string& left, const std::string& op, const std::string& right) {
  if (op == "in" || op == "not in") {
    return (right.find(left) != std::string::npos) == (op == "in");
  }
  if (op == "!=") {
    return left != right;
  }
  // Texts have no order, so that only the equal half of <= and >= can hold.
  return (op == "==" || op == "<=" || op == ">=") && left == right;
}

bool evaluate_comparison(const Node& node, const Environment& environment) {
  const auto value = [&environment](const Operand& operand) {
    return operand.is_variable ? value_of(operand.text, environment) : operand.text;
  };
  const std::string left = value(node.left);
  const std::string right = value(node.right);
  if (is_version_variable(node.left.is_variable ? node.left.text : node.right.text)) {
    if (const std::optional<pep440::Specifier> specifier = specifier_of(node.op, right)) {
      return compare_versions(left, *specifier);
    }
  }
  return compare_texts(left, node.op, right);
}

bool evaluate_node(const Node& node, const Environment& environment) {
  const auto holds = [&environment](const Node& child) {
    return evaluate_node(child, environment);
  };
  switch (node.kind) {
    case Node::Kind::all:
      return std::all_of(node.children.begin(), node.children.end(), holds);
    case Node::Kind::any:
      return std::any_of(node.children.begin(), node.children.end(), holds);
    case Node::Kind::comparison:
      break;
  }
  return evaluate_comparison(node, environment);
}

}  // namespace

tl::expected<Marker, SyntaxError> Marker::read(std::string_view line, std::size_t start) {
  Parsed<Node> root = Parser(line, start).marker();
  if (!root) {
    return tl::unexpected<SyntaxError>(root.error());
  }
  Marker marker;
  marker.root_ = std::make_shared<const Node>(std::move(*root));
  marker.text_ = trimmed(line.substr(start));
  return marker;
}

Result<Marker> Marker::parse(std::string_view text) {
  tl::expected<Marker, SyntaxError> marker = read(text, 0);
  if (marker) {
    return std::move(*marker);
  }
  Error error{Errc::invalid_input,
              fmt::format("`{}` is not a marker: expected {} at column {}", printable(text),
                          marker.error().expected, marker.error().offset + 1)};
  if (!marker.error().hint.empty()) {
    error.hint(marker.error().hint);
  }
  return fail(std::move(error));
}

bool Marker::evaluate(const Environment& environment) const {
  return !root_ || evaluate_node(*root_, environment);
}

}  // namespace berth::pep508
