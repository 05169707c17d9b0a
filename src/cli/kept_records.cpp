#include "cli/kept_records.hpp"

#include <spdlog/fmt/fmt.h>

#include <utility>

#include "berth/base/text.hpp"
#include "berth/runtime/run_labels.hpp"

namespace berth::cli {

runtime::RecordStore store_of(const Context& context) {
  return runtime::RecordStore(runtime::record_folder(context.surroundings.environment));
}

std::optional<RunRecord> record_of(const Context& context, const runtime::ContainerState& state) {
  const runtime::RecordStore store = store_of(context);
  std::vector<RunRecord> found = store.find(state.id);
  if (found.size() != 1) {
    return std::nullopt;
  }
  RunRecord& record = found.front();
  if (record.ending.has_value() || state.running) {
    return std::move(record);
  }
  runtime::complete_record(record, state, store.take_stop_note(state.id));
  if (record.ending.has_value()) {
    if (const Result<void> saved = store.save(record); !saved) {
      context.messages.warning("the run's record could not be kept: " + saved.error().message);
    }
  }
  return std::move(record);
}

void note_stop(const Context& context, const Run& run, const std::string& by) {
  store_of(context).note_stop(run.id, by);
}

Result<RunRecord> removed_run(const Context& context, const std::string& word) {
  std::vector<RunRecord> found = store_of(context).find(word);
  if (found.empty()) {
    return fail(Error{Errc::not_found, fmt::format("no record of a run `{}` was kept", word)}.named(
        "run-not-found"));
  }
  if (found.size() > 1) {
    Error error{Errc::usage, fmt::format("`{}` is the beginning of several ids", word)};
    for (const RunRecord& record : found) {
      error.note(fmt::format("{} {}", short_id(record.container_id),
                             shell_quoted(join(record.command, " "))));
    }
    return fail(std::move(error).named("run-ambiguous"));
  }
  return std::move(found.front());
}

Run run_of(const RunRecord& record) {
  Run run;
  run.id = record.container_id;
  run.name = record.name;
  run.image = record.image;
  run.image_id = record.image_id;
  run.state = "removed";
  run.status = "Removed";
  run.command = join(record.command, " ");
  run.labels[runtime::kRunLabel] = record.run_id;
  run.labels[runtime::kJobLabel] = record.job;
  run.labels[runtime::kProjectLabel] = record.project;
  run.labels[runtime::kModeLabel] = record.mode;
  return run;
}

}  // namespace berth::cli
