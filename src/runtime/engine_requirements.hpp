// What an engine would take and not do: older ones skip keys of a request that they do not know.
#pragma once

#include "berth/base/result.hpp"
#include "berth/model/host.hpp"
#include "berth/model/plan.hpp"

namespace berth::runtime {

// Errc::engine_failed, `engine-lacks`, for the first option that this engine would silently ignore.
// One that it refuses by itself is left to it: it knows better.
Result<void> check_engine_can(const ContainerSpec& spec, const EngineFacts& engine);

}  // namespace berth::runtime
