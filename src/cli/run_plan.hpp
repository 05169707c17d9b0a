// From a request to a Plan: the steps of `run` up to the engine's first change. What they find out
// on the way about the engine and the machine is kept, since the run needs it, too.
#pragma once

#include <memory>
#include <stop_token>

#include "berth/environment/local_sources.hpp"
#include "berth/model/locked_packages.hpp"
#include "berth/model/plan.hpp"
#include "berth/model/run_record.hpp"
#include "berth/runtime/caller.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/gpu_leases.hpp"
#include "cli/context.hpp"
#include "cli/request_options.hpp"

namespace berth::cli {

struct PlannedRun {
  Request request;
  Plan plan;
  Host host;
  runtime::Caller caller;
  std::optional<LockedPackages> locked;            // what berth.lock says is installed
  std::optional<environment::LocalSources> local;  // where they were looked at already
  std::unique_ptr<runtime::Engine> engine;         // absent in a dry run where none answers
  std::optional<ImageFacts> image;  // what the engine said of it; absent: it is not there
  // The GPUs that it uses, where that is known here, and the hold on them.
  std::vector<RunRecord::UsedGpu> gpus;
  std::vector<runtime::GpuLease> leases;
};

struct PlanOptions {
  spec::Flags flags;
  MachineOptions machine;
  LockOptions lock;
  std::stop_token stop;   // ends what waits for the engine
  std::stop_token leave;  // the same while the command runs
  std::string run_id;     // for others to see who holds a GPU
  bool dry_run = false;   // no engine is needed, and none is changed, not even by a probe
};

// Errors are those of gather_run(), resolve(), the engine's calls, make_device_requests() and
// make_container_spec().
Result<PlannedRun> plan_run(const PlanOptions& options, const Context& context);

}  // namespace berth::cli
