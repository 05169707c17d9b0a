// Runs in columns and as JSON: what `ps` prints.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/columns.hpp"
#include "cli/run_selection.hpp"

namespace berth::cli {

// The heading and a row per run: NAME, ID, JOB, COMMAND, STATUS, STARTED, PROJECT. `now` in seconds
// since 1970; folders below `home` are shown as ~/…. With `owners` a column USER.
std::vector<Cells> run_table(const std::vector<Run>& runs, std::int64_t now,
                             const std::string& home, bool owners);

// What the engine's list says of a run; null where a label is absent.
nlohmann::ordered_json run_json(const Run& run);

}  // namespace berth::cli
