#include "cli/engine_access.hpp"

#include <utility>

#include "berth/runtime/docker_engine.hpp"

namespace berth::cli {

Result<std::unique_ptr<runtime::Engine>> open_engine(const Context& context, std::stop_token stop) {
  const runtime::EndpointQuery query{context.options.engine, context.surroundings.environment};
  BERTH_TRY(runtime::Endpoint endpoint, runtime::find_endpoint(query));
  for (const std::string& remark : endpoint.remarks) {
    context.messages.warning(remark);
  }
  return runtime::make_docker_engine(
      std::move(endpoint), {{}, context.surroundings.environment, std::move(stop), context.log});
}

bool on_this_machine(const EngineFacts& facts) {
  return facts.address.empty() || facts.address.starts_with("unix:");
}

}  // namespace berth::cli
