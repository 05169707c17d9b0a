// Options that every verb takes: --json, -q, -v, --color, --engine, --context, --catalog.
#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"

namespace CLI {
class App;
}

namespace berth::cli {

// Added to the program and to each verb, so that `berth --json resolve` and `berth resolve --json`
// are the same.
void add_global_options(CLI::App& app, GlobalOptions& options);

// Whether JSON was asked for, read before the parser runs: its own errors must come out as JSON,
// too. Looks at options only up to `--`.
bool wants_json(const std::vector<std::string>& arguments);

}  // namespace berth::cli
