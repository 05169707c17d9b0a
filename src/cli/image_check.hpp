// The chosen image is asked itself: of the engine that has it, else of its registry, and decided
// again where the registry says that the tag is gone.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/plan.hpp"
#include "berth/model/request.hpp"
#include "berth/resolver/catalog.hpp"
#include "berth/resolver/image_rules.hpp"
#include "berth/runtime/engine.hpp"
#include "cli/context.hpp"

namespace berth::cli {

// An image's facts. A verdict of its registry (runtime::is_verdict()) is an error that decides;
// Errc::interrupted and engine_unreachable end the matter; any other means that nobody could be
// asked.
using AskImage = std::function<Result<ImageFacts>(const std::string& reference)>;

struct ImageInquiry {
  runtime::Engine* engine = nullptr;  // absent: only the registry is asked
  bool registry = true;               // may be asked
  std::string platform{};             // "linux/arm64"; empty: the host's
  PullPolicy pull = PullPolicy::missing;
  std::stop_token stop{};
};

// Asks the engine, then the registry. Where neither may be asked, or the image is not there and
// shall not be pulled: Errc::not_found "not-asked".
AskImage ask_image(const ImageInquiry& inquiry, const Host& host, const Context& context);

// Whether NVIDIA's runtime hook will judge a container with these devices. Source: the NVIDIA
// Container Toolkit calls the check from its hook alone, not with CDI; Podman has no hook; Docker
// from 29.2 on tries CDI first.
RequireCheck require_check(const std::vector<DeviceRequest>& devices, const EngineFacts& engine);

// What the image's variables become in the run; a bare name takes the caller's value.
std::vector<std::string> run_environment(const RunRequest& run, const spec::Surroundings& caller);

// The decision with that catalogue: resolve(), or a lock's.
using Decide = std::function<Result<Decision>(const Catalog&)>;

// The decision, then the rules about its image that was asked (resolver/image_rules.hpp). A tag
// that its registry has not counts as withdrawn, and the next is taken, a few times; where the
// image is fixed, given or locked, that is an error. Without an answer the catalogue's decision
// stands, with a warning. Errors: those of the decision and of apply_image_facts(); for a fixed
// image, the registry's verdict; Errc::interrupted and engine_unreachable.
Result<Decision> decide_with_image(const Decide& decide, bool fixed, const Host& host,
                                   const Catalog& catalog, const AskImage& ask,
                                   const ImageUse& use);

}  // namespace berth::cli
