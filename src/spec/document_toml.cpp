// TOML through toml++, turned into our tree. Of the readers only this file pays for compiling the
// library.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

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

// toml++ limits the depth to 256; see also Precheck.
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

// Walks over the text outside of strings and comments, and looks for what toml++ 3.3 does not
// survive: keys of endless depth (its tables are destroyed recursively), and characters beyond
// ASCII, which TOML has only in strings and comments.
class Precheck {
 public:
  // What is wrong and where; an empty text where nothing is.
  std::pair<unsigned, std::string> run(std::string_view text) {
    while (at_ < text.size() && wrong_.empty()) {
      step(text.substr(at_));
    }
    return {line_, wrong_};
  }

 private:
  void step(std::string_view rest) {
    const char c = rest[0];
    if ((c == '"' || c == '\'') && kBeforeString.find(before_) != std::string_view::npos) {
      skip_string(rest, c);
      before_ = c;
      return;
    }
    if (c == '#') {
      at_ += std::min(rest.find('\n'), rest.size());
      return;
    }
    constexpr unsigned kMostDots = 100;
    const bool separates = std::string_view("=,[]{}\n").find(c) != std::string_view::npos;
    dots_ = separates ? 0 : dots_ + (c == '.' ? 1u : 0u);
    if (dots_ > kMostDots) {
      wrong_ = fmt::format("the key is nested more than {} levels deep", kMostDots);
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      wrong_ = "a character beyond ASCII stands outside of quotes";
    }
    line_ += c == '\n' ? 1u : 0u;
    before_ = c == ' ' || c == '\t' || c == '\r' ? before_ : c;
    ++at_;
  }

  // A string that is not closed ends with its line or with the file; toml++ says what is wrong.
  void skip_string(std::string_view rest, char quote) {
    const std::string triple(3, quote);
    const bool multi = rest.starts_with(triple);
    const std::string_view closing = std::string_view(triple).substr(0, multi ? 3 : 1);
    std::size_t i = closing.size();
    while (i < rest.size() && !rest.substr(i).starts_with(closing) && (multi || rest[i] != '\n')) {
      const bool escape = rest[i] == '\\' && quote == '"' && i + 1 < rest.size();
      for (std::size_t k = 0; k < (escape ? 2u : 1u); ++k) {
        line_ += rest[i + k] == '\n' ? 1u : 0u;
      }
      i += escape ? 2 : 1;
    }
    const bool closed = rest.substr(std::min(i, rest.size())).starts_with(closing);
    at_ += i + (closed ? closing.size() : 0);
  }

  // What a string can follow, blanks aside; elsewhere a quote is a mistake and opens nothing.
  static constexpr std::string_view kBeforeString = "\n=,.[{";

  std::size_t at_ = 0;
  char before_ = '\n';
  unsigned line_ = 1;
  unsigned dots_ = 0;
  std::string wrong_;
};

}  // namespace

Result<Node> parse_toml(const SourceFile& file) {
  if (const auto [line, wrong] = Precheck().run(file.content); !wrong.empty()) {
    return malformed(file, line, wrong);
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
