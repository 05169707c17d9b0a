// The engine's containers, when those are gone whose removal is under way: a run whose client did
// not wait for that (run_streams.hpp) uses nothing any more.
#pragma once

#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"

namespace berth::cli {

// All of them, whoever made them. Waits for some seconds at most.
Result<std::vector<runtime::ContainerSummary>> settled_containers(runtime::Engine& engine);

}  // namespace berth::cli
