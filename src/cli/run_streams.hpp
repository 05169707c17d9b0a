// Whether a run's streams go past the engine, and its client leaves before the engine has removed
// the container.
#pragma once

#include <optional>

#include "berth/runtime/supervision.hpp"
#include "cli/context.hpp"
#include "cli/run_plan.hpp"

namespace berth::cli {

// Nothing where the engine is to carry them; -v tells why. `image` is what the container is made
// of.
std::optional<runtime::Supervision> supervise(const PlannedRun& run, const ImageFacts& image,
                                              const Context& context);

// Whether nothing that the user does next could meet the container while the engine still takes it
// down: its name, its ports, its volumes, its network. No process of it is left then. An explicit
// `--rm` is a wish to see it gone, as docker has it.
bool leaves_nothing_taken(const PlannedRun& run);

}  // namespace berth::cli
