// berth's view of one run, for `inspect`.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "berth/model/run_record.hpp"
#include "berth/runtime/engine.hpp"
#include "cli/run_selection.hpp"

namespace berth::cli {

// Labels, state, times, what runs and how; `record` is what was kept of it, null where nothing was.
nlohmann::ordered_json run_details(const Run& run, const runtime::ContainerState& state,
                                   const std::optional<RunRecord>& record);
// Of one whose container is gone.
nlohmann::ordered_json run_details(const Run& run, const RunRecord& record);

}  // namespace berth::cli
