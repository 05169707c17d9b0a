#include "cli/run_streams.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "berth/runtime/container_json.hpp"
#include "berth/runtime/run_labels.hpp"

namespace berth::cli {

std::optional<runtime::Supervision> supervise(const PlannedRun& run, const ImageFacts& image,
                                              const Context& context) {
  const ContainerSpec& spec = run.plan.container;
  std::vector<std::string> command = runtime::whole_command(spec, image);
  std::string reason = runtime::why_through_engine(spec, *run.host.engine);
  if (run.request.run.streams_through_engine) {
    reason = "--streams engine, or BERTH_STREAMS";
  } else if (!run.request.run.proxy_signals) {
    reason = "the run may outlive its client";
  } else if (command.empty()) {
    reason = "there is no command";
  }
  if (reason.empty()) {
    Result<runtime::Supervision> supervision =
        runtime::Supervision::prepare(std::move(command), spec.labels.at(runtime::kRunLabel));
    const Result<void> sayable =
        supervision ? runtime::check_encodable(supervision->container_of(spec)) : Result<void>();
    if (!sayable) {
      reason = sayable.error().message;
    } else if (supervision) {
      context.log->info("the streams go past the engine, by a supervisor in the container");
      return std::move(*supervision);
    } else {
      reason = supervision.error().message;
    }
  }
  context.log->info("the streams go through the engine: {}", reason);
  return std::nullopt;
}

bool leaves_nothing_taken(const PlannedRun& run) {
  const ContainerSpec& spec = run.plan.container;
  const std::string& network = spec.network;
  const bool engines_network =
      network.empty() || network == "bridge" || network == "host" || network == "none";
  return engines_network && !run.request.run.remove.has_value() && spec.name.empty() &&
         spec.options.ports.empty() && !run.request.run.cid_file &&
         std::none_of(spec.mounts.begin(), spec.mounts.end(), [](const Mount& mount) {
           return mount.type == Mount::Type::volume && !mount.source.empty();
         });
}

}  // namespace berth::cli
