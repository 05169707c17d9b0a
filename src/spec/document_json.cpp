// JSON through the events of nlohmann/json, because its tree knows no lines and forgets duplicate
// keys.
#include <spdlog/fmt/fmt.h>

#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "spec/document.hpp"
#include "spec/document_builder.hpp"

namespace berth::spec {

namespace {

// Reads the text, and counts the lines of what has been read.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, unsigned* line, bool* after_newline)
      : at_(at), line_(line), after_newline_(after_newline) {}
  reference operator*() const { return *at_; }
  // A newline counts once the character behind it is read: the parser looks one character ahead of
  // a number.
  CountingIterator& operator++() {
    *line_ += *after_newline_ ? 1u : 0u;
    *after_newline_ = *at_ == '\n';
    ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  unsigned* line_;
  bool* after_newline_;
};

// The names of the functions are the library's.
class TreeMaker {
 public:
  using json = nlohmann::json;
  explicit TreeMaker(const unsigned& line) : line_(line) {}

  bool null() { return checked(builder_.add(node(Node::Kind::null, {}, false))); }
  bool boolean(bool value) { return scalar(value ? "true" : "false"); }
  bool number_integer(json::number_integer_t value) { return scalar(std::to_string(value)); }
  bool number_unsigned(json::number_unsigned_t value) { return scalar(std::to_string(value)); }
  // The text as written, so that 3.10 stays 3.10.
  bool number_float(json::number_float_t, const std::string& text) { return scalar(text); }
  bool string(std::string& value) {
    return checked(builder_.add(node(Node::Kind::scalar, value, true)));
  }
  bool binary(json::binary_t&) { return false; }
  bool start_object(std::size_t) { return checked(builder_.begin(Node::Kind::map, line_)); }
  bool end_object() { return checked(builder_.end()); }
  bool start_array(std::size_t) { return checked(builder_.begin(Node::Kind::list, line_)); }
  bool end_array() { return checked(builder_.end()); }
  bool key(std::string& text) { return checked(builder_.key(text, line_)); }
  bool parse_error(std::size_t, const std::string& last_token, const json::exception&) {
    return checked(fmt::format("`{}` is no JSON here", last_token.substr(0, 40)));
  }

  Node take() { return builder_.take(); }
  const std::string& wrong() const { return wrong_; }

 private:
  Node node(Node::Kind kind, std::string text, bool quoted) const {
    Node result;
    result.kind = kind;
    result.line = line_;
    result.text = std::move(text);
    result.quoted = quoted;
    return result;
  }
  bool scalar(std::string text) {
    return checked(builder_.add(node(Node::Kind::scalar, std::move(text), false)));
  }
  bool checked(std::string wrong) {
    wrong_ = std::move(wrong);
    return wrong_.empty();
  }

  const unsigned& line_;
  DocumentBuilder builder_;
  std::string wrong_;
};

}  // namespace

Result<Node> parse_json(const SourceFile& file) {
  unsigned line = 1;
  bool after_newline = false;
  const char* const begin = file.content.data();
  const char* const end = begin + file.content.size();
  TreeMaker maker(line);
  const bool good = nlohmann::json::sax_parse(CountingIterator(begin, &line, &after_newline),
                                              CountingIterator(end, &line, &after_newline), &maker);
  if (!good) {
    return malformed(file, line, maker.wrong());
  }
  return maker.take();
}

}  // namespace berth::spec
