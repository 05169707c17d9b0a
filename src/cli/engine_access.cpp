#include "cli/engine_access.hpp"

#include <spdlog/logger.h>

#include <chrono>
#include <utility>

#include "berth/runtime/docker_engine.hpp"
#include "cli/version.hpp"

namespace berth::cli {

Result<runtime::Endpoint> find_engine(const Context& context) {
  runtime::EndpointQuery query{context.options.engine, context.surroundings.environment};
  query.context = context.options.context;
  BERTH_TRY(runtime::Endpoint found, runtime::find_endpoint(query));
  found.user_agent = std::string("berth/") + kVersion;
  return found;
}

Result<std::unique_ptr<runtime::Engine>> open_engine(const Context& context, std::stop_token stop,
                                                     std::stop_token leave) {
  BERTH_TRY(runtime::Endpoint found, find_engine(context));
  for (const std::string& remark : found.remarks) {
    context.messages.warning(remark);
  }
  context.log->info("engine: {} ({})", found.address, found.origin);
  BERTH_TRY(runtime::Endpoint endpoint, runtime::open_endpoint(std::move(found), stop));
  if (!endpoint.program_command.empty()) {
    context.log->info("engine: reached through `{}`", endpoint.program_command);
  }
  return runtime::make_docker_engine(
      std::move(endpoint),
      {{}, context.surroundings.environment, std::move(stop), std::move(leave), context.log});
}

runtime::GuardEngine engine_opener(const Context& context) {
  runtime::EndpointQuery query{context.options.engine, context.surroundings.environment};
  query.context = context.options.context;
  return [query](const std::string& address) -> Result<std::unique_ptr<runtime::Engine>> {
    BERTH_TRY(runtime::Endpoint found, runtime::find_endpoint(query));
    if (found.address != address) {  // of several default sockets another may answer now
      BERTH_TRY(found, runtime::parse_endpoint(address, "the run"));
    }
    BERTH_TRY(runtime::Endpoint endpoint, runtime::open_endpoint(std::move(found)));
    using std::chrono::milliseconds;
    // Nobody waits for a guard: it asks an engine that hangs again instead of waiting for it.
    const runtime::EngineTimeouts impatient{milliseconds{2'000}, milliseconds{3'000},
                                            milliseconds{5'000}, milliseconds{20'000}};
    return runtime::make_docker_engine(std::move(endpoint),
                                       {impatient, query.environment, {}, {}, nullptr});
  };
}

bool on_this_machine(const EngineFacts& facts) {
  return facts.address.empty() || facts.address.starts_with("unix:");
}

}  // namespace berth::cli
