#include "cli/image_digest.hpp"

#include <utility>

#include "cli/engine_access.hpp"
#include "cli/image_check.hpp"

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

Result<std::string> digest_of(const DigestQuestion& question, const Context& context) {
  ImageInquiry inquiry;
  inquiry.registry = !question.offline;
  inquiry.stop = question.stop;
  inquiry.platform = "linux/" + question.architecture;
  Host host;
  const Result<std::unique_ptr<runtime::Engine>> engine = open_engine(context, question.stop);
  if (engine) {
    if (Result<EngineFacts> facts = (*engine)->facts()) {
      inquiry.engine = engine->get();
      host.engine = std::move(*facts);
    }
  }
  BERTH_TRY(const ImageFacts facts, ask_image(inquiry, host, context)(question.image));
  if (facts.from != ImageFacts::From::engine) {
    return facts.digest;
  }
  std::optional<std::string> digest = digest_among(facts, question.image);
  if (!digest) {
    return fail(Errc::not_found, "the engine's image never was in a registry");
  }
  return std::move(*digest);
}

}  // namespace berth::cli
