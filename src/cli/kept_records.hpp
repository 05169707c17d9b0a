// The records of runs that berth has kept (runtime/run_records.hpp), as verbs use them: to show a
// run whose container is gone, and to complete the record of one that nobody was attached to.
#pragma once

#include <optional>
#include <string>

#include "berth/base/result.hpp"
#include "berth/model/run_record.hpp"
#include "berth/runtime/run_records.hpp"
#include "cli/context.hpp"
#include "cli/run_selection.hpp"

namespace berth::cli {

// Those of the caller.
runtime::RecordStore store_of(const Context& context);

// The record of a container, completed by what the engine says now, and kept that way. Absent
// where the run was started by somebody else's berth or machine.
std::optional<RunRecord> record_of(const Context& context, const runtime::ContainerState& state);

// For the record of a run that is stopped: by whom, "berth stop".
void note_stop(const Context& context, const Run& run, const std::string& by);

// A run whose container is gone, by id, the beginning of one, or the name of the latest that had
// it. Errc::not_found, Errc::usage for an ambiguous id; id as in find_runs().
Result<RunRecord> removed_run(const Context& context, const std::string& word);

// As the engine would list it; its state is "removed".
Run run_of(const RunRecord& record);

}  // namespace berth::cli
