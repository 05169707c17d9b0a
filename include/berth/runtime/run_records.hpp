// Records of runs: their JSON (schema berth/run/1, docs/records.md), and where they are kept:
// one file per run, $XDG_STATE_HOME/berth/runs/<container id>.json, else below ~/.local/state.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/run_record.hpp"
#include "berth/runtime/ending.hpp"
#include "berth/runtime/endpoint.hpp"
#include "berth/runtime/engine.hpp"

namespace berth::runtime {

std::string record_document(const RunRecord& record);
// Errc::invalid_input for what is no such document, or one of a schema to come.
Result<RunRecord> read_record(std::string_view document);

// Empty where neither XDG_STATE_HOME nor HOME is known.
std::filesystem::path record_folder(const EnvironmentLookup& environment);

class RecordStore {
 public:
  explicit RecordStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Made or replaced as a whole; now and then the oldest are dropped, beyond a thousand.
  // Errc::io.
  Result<void> save(const RunRecord& record) const;
  // By container id or the beginning of one, else by the name of the latest run that had it.
  // A file that cannot be read is passed over.
  std::vector<RunRecord> find(const std::string& id_or_name) const;

  // Word for whoever records a run's end that somebody has stopped it, and with what ("berth
  // stop"). Best effort: it only explains.
  void note_stop(const std::string& container_id, const std::string& by) const;
  // Empty where nobody did; the note is gone afterwards.
  std::string take_stop_note(const std::string& container_id) const;

 private:
  std::filesystem::path folder_;
};

// Sets the ending that the evidence shows; a memory limit that was reached is the peak, whatever
// the last look saw before it. The record's own limit is taken.
void set_ending(RunRecord& record, EndingEvidence evidence);

// What the engine knows of a run that nobody was attached to when it ended. Does nothing where it
// still runs or the record is complete. `stopped_by`: who stopped it, if anybody did.
void complete_record(RunRecord& record, const ContainerState& state,
                     const std::string& stopped_by = {});

}  // namespace berth::runtime
