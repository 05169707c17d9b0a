// The image of a run, on the engine: found there or pulled, by the pull policy.
#pragma once

#include <stop_token>
#include <string>

#include "berth/base/result.hpp"
#include "berth/model/request.hpp"
#include "berth/runtime/engine.hpp"
#include "cli/messages.hpp"

namespace berth::cli {

// Whether an image that is there is one for the platform; empty: any. The variant (arm/v7) is left
// to the engine, which judges the image again when it makes the container.
bool is_for(const ImageFacts& image, const std::string& platform);

// An image that is there for another processor than `platform` (empty: any) counts as absent.
// Pull progress goes to standard error, and nowhere with -q. `known`: what the engine has just said
// of it, which is not asked again then. Errors:
//   Errc::not_found     absent, and the policy is `never`; or no registry has it
//   Errc::interrupted   a stop was requested
//   those of Engine::inspect_image() and pull()
Result<runtime::ImageFacts> obtain_image(runtime::Engine& engine, const std::string& reference,
                                         const std::string& platform, PullPolicy policy,
                                         Messages& messages, std::stop_token stop,
                                         std::optional<runtime::ImageFacts> known = std::nullopt);

}  // namespace berth::cli
