// PEP 440 versions: reading, normalising, ordering.
#include "berth/base/pep440.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>
#include <string>

#include "base/pep440_reader.hpp"
#include "berth/base/text.hpp"

namespace berth::pep440 {

namespace {

constexpr std::uint64_t kMaxNumber = std::uint64_t{1} << 63;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

namespace detail {

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::size_t blanks_at(std::string_view text, std::size_t position) {
  std::size_t count = 0;
  while (position + count < text.size() && is_blank(text[position + count])) {
    ++count;
  }
  return count;
}

bool VersionReader::at_separator(std::size_t position) const {
  return at(position) == '.' || at(position) == '-' || at(position) == '_';
}

void VersionReader::skip_separator() {
  if (at_separator(position_)) {
    ++position_;
  }
}

bool VersionReader::at_digit(std::size_t position) const {
  return is_digit(at(position));
}

std::optional<std::uint64_t> VersionReader::read_number() {
  if (!at_digit(position_)) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  const std::from_chars_result read =
      std::from_chars(text_.data() + position_, text_.data() + text_.size(), number);
  if (read.ec != std::errc() || number > kMaxNumber) {
    overflowed_ = true;
  }
  position_ = static_cast<std::size_t>(read.ptr - text_.data());
  return number;
}

bool VersionReader::take_word(std::string_view word) {
  const std::string_view found = text_.substr(position_, word.size());
  if (found.size() < word.size() || lowered(found) != word) {
    return false;
  }
  position_ += word.size();
  return true;
}

bool VersionReader::read_release() {
  if (at(position_) == 'v' || at(position_) == 'V') {
    ++position_;
  }
  std::optional<std::uint64_t> number = read_number();
  if (number && at(position_) == '!' && at_digit(position_ + 1)) {
    version_.epoch_ = *number;
    ++position_;
    number = read_number();
  }
  if (!number) {
    return false;
  }
  version_.release_.push_back(*number);
  while (at(position_) == '.' && at_digit(position_ + 1)) {
    ++position_;
    version_.release_.push_back(read_number().value_or(0));
  }
  return true;
}

std::optional<Version::Phase> VersionReader::read_phase(
    std::initializer_list<std::string_view> words) {
  const std::size_t start = position_;
  skip_separator();
  for (const std::string_view word : words) {
    if (take_word(word)) {
      skip_separator();
      return Version::Phase{std::string(word), read_number().value_or(0)};
    }
  }
  position_ = start;
  return std::nullopt;
}

void VersionReader::read_phases() {
  // A word that begins with another one comes first.
  version_.pre_ = read_phase({"alpha", "a", "beta", "b", "preview", "pre", "c", "rc"});
  if (version_.pre_) {
    const char first = version_.pre_->letter[0];
    version_.pre_->letter = first == 'a' ? "a" : first == 'b' ? "b" : "rc";
  }
  if (at(position_) == '-' && at_digit(position_ + 1)) {
    ++position_;
    version_.post_ = read_number();
  } else if (const std::optional<Version::Phase> post = read_phase({"post", "rev", "r"})) {
    version_.post_ = post->number;
  }
  if (const std::optional<Version::Phase> dev = read_phase({"dev"})) {
    version_.dev_ = dev->number;
  }
}

void VersionReader::read_local() {
  const auto in_word = [this](std::size_t position) {
    return is_digit(at(position)) || is_letter(at(position));
  };
  if (at(position_) != '+') {
    return;
  }
  while (in_word(position_ + 1) && (version_.local_.empty() || at_separator(position_))) {
    const std::size_t start = ++position_;
    while (in_word(position_)) {
      ++position_;
    }
    const std::string word = lowered(text_.substr(start, position_ - start));
    version_.local_text_ += version_.local_.empty() ? "" : ".";
    if (!std::all_of(word.begin(), word.end(), is_digit)) {
      version_.local_.emplace_back(word);
      version_.local_text_ += word;
      continue;
    }
    position_ = start;
    const std::uint64_t number = read_number().value_or(0);
    version_.local_.emplace_back(number);
    version_.local_text_ += std::to_string(number);
  }
}

}  // namespace detail

std::optional<Version> Version::parse(std::string_view text) {
  text.remove_prefix(detail::blanks_at(text, 0));
  detail::VersionReader reader(text);
  if (!reader.read_release()) {
    return std::nullopt;
  }
  reader.read_phases();
  reader.read_local();
  const std::size_t end = reader.position() + detail::blanks_at(text, reader.position());
  if (reader.overflowed() || end != text.size()) {
    return std::nullopt;
  }
  return reader.version();
}

bool Version::is_prerelease() const {
  return pre_ || dev_;
}

bool Version::is_postrelease() const {
  return post_.has_value();
}

Version Version::public_version() const {
  Version version = *this;
  version.local_.clear();
  version.local_text_.clear();
  return version;
}

Version Version::base_version() const {
  Version version;
  version.epoch_ = epoch_;
  version.release_ = release_;
  return version;
}

std::string Version::text() const {
  std::string text = epoch_ > 0 ? fmt::format("{}!", epoch_) : "";
  text += fmt::format("{}", fmt::join(release_, "."));
  if (pre_) {
    text += fmt::format("{}{}", pre_->letter, pre_->number);
  }
  if (post_) {
    text += fmt::format(".post{}", *post_);
  }
  if (dev_) {
    text += fmt::format(".dev{}", *dev_);
  }
  if (!local_text_.empty()) {
    text += "+" + local_text_;
  }
  return text;
}

namespace {

// Missing parts count as zero: 1.0 equals 1.0.0.
std::strong_ordering compare_releases(const std::vector<std::uint64_t>& a,
                                      const std::vector<std::uint64_t>& b) {
  const std::size_t longest = std::max(a.size(), b.size());
  for (std::size_t i = 0; i < longest; ++i) {
    const std::uint64_t left = i < a.size() ? a[i] : 0;
    const std::uint64_t right = i < b.size() ? b[i] : 0;
    if (left != right) {
      return left <=> right;
    }
  }
  return std::strong_ordering::equal;
}

}  // namespace

// 1.0.dev1 < 1.0a1 < 1.0b1 < 1.0rc1 < 1.0 < 1.0.post1, and within each of them .devN comes before
// none.
Version::Suffix Version::suffix() const {
  std::uint64_t rank = 4;
  if (pre_) {
    rank = pre_->letter == "a" ? 1 : pre_->letter == "b" ? 2 : 3;
  } else if (dev_ && !post_) {
    rank = 0;
  }
  return {rank,           pre_ ? pre_->number : 0, post_ ? 1U : 0U, post_.value_or(0),
          dev_ ? 0U : 1U, dev_.value_or(0)};
}

std::strong_ordering operator<=>(const Version& a, const Version& b) {
  if (a.epoch_ != b.epoch_) {
    return a.epoch_ <=> b.epoch_;
  }
  if (const std::strong_ordering order = compare_releases(a.release_, b.release_); order != 0) {
    return order;
  }
  if (const std::strong_ordering order = a.suffix() <=> b.suffix(); order != 0) {
    return order;
  }
  return a.local_ <=> b.local_;
}

}  // namespace berth::pep440
