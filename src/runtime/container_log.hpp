// Where the engine keeps what a run prints.
#pragma once

#include "berth/model/host.hpp"
#include "berth/model/plan.hpp"
#include "berth/model/request.hpp"

namespace berth::runtime {

// Sets log_driver and log_options; the streams and auto_remove of `spec` are set already.
void choose_log(ContainerSpec& spec, const RunRequest& request, const EngineFacts& engine);

}  // namespace berth::runtime
