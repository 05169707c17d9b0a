// The environment of a run: the image with all that the project wants installed. Looked up by its
// key, else built stage by stage, with progress for people and a log for those who look for a
// reason.
#pragma once

#include <stop_token>
#include <string>

#include "berth/base/result.hpp"
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

}  // namespace berth::cli
