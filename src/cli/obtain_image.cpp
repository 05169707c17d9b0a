#include "cli/obtain_image.hpp"

#include <spdlog/fmt/fmt.h>

#include "cli/pull_progress.hpp"

namespace berth::cli {

namespace {

Result<void> pull(runtime::Engine& engine, const std::string& reference, Messages& messages,
                  std::stop_token stop) {
  PullProgress progress(messages.stream(), messages.terminal());
  const runtime::PullObserver observer = [&](const runtime::PullEvent& event) {
    if (!messages.quiet()) {
      progress.show(event);
    }
  };
  const Result<void> pulled = engine.pull(reference, observer, stop);
  if (!messages.quiet()) {
    progress.finish();
  }
  return pulled;
}

}  // namespace

Result<runtime::ImageFacts> obtain_image(runtime::Engine& engine, const std::string& reference,
                                         PullPolicy policy, Messages& messages,
                                         std::stop_token stop) {
  BERTH_TRY(std::optional<runtime::ImageFacts> image, engine.inspect_image(reference));
  if (image && policy != PullPolicy::always) {
    return std::move(*image);
  }
  if (policy == PullPolicy::never) {
    return fail(
        Error{Errc::not_found,
              fmt::format("the engine does not have `{}`, and `--pull never` forbids to fetch it",
                          reference)}
            .hint("`berth run --pull missing …` fetches it"));
  }
  if (!image) {
    messages.note(fmt::format("`{}` is not here yet: pulling it", reference));
  }
  BERTH_CHECK(pull(engine, reference, messages, stop));
  BERTH_TRY(image, engine.inspect_image(reference));
  if (!image) {
    return fail(Errc::engine_failed,
                fmt::format("the engine pulled `{}` and does not have it afterwards", reference));
  }
  return std::move(*image);
}

}  // namespace berth::cli
