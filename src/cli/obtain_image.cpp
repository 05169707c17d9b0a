#include "cli/obtain_image.hpp"

#include <spdlog/fmt/fmt.h>

#include "cli/pull_progress.hpp"

namespace berth::cli {

namespace {

Result<void> pull(runtime::Engine& engine, const std::string& reference,
                  const std::string& platform, Messages& messages, std::stop_token stop) {
  PullProgress progress(messages.stream(), messages.terminal());
  const runtime::PullObserver observer = [&](const runtime::PullEvent& event) {
    if (!messages.quiet()) {
      progress.show(event);
    }
  };
  const Result<void> pulled = engine.pull(reference, platform, observer, stop);
  if (!messages.quiet()) {
    progress.finish();
  }
  return pulled;
}

// The variant (arm/v7) is left to the engine, which judges the image again when it makes the
// container.
bool is_for(const runtime::ImageFacts& image, const std::string& platform) {
  return platform.empty() || image.architecture.empty() ||
         image.architecture == architecture_of(platform);
}

}  // namespace

Result<runtime::ImageFacts> obtain_image(runtime::Engine& engine, const std::string& reference,
                                         const std::string& platform, PullPolicy policy,
                                         Messages& messages, std::stop_token stop) {
  BERTH_TRY(std::optional<runtime::ImageFacts> image, engine.inspect_image(reference));
  const bool usable = image && is_for(*image, platform);
  if (usable && policy != PullPolicy::always) {
    return std::move(*image);
  }
  if (policy == PullPolicy::never) {
    return fail(
        Error{Errc::not_found,
              fmt::format("the engine does not have `{}`{}, and `--pull never` forbids to fetch it",
                          reference, platform.empty() ? "" : " for " + platform)}
            .hint("`berth run --pull missing …` fetches it"));
  }
  if (!usable) {
    messages.note(fmt::format("`{}` is not here yet: pulling it", reference));
  }
  BERTH_CHECK(pull(engine, reference, platform, messages, stop));
  BERTH_TRY(image, engine.inspect_image(reference));
  if (!image || !is_for(*image, platform)) {
    return fail(Errc::engine_failed,
                fmt::format("the engine pulled `{}` and does not have it afterwards{}", reference,
                            platform.empty() ? "" : " for " + platform));
  }
  return std::move(*image);
}

}  // namespace berth::cli
