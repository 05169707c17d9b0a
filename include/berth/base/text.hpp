// Text as users type and read it: trimming, splitting, joining, and "did you mean".
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

// Without blanks (space, tab, CR, LF) at both ends.
std::string_view trimmed(std::string_view text);

// The parts between separators; "a,,b" has three, "" has one.
std::vector<std::string> split(std::string_view text, char separator);

// Whether one of the words occurs in the text.
bool contains_any(std::string_view text, std::initializer_list<std::string_view> words);
bool contains_any(std::string_view text, std::span<const std::string_view> words);

std::string join(std::span<const std::string> parts, std::string_view separator);

// ASCII only: names, keys and flags are ASCII, and locales must not change a decision.
std::string lowered(std::string_view text);
std::string raised(std::string_view text);

// The candidate nearest to `word` by edit distance (insertions, deletions, replacements and swaps
// of neighbours), if it is near enough to be a typing mistake: at most a third of the word's
// length, and at most 3.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

// `text` for a POSIX shell: as it is where no character is special, else in single quotes.
std::string shell_quoted(std::string_view text);

}  // namespace berth
