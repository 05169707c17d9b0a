// The digest of an image, from whoever knows it.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "berth/runtime/engine.hpp"
#include "cli/context.hpp"

namespace berth::cli {

// "sha256:…" of `image` among the digests that an engine has of it ("pytorch/pytorch@sha256:…",
// podman's with "docker.io/" before it); an image that was built here has none.
std::optional<std::string> digest_among(const runtime::ImageFacts& facts, const std::string& image);

struct DigestQuestion {
  std::string image{};
  std::string architecture{};  // docker's name: "amd64"
  bool offline = false;        // only the engine is asked
  std::stop_token stop{};
};

// Of the engine's own copy; where it has none, what the registry has under that tag: the digest of
// an index, where there is one, which is what `docker pull name@digest` wants. Errors: those of
// runtime::ask_registry(), and Errc::not_found where nobody is left to be asked, or the engine's
// image never was in a registry.
Result<std::string> digest_of(const DigestQuestion& question, const Context& context);

}  // namespace berth::cli
