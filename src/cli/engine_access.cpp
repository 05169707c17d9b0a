#include "cli/engine_access.hpp"

#include <spdlog/logger.h>

#include <utility>

#include "berth/runtime/docker_engine.hpp"
#include "cli/version.hpp"

namespace berth::cli {

Result<std::unique_ptr<runtime::Engine>> open_engine(const Context& context, std::stop_token stop) {
  runtime::EndpointQuery query{context.options.engine, context.surroundings.environment};
  query.context = context.options.context;
  BERTH_TRY(runtime::Endpoint found, runtime::find_endpoint(query));
  for (const std::string& remark : found.remarks) {
    context.messages.warning(remark);
  }
  context.log->info("engine: {} ({})", found.address, found.origin);
  BERTH_TRY(runtime::Endpoint endpoint, runtime::open_endpoint(std::move(found), stop));
  if (!endpoint.program_command.empty()) {
    context.log->info("engine: reached through `{}`", endpoint.program_command);
  }
  endpoint.user_agent = std::string("berth/") + kVersion;
  return runtime::make_docker_engine(
      std::move(endpoint), {{}, context.surroundings.environment, std::move(stop), context.log});
}

bool on_this_machine(const EngineFacts& facts) {
  return facts.address.empty() || facts.address.starts_with("unix:");
}

}  // namespace berth::cli
