#include "runtime/netrc.hpp"

#include <cctype>
#include <optional>

#include "berth/base/text.hpp"

namespace berth::runtime {

namespace {

class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  std::optional<std::string> next() {
    skip_blanks();
    while (at_ < text_.size() && text_[at_] == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
      skip_blanks();
    }
    if (at_ == text_.size()) {
      return std::nullopt;
    }
    return text_[at_] == '"' ? quoted() : plain();
  }

  // A macro ends at an empty line.
  void skip_macro() {
    const std::size_t end = text_.find("\n\n", at_);
    at_ = std::min(end, text_.size());
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
      ++at_;
    }
  }

  std::string plain() {
    std::string word;
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) == 0) {
      word += next_letter();
    }
    return word;
  }

  std::string quoted() {
    std::string word;
    for (++at_; at_ < text_.size() && text_[at_] != '"';) {
      word += next_letter();
    }
    at_ = std::min(at_ + 1, text_.size());
    return word;
  }

  char next_letter() {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
      ++at_;
    }
    return text_[at_++];
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string written(const std::string& word) {
  std::string text;
  for (const char letter : word) {
    if (letter == '"' || letter == '\\') {
      text += '\\';
    }
    text += letter;
  }
  return word.find_first_of(" \t\n\v\f\r#\"") == std::string::npos && !word.empty()
             ? text
             : '"' + text + '"';
}

// Others mean nothing to anybody.
bool is_entry_word(const std::string& word) {
  return word == "login" || word == "user" || word == "account" || word == "password";
}

}  // namespace

NetrcExcerpt netrc_for(std::string_view netrc, const std::set<std::string>& hosts) {
  NetrcExcerpt excerpt;
  Words words(netrc);
  bool wanted = false;
  while (std::optional<std::string> word = words.next()) {
    if (*word == "macdef") {
      words.skip_macro();
      continue;
    }
    if (*word == "default") {
      wanted = false;
      continue;
    }
    std::optional<std::string> value = words.next();
    if (!value) {
      break;
    }
    if (*word == "machine") {
      const std::string host = lowered(*value);
      wanted = hosts.contains(host) || hosts.contains(host.substr(0, host.rfind(':')));
      excerpt.text += wanted ? "machine " + written(*value) + "\n" : "";
    } else if (wanted && is_entry_word(*word)) {
      excerpt.text += "  " + *word + " " + written(*value) + "\n";
      if (*word == "password") {
        excerpt.passwords.push_back(std::move(*value));
      }
    }
  }
  return excerpt;
}

}  // namespace berth::runtime
