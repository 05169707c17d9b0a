// Reads the PEP 440 version that a text begins with. Shared by versions, specifiers and
// requirements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "berth/base/pep440.hpp"

namespace berth::pep440::detail {

// Python's idea of blanks in ASCII text.
bool is_blank(char c);
std::size_t blanks_at(std::string_view text, std::size_t position);

// Every part is taken where it matches and left where it does not: PEP 440's separators are all
// optional, so that no later part ever needs back what an earlier one took.
class VersionReader {
 public:
  explicit VersionReader(std::string_view text) : text_(text) {}

  // [v][epoch!]release. False where there is none; position() is then where a number was expected.
  bool read_release();
  // [pre][post][dev].
  void read_phases();
  // [+local]. A + that no local part follows is left where it is.
  void read_local();

  std::size_t position() const { return position_; }
  // A number was above 2^63: the text may be a version elsewhere, here it is none.
  bool overflowed() const { return overflowed_; }
  const Version& version() const { return version_; }

 private:
  char at(std::size_t position) const { return position < text_.size() ? text_[position] : '\0'; }
  bool at_separator(std::size_t position) const;
  void skip_separator();
  bool at_digit(std::size_t position) const;
  // The number at position_; nullopt where there is no digit.
  std::optional<std::uint64_t> read_number();
  // [separator]word[separator][number]; nullopt, and nothing is taken, where none of the words is
  // there.
  std::optional<Version::Phase> read_phase(std::initializer_list<std::string_view> words);
  bool take_word(std::string_view word);

  std::string_view text_;
  std::size_t position_ = 0;
  bool overflowed_ = false;
  Version version_;
};

}  // namespace berth::pep440::detail
