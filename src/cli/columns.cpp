// Pads cells to the width of their column.
#include "cli/columns.hpp"

#include <algorithm>

namespace berth::cli {

void print_columns(std::ostream& out, const Terminal& terminal, const std::vector<Cells>& rows) {
  constexpr std::size_t kGap = 2;
  std::vector<std::size_t> widths;
  for (const Cells& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  for (const Cells& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) {
        line.append(widths[i] + kGap - row[i].size(), ' ');
      }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << (&row == rows.data() ? terminal.styled(Style::bold, line) : line) << '\n';
  }
}

}  // namespace berth::cli
