// The engine that the options and the environment point to.
#pragma once

#include <memory>
#include <stop_token>

#include "berth/base/result.hpp"
#include "berth/runtime/endpoint.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/run_guard.hpp"
#include "cli/context.hpp"

namespace berth::cli {

// Looks for it in docker's order; nothing is started and nobody asked. Errors: those of
// runtime::find_endpoint().
Result<runtime::Endpoint> find_engine(const Context& context);

// Finds it so, and warns of what was odd on the way (a broken config.json). What leads to the
// engine (ssh, podman) is started and lives as long as the engine that is returned; call it from
// the main thread. Whether anybody answers shows at the first call. `stop` ends the calls that lead
// to a running container, `leave` those while it runs. Errors: those of runtime::find_endpoint()
// and open_endpoint().
Result<std::unique_ptr<runtime::Engine>> open_engine(const Context& context,
                                                     std::stop_token stop = {},
                                                     std::stop_token leave = {});

// The same for a run's guard, which is another process: the engine at that address, if the options
// and the environment still lead there.
runtime::GuardEngine engine_opener(const Context& context);

// Whether paths and GPUs of this machine are those of the engine. True where the address is not
// known (a dry run without an engine).
bool on_this_machine(const EngineFacts& facts);

}  // namespace berth::cli
