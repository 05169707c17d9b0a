// `doctor --deep`: two small containers are run, one on the CPU, and where the engine attaches GPUs
// one with all of them, and what they report becomes findings.
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "berth/runtime/trial_run.hpp"
#include "cli/doctor_checks.hpp"

namespace berth::cli {

struct DeepObservations {
  // Set where the engine's machine cannot run the program: its processor.
  std::string other_architecture{};
  std::optional<Result<runtime::TrialReport>> cpu{};
  std::optional<Result<runtime::TrialReport>> gpu{};
  // The folder that was mounted; empty: none, since the engine does not see this machine's files.
  std::filesystem::path folder{};
  // What became of the file that the container wrote there: its owner here.
  std::optional<uid_t> owner_of_written{};
  uid_t caller_uid = 0;
};

// Runs them. Errors are observations, but for Errc::interrupted.
Result<DeepObservations> try_runs(runtime::Engine& engine, const Observations& seen,
                                  const runtime::Caller& caller, const std::stop_token& stop);

// Pure, as in doctor_checks.hpp.
std::vector<Finding> examine_deep(const Observations& seen, const DeepObservations& deep);

}  // namespace berth::cli
