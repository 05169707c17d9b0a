#include "cli/run_details.hpp"

#include "berth/runtime/run_records.hpp"
#include "cli/null_json.hpp"
#include "cli/run_table.hpp"

namespace berth::cli {

namespace {

using Json = nlohmann::ordered_json;

// Without what only a list says of a run.
Json facts_of(const Run& run) {
  Json facts = run_json(run);
  for (const char* of_the_list : {"state", "status", "running", "created"}) {
    facts.erase(of_the_list);
  }
  return facts;
}

Json state_json(const Run& run, const runtime::ContainerState& state) {
  const bool ended = !state.running && !state.finished_at.empty();
  return {{"status", state.status.empty() ? run.state : state.status},
          {"running", state.running},
          {"exit_code", ended ? Json(state.exit_code) : Json(nullptr)},
          {"oom_killed", state.oom_killed},
          {"error", text_or_null(state.error)},
          {"pid", state.pid == 0 ? Json(nullptr) : Json(state.pid)},
          {"created_at", text_or_null(state.created_at)},
          {"started_at", text_or_null(state.started_at)},
          {"finished_at", ended ? Json(state.finished_at) : Json(nullptr)}};
}

}  // namespace

Json run_details(const Run& run, const runtime::ContainerState& state,
                 const std::optional<RunRecord>& record) {
  Json details = facts_of(run);
  details["command"] = state.command;
  details["state"] = state_json(run, state);
  details["tty"] = state.tty;
  details["auto_remove"] = state.auto_remove;
  details["log_driver"] = text_or_null(state.log_driver);
  details["memory_limit"] = state.memory_limit == 0 ? Json(nullptr) : Json(state.memory_limit);
  details["labels"] = state.labels;
  details["record"] = record ? Json::parse(runtime::record_document(*record)) : Json(nullptr);
  return details;
}

Json run_details(const Run& run, const RunRecord& record) {
  Json details = facts_of(run);
  details["command"] = record.command;
  details["state"] = {{"status", "removed"}, {"running", false}};
  details["record"] = Json::parse(runtime::record_document(record));
  return details;
}

}  // namespace berth::cli
