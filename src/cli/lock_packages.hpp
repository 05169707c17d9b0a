// The part of berth.lock about packages: whether it still stands, and how it is made.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/locked_packages.hpp"
#include "berth/resolver/lock.hpp"
#include "berth/runtime/caller.hpp"
#include "berth/runtime/run_guard.hpp"
#include "berth/spec/gather.hpp"
#include "cli/context.hpp"
#include "cli/run_plan.hpp"

namespace berth::cli {

// Each input about packages that is not what it was when they were locked; empty where none are.
// Errors: those of environment::LocalSources::find().
// The run keeps what was found of local sources.
Result<std::vector<std::string>> changed_packages(const Lock& lock, PlannedRun& run);

// Errc::no_solution, id "lock-packages".
Error packages_not_locked();

struct PackageOrder {
  const spec::Flags& flags;
  const Lock& lock;  // all but its packages
  const Decision& decision;
  const std::optional<Lock>& before;
  bool anew = false;        // nothing of `before` stays
  bool no_changes = false;  // --dry-run
  bool offline = false;
};

struct PackageAnswer {
  std::optional<LockedPackages> packages{};  // absent: they are not locked
  std::vector<std::string> warnings{};       // why not
  std::vector<std::string> notes{};
};

// What is installed for the project on the locked image: what `before` says where nothing has
// changed, else what the engine says, which may install it in a container for that. Errors: those
// of gather_run() and lock_environment(), Errc::interrupted.
Result<PackageAnswer> lock_packages(const PackageOrder& order, runtime::RunGuard& guard,
                                    Context& context, const std::stop_token& stop);

}  // namespace berth::cli
