// A comma separates challenges as well as the parameters of one: a word that no `=` follows begins
// a challenge.
#include "runtime/registry_challenge.hpp"

#include <optional>
#include <utility>

#include "berth/base/text.hpp"

namespace berth::runtime {

namespace {

class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  void skip(std::string_view characters) {
    const std::size_t next = rest_.find_first_not_of(characters);
    rest_.remove_prefix(next == std::string_view::npos ? rest_.size() : next);
  }

  bool take(char expected) {
    if (!rest_.starts_with(expected)) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  // RFC 9110's token; empty where there is none.
  std::string_view token() {
    constexpr std::string_view kToken =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~/";
    const std::size_t end = rest_.find_first_not_of(kToken);
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(word.size());
    return word;
  }

  // A token, or a text in quotes; nullopt where the quotes do not end.
  std::optional<std::string> value() {
    if (!take('"')) {
      return std::string(token());
    }
    std::string text;
    while (!rest_.empty()) {
      if (take('"')) {
        return text;
      }
      if (rest_.front() == '\\' && rest_.size() > 1) {
        rest_.remove_prefix(1);
      }
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kBlanksAndCommas = " \t,";

}  // namespace

std::vector<AuthChallenge> parse_challenges(std::string_view header) {
  std::vector<AuthChallenge> challenges;
  Cursor cursor(header);
  for (cursor.skip(kBlanksAndCommas); !cursor.at_end(); cursor.skip(kBlanksAndCommas)) {
    const std::string word = lowered(cursor.token());
    if (word.empty()) {
      break;
    }
    cursor.skip(kBlanks);
    if (!cursor.take('=')) {
      challenges.push_back({word, {}});
      continue;
    }
    cursor.skip(kBlanks);
    std::optional<std::string> value = cursor.value();
    if (!value || challenges.empty()) {
      break;
    }
    challenges.back().parameters.emplace(word, std::move(*value));
  }
  return challenges;
}

}  // namespace berth::runtime
