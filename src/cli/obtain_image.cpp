#include "cli/obtain_image.hpp"

#include <spdlog/fmt/fmt.h>

#include <chrono>

#include "berth/base/pause.hpp"
#include "cli/pull_progress.hpp"

namespace berth::cli {

namespace {

using std::chrono::milliseconds;

constexpr int kAttempts = 4;
constexpr milliseconds kFirstPause{1000};  // twice as long each time

// One attempt; `progressed` tells whether the registry has answered at all.
Result<void> pull_once(runtime::Engine& engine, const std::string& reference,
                       const std::string& platform, Messages& messages, const std::stop_token& stop,
                       bool& progressed) {
  PullProgress progress(messages.stream(), messages.terminal());
  const runtime::PullObserver observer = [&](const runtime::PullEvent& event) {
    progressed = progressed || !event.layer.empty();
    if (!messages.quiet()) {
      progress.show(event);
    }
  };
  Result<void> pulled = engine.pull(reference, platform, observer, stop);
  if (!messages.quiet()) {
    progress.finish();
  }
  return pulled;
}

// Whether another attempt can be expected to get further: the engine keeps the layers that it has.
bool is_cut(const Error& error, bool progressed) {
  // A registry that cannot be reached at all does not come back within seconds.
  return error.id == "pull-cut" || error.id == "registry-cut" ||
         (error.id == "registry-unreachable" && progressed);
}

Result<void> pull(runtime::Engine& engine, const std::string& reference,
                  const std::string& platform, Messages& messages, const std::stop_token& stop) {
  milliseconds pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    bool progressed = false;
    Result<void> pulled = pull_once(engine, reference, platform, messages, stop, progressed);
    if (pulled || attempt == kAttempts || !is_cut(pulled.error(), progressed)) {
      return pulled;
    }
    const std::vector<std::string>& notes = pulled.error().notes;
    messages.warning(
        fmt::format("the pull of `{}` broke off{}; trying again with the layers that "
                    "are here (attempt {} of {})",
                    reference, notes.empty() ? "" : ": " + notes.front(), attempt + 1, kAttempts));
    if (!pause_for(pause, stop)) {
      return pulled;
    }
    pause *= 2;
  }
}

}  // namespace

bool is_for(const ImageFacts& image, const std::string& platform) {
  return platform.empty() || image.architecture.empty() ||
         image.architecture == architecture_of(platform);
}

Result<runtime::ImageFacts> obtain_image(runtime::Engine& engine, const std::string& reference,
                                         const std::string& platform, PullPolicy policy,
                                         Messages& messages, std::stop_token stop,
                                         std::optional<runtime::ImageFacts> known) {
  std::optional<runtime::ImageFacts> image = std::move(known);
  if (!image) {
    BERTH_TRY(image, engine.inspect_image(reference));
  }
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
