// Tables for people.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "cli/terminal.hpp"

namespace berth::cli {

using Cells = std::vector<std::string>;

// The first row is the heading, in bold. Each column is as wide as its longest cell; the last has
// no end.
void print_columns(std::ostream& out, const Terminal& terminal, const std::vector<Cells>& rows);

}  // namespace berth::cli
