// berth's view of one run, for `inspect`.
#pragma once

#include <nlohmann/json.hpp>

#include "berth/runtime/engine.hpp"
#include "cli/run_selection.hpp"

namespace berth::cli {

// Labels, state, times, what runs and how; `record` is null: nothing is kept beside the container.
nlohmann::ordered_json run_details(const Run& run, const runtime::ContainerState& state);

}  // namespace berth::cli
