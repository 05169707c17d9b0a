// The digest of an image, from whoever knows it.
#pragma once

#include <optional>
#include <string>

#include "berth/runtime/engine.hpp"
#include "cli/context.hpp"

namespace berth::cli {

// "sha256:…" of `image` among the digests that an engine has of it ("pytorch/pytorch@sha256:…",
// podman's with "docker.io/" before it); an image that was built here has none.
std::optional<std::string> digest_among(const runtime::ImageFacts& facts, const std::string& image);

// Of the engine's own copy. nullopt where no engine answers, it does not have the image, or the
// image never was in a registry.
std::optional<std::string> digest_of(const Context& context, const std::string& image);

}  // namespace berth::cli
