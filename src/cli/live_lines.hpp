// Lines on a terminal that are drawn over themselves.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "cli/terminal.hpp"

namespace berth::cli {

class LiveLines {
 public:
  LiveLines(std::ostream& stream, const Terminal& terminal)
      : stream_(stream), terminal_(terminal) {}

  // In place of those that were drawn before. Each is cut to the terminal's width: one that is
  // folded would be left behind. They are to be printable.
  void draw(const std::vector<std::string>& lines);
  void clear() { draw({}); }

 private:
  std::ostream& stream_;
  const Terminal& terminal_;
  unsigned drawn_ = 0;
};

// The beginning of the text that fits into so many columns, for certain: what is not ASCII may take
// two.
std::string cut_to_columns(const std::string& text, unsigned columns);

}  // namespace berth::cli
