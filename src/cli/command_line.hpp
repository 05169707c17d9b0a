// Where the options of a command line end.
//
// CLI11 finds that out, too, but it takes `[a,b]` among positional words for a list and splits it.
// A command that is handed on must stay what it was to the byte, so it never passes through the
// parser.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace berth::cli {

// The index of the first word at or after `begin` that is neither an option of `app` nor the value
// of one; a `--` is such a word. The size of `arguments` where there is none.
std::size_t first_positional(const CLI::App& app, const std::vector<std::string>& arguments,
                             std::size_t begin);

}  // namespace berth::cli
