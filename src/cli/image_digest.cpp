#include "cli/image_digest.hpp"

#include "cli/engine_access.hpp"

namespace berth::cli {

namespace {

// Without tag: a colon in front of a slash is that of a registry's port.
std::string repository_of(const std::string& image) {
  const std::size_t slash = image.rfind('/');
  const std::size_t colon = image.find(':', slash == std::string::npos ? 0 : slash);
  return image.substr(0, colon);
}

}  // namespace

std::optional<std::string> digest_among(const runtime::ImageFacts& facts,
                                        const std::string& image) {
  const std::string repository = repository_of(image);
  for (const std::string& digest : facts.digests) {
    const std::size_t at = digest.find('@');
    if (at == std::string::npos) {
      continue;
    }
    const std::string owner = digest.substr(0, at);
    if (owner == repository || owner == "docker.io/" + repository ||
        owner == "docker.io/library/" + repository) {
      return digest.substr(at + 1);
    }
  }
  return std::nullopt;
}

std::optional<std::string> digest_of(const Context& context, const std::string& image) {
  const Result<std::unique_ptr<runtime::Engine>> engine = open_engine(context);
  if (!engine) {
    return std::nullopt;
  }
  const Result<std::optional<runtime::ImageFacts>> facts = (*engine)->inspect_image(image);
  return facts && *facts ? digest_among(**facts, image) : std::nullopt;
}

}  // namespace berth::cli
