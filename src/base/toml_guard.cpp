#include "berth/base/toml_guard.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <stdexcept>

namespace berth {

namespace {

// Walks over the text outside of strings and comments.
class Precheck {
 public:
  std::optional<TomlTrouble> run(std::string_view text) {
    while (at_ < text.size() && wrong_.empty()) {
      step(text.substr(at_));
    }
    return wrong_.empty() ? std::nullopt : std::optional(TomlTrouble{line_, wrong_});
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

std::optional<TomlTrouble> find_toml_trouble(std::string_view text) {
  return Precheck().run(text);
}

void toml_assertion_failed() {
  throw std::logic_error("this is no TOML");
}

}  // namespace berth
