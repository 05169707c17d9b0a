// PEP 508 requirements: name, extras, specifiers or URL, marker.
#include "berth/base/pep508.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "base/pep508_cursor.hpp"
#include "berth/base/credentials.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"

namespace berth::pep508 {

namespace {

using pep440::SyntaxError;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), cursor_(text) {}

  tl::expected<Requirement, SyntaxError> requirement();

 private:
  // Each reads one part into requirement_; false, with error_ set, where it is malformed.
  bool read_name();
  bool read_extras();
  bool read_url();
  bool read_specifiers();
  bool read_specifier_list();
  bool read_marker();
  bool read_end();

  bool expected(std::string what, std::string hint = {}) {
    error_ = SyntaxError{cursor_.position(), std::move(what), std::move(hint)};
    return false;
  }
  // A project's or extra's name; empty where there is none.
  std::string_view take_identifier();

  std::string_view text_;
  detail::Cursor cursor_;
  Requirement requirement_;
  std::vector<pep440::Specifier> clauses_;
  SyntaxError error_;
};

std::string_view Parser::take_identifier() {
  if (!detail::is_alphanumeric(cursor_.peek())) {
    return {};
  }
  const std::size_t start = cursor_.position();
  std::string_view word = cursor_.take_word("._-");
  while (word.ends_with('.') || word.ends_with('-')) {
    word.remove_suffix(1);
  }
  cursor_.rewind(start + word.size());
  return word;
}

bool Parser::read_name() {
  cursor_.skip_blanks();
  requirement_.written_name = take_identifier();
  requirement_.name = normalised_name(requirement_.written_name);
  return !requirement_.name.empty() || expected("a project's name");
}

bool Parser::read_extras() {
  cursor_.skip_blanks();
  const std::size_t open = cursor_.position();
  if (!cursor_.take("[")) {
    return true;
  }
  cursor_.skip_blanks();
  bool more = cursor_.peek() != ']';
  while (more) {
    const std::string_view extra = take_identifier();
    if (extra.empty()) {
      return expected("an extra's name");
    }
    requirement_.extras.push_back(normalised_name(extra));
    cursor_.skip_blanks();
    more = cursor_.take(",");
    cursor_.skip_blanks();
  }
  if (!cursor_.take("]")) {
    return expected(fmt::format("a comma or the `]` of the `[` at column {}", open + 1));
  }
  std::vector<std::string>& extras = requirement_.extras;
  std::sort(extras.begin(), extras.end());
  extras.erase(std::unique(extras.begin(), extras.end()), extras.end());
  return true;
}

bool Parser::read_url() {
  cursor_.skip_blanks();
  const std::string_view rest = cursor_.rest();
  requirement_.url = rest.substr(0, rest.find_first_of(" \t"));
  if (requirement_.url.empty()) {
    return expected("a URL after `@`");
  }
  cursor_.advance(requirement_.url.size());
  cursor_.skip_blanks();
  if (!cursor_.at_end() && cursor_.peek() != ';') {
    return expected("` ;` and a marker, or the end, after the URL");
  }
  return true;
}

// What `=2.3`, `=>2.3` and `=<2.3` were meant to be; empty where it is none of them.
std::string meant_operator(std::string_view rest) {
  constexpr std::array<std::array<std::string_view, 2>, 3> kMeant = {
      {{"=>", ">="}, {"=<", "<="}, {"=", "=="}}};
  for (const auto& [written, meant] : kMeant) {
    if (!rest.starts_with(written)) {
      continue;
    }
    const std::string text = std::string(meant) + std::string(rest.substr(written.size()));
    if (const tl::expected<pep440::Specifier::Read, SyntaxError> read =
            pep440::Specifier::read(text)) {
      return fmt::format("did you mean `{}`?", printable(read->specifier.text()));
    }
  }
  return {};
}

bool Parser::read_specifier_list() {
  cursor_.skip_blanks();
  while (!cursor_.at_end() && std::string_view("=!<>~").find(cursor_.peek()) != std::string::npos) {
    const tl::expected<pep440::Specifier::Read, SyntaxError> read =
        pep440::Specifier::read(cursor_.rest());
    if (!read) {
      std::string hint = meant_operator(cursor_.rest());
      cursor_.advance(read.error().offset);
      return expected(read.error().expected, std::move(hint));
    }
    clauses_.push_back(read->specifier);
    cursor_.advance(read->length);
    cursor_.skip_blanks();
    if (!cursor_.take(",")) {
      return true;
    }
    cursor_.skip_blanks();
  }
  return true;
}

bool Parser::read_specifiers() {
  const std::size_t open = cursor_.position();
  const bool parenthesised = cursor_.take("(");
  if (!read_specifier_list()) {
    return false;
  }
  cursor_.skip_blanks();
  if (parenthesised && !cursor_.take(")")) {
    return expected(fmt::format("a comma or the `)` of the `(` at column {}", open + 1));
  }
  requirement_.specifiers = pep440::SpecifierSet(clauses_);
  return true;
}

bool Parser::read_marker() {
  cursor_.skip_blanks();
  if (!cursor_.take(";")) {
    return true;
  }
  tl::expected<Marker, SyntaxError> marker = Marker::read(text_, cursor_.position());
  if (!marker) {
    error_ = marker.error();
    return false;
  }
  requirement_.marker = std::move(*marker);
  cursor_.advance(cursor_.rest().size());
  return true;
}

bool Parser::read_end() {
  if (cursor_.at_end()) {
    return true;
  }
  if (cursor_.rest().starts_with(".*")) {
    return expected("no `.*`, which only `==` and `!=` take after plain numbers,");
  }
  if (cursor_.peek() == '+' && !clauses_.empty()) {
    return expected("no local version, which only `==` and `!=` take,");
  }
  if (!clauses_.empty()) {
    return expected("a comma, `;` or the end");
  }
  const bool version = pep440::Version::parse(trimmed(cursor_.rest())).has_value();
  return expected("a version specifier, `[`, `@`, `;` or the end",
                  version ? fmt::format("did you mean `{}=={}`?", requirement_.written_name,
                                        trimmed(cursor_.rest()))
                          : "");
}

tl::expected<Requirement, SyntaxError> Parser::requirement() {
  // A blank is the only control character that a line has a use for.
  const auto control = std::find_if(text_.begin(), text_.end(), [](char c) {
    return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f';
  });
  if (control != text_.end()) {
    return tl::unexpected<SyntaxError>(
        SyntaxError{static_cast<std::size_t>(control - text_.begin()), "no control character", {}});
  }
  bool read = read_name() && read_extras();
  cursor_.skip_blanks();
  read = read && (cursor_.take("@") ? read_url() : read_specifiers());
  if (!read || !read_marker() || !read_end()) {
    return tl::unexpected<SyntaxError>(error_);
  }
  return std::move(requirement_);
}

}  // namespace

Result<Requirement> Requirement::parse(std::string_view text) {
  tl::expected<Requirement, SyntaxError> requirement = Parser(text).requirement();
  if (requirement) {
    return std::move(*requirement);
  }
  const SyntaxError& syntax = requirement.error();
  // The column is that of what is shown.
  const std::size_t column = without_credentials(text.substr(0, syntax.offset)).size() + 1;
  Error error{Errc::invalid_input,
              fmt::format("`{}` is not a requirement: expected {} at column {}",
                          printable(without_credentials(text)), syntax.expected, column)};
  if (!syntax.hint.empty()) {
    error.hint(syntax.hint);
  }
  return fail(std::move(error));
}

std::string Requirement::text() const {
  std::string text = written_name;
  for (const std::string& extra : extras) {
    text += text.size() == written_name.size() ? "[" : ",";
    // `a_` is an extra's name for packaging; `a-`, its normalised form, is none.
    text += extra.ends_with('-') ? extra.substr(0, extra.size() - 1) + "_" : extra;
  }
  text += extras.empty() ? "" : "]";
  text += specifiers.text();
  if (!url.empty()) {
    text += " @ " + url;
  }
  if (marker) {
    text += (url.empty() ? "; " : " ; ") + marker->text();
  }
  return text;
}

std::string normalised_name(std::string_view name) {
  std::string normalised;
  bool in_run = false;
  for (const char c : lowered(name)) {
    const bool separator = c == '-' || c == '_' || c == '.';
    if (!separator) {
      normalised += c;
    } else if (!in_run) {
      normalised += '-';
    }
    in_run = separator;
  }
  return normalised;
}

}  // namespace berth::pep508
