// A trial run: a container made of one small program (src/trial/trial.cpp), which does what it is
// told and reports. It shows of an engine what a real run would need, end to end and before
// anything is pulled: create, start, output, exit code, mounts, names, GPUs.
//
// Nothing is left behind: container and image are removed on every path. Errors are those of the
// engine's calls; Errc::engine_failed, too, where the program's output does not arrive, and
// Errc::interrupted.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/host.hpp"
#include "berth/model/plan.hpp"
#include "berth/runtime/caller.hpp"
#include "berth/runtime/engine.hpp"

namespace berth::runtime {

// One thing for the program to do.
struct TrialTask {
  std::string verb{};    // write, open, find, resolve
  std::string object{};  // a file, or a host's name
};

struct TrialRequest {
  std::vector<TrialTask> tasks{};
  std::vector<Mount> mounts{};
  std::vector<DeviceRequest> device_requests{};
};

// `error_number` from 1000 on is of `resolve`: the name server's code is added (3: no such name).
struct TrialAnswer {
  std::string verb{};
  std::string object{};
  int error_number = 0;
};

struct TrialReport {
  std::string user{};  // "1000:1000", as the program sees itself
  std::vector<TrialAnswer> answers{};
  std::string standard_error{};
  int exit_code = 0;
};

// What the program writes to standard error and how it ends, if all arrives.
constexpr std::string_view kTrialError = "a word on standard error\n";
constexpr int kTrialExitCode = 42;
constexpr int kNotResolved = 1000;

// Docker's name of the processor that the program is for: "amd64".
std::string_view trial_architecture();

// As `berth run` would do it for this caller: the same user and groups.
Result<TrialReport> run_trial(Engine& engine, const Host& host, const Caller& caller,
                              const TrialRequest& request, const std::stop_token& stop);

}  // namespace berth::runtime
