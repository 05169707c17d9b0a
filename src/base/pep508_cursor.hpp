// A position in a requirement or marker, and the small steps that both parsers take.
#pragma once

#include <cstddef>
#include <string_view>

namespace berth::pep508::detail {

inline bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  std::size_t position() const { return position_; }
  bool at_end() const { return position_ == text_.size(); }
  std::string_view rest() const { return text_.substr(position_); }
  char peek() const { return at_end() ? '\0' : text_[position_]; }

  void advance(std::size_t count) { position_ += count; }
  void rewind(std::size_t position) { position_ = position; }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') {
      ++position_;
    }
  }
  bool take(std::string_view token) {
    if (!rest().starts_with(token)) {
      return false;
    }
    position_ += token.size();
    return true;
  }
  // Letters, digits and the characters of `others`, as many as there are.
  std::string_view take_word(std::string_view others) {
    const std::size_t start = position_;
    while (!at_end() &&
           (is_alphanumeric(peek()) || others.find(peek()) != std::string_view::npos)) {
      ++position_;
    }
    return text_.substr(start, position_ - start);
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace berth::pep508::detail
