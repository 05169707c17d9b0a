// The environment of a run: the image with all that the project wants installed. Looked up by its
// key, else built stage by stage, with progress for people and a log for those who look for a
// reason.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/environment_plan.hpp"
#include "berth/model/image_facts.hpp"
#include "cli/context.hpp"
#include "cli/run_plan.hpp"

namespace berth::cli {

// `base` is the image that the run was planned with; itself where nothing is to be installed.
// Errors: those of the engine; Errc::no_solution with the package and the reason where something
// cannot be installed; Errc::interrupted.
Result<ImageFacts> provide_environment(const PlannedRun& run, const ImageFacts& base,
                                       const std::string& run_id, Context& context,
                                       const std::stop_token& stop);

// What the run would install, as far as that is known without a change to the engine; nullopt:
// nothing.
Result<std::optional<EnvironmentPlan>> plan_environment(const PlannedRun& run, Context& context);

// Whether there is nothing to install, so that nobody needs to look into the image.
bool nothing_to_install(const PlannedRun& run);

// What the environment of the run has installed, to the file, for berth.lock: what is there
// already, else what an installation in a container says that is not kept. With `kept` ("numpy==
// 1.26.4") these stay where they still can; with `anew` nothing that is there counts. Errors: those
// of provide_environment().
struct LockOrder {
  std::vector<std::string> kept{};
  bool anew = false;
};
Result<std::vector<LockedPackage>> lock_environment(const PlannedRun& run, const ImageFacts& base,
                                                    const LockOrder& order,
                                                    const std::string& run_id, Context& context,
                                                    const std::stop_token& stop);

}  // namespace berth::cli
