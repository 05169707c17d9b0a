// Terminal: all that is known about an output stream as a terminal. Nobody else writes escape
// sequences.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace berth::cli {

enum class Style { plain, bold, error, warning, note, hint, good, faint };

class Terminal {
 public:
  // For a stream that is no terminal, or for tests.
  Terminal(bool is_terminal, bool color, unsigned width)
      : is_terminal_(is_terminal), color_(color), fixed_width_(width) {}

  // Looks at the descriptor and the environment: --color wins over NO_COLOR (not empty), that over
  // FORCE_COLOR and CLICOLOR_FORCE, those over what the stream is. `forced`: --color always or
  // never.
  static Terminal of(
      int fd, std::optional<bool> forced,
      const std::function<std::optional<std::string>(const std::string&)>& environment);

  // Whether lines can be overwritten: a terminal that is not "dumb".
  bool is_terminal() const { return is_terminal_; }
  // Columns now; a terminal may have been resized since.
  unsigned width() const;
  std::string styled(Style style, std::string_view text) const;
  // Moves the cursor up and clears to the end of the screen, to draw `lines` lines again.
  std::string rewind(unsigned lines) const;

 private:
  bool is_terminal_;
  bool color_;
  unsigned fixed_width_;
  int fd_ = -1;
};

}  // namespace berth::cli
