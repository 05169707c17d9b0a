// RunRecorder: what is written down about a run, and what is said about its end. The record grows
// with the run; finish() completes it, whatever happened.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "berth/base/result.hpp"
#include "berth/model/run_record.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/run_records.hpp"
#include "berth/runtime/session.hpp"
#include "cli/context.hpp"
#include "cli/run_plan.hpp"

namespace berth::cli {

class RunRecorder {
 public:
  // `result_file` is --result as typed; the path is relative to the working directory.
  RunRecorder(Context& context, const std::optional<std::string>& result_file);

  // Whether the result file can be there in the end, asked before hours of work.
  Result<void> check_result_file() const;

  void planned(const PlannedRun& run);
  void has_image(const runtime::ImageFacts& image);
  void has_environment(const runtime::ImageFacts& environment);
  void created(const std::string& container_id);
  // From here on the run may outlive us: what is known so far is kept.
  void left_running();

  // How it ended. finish() writes the record and the result file, and says why a command failed;
  // its own failures are warnings, for the exit code belongs to the command. Returns that code,
  // which an init that could not start the command may have changed.
  int finish(const runtime::SessionOutcome& outcome);
  void finish(const Error& error, int exit_code);

 private:
  void explain(const Ending& ending);
  void write();

  Context& context_;
  std::filesystem::path result_file_{};
  RunRecord record_{};
  std::uint64_t shm_bytes_ = 0;
};

}  // namespace berth::cli
