#include "cli/environment.hpp"

#include <spdlog/fmt/fmt.h>

#include "berth/base/pause.hpp"
#include "berth/environment/recipe.hpp"
#include "berth/runtime/environment_build.hpp"
#include "berth/runtime/environment_store.hpp"
#include "cli/environment_stage.hpp"

namespace berth::cli {

namespace {

using environment::ImagePackages;
using environment::Stage;
using Packages = std::map<std::string, std::string>;

class Provider {
 public:
  Provider(const PlannedRun& run, const ImageFacts& base, const std::string& run_id,
           BuildSources sources, Context& context, const std::stop_token& stop)
      : run_(run),
        base_(base),
        sources_(std::move(sources)),
        context_(context),
        stop_(stop),
        runner_(run, base, run_id, sources_, context, stop) {}

  Result<ImageFacts> provide() {
    BERTH_TRY(const ImagePackages installed, runner_.inspect());
    const PackageRequest& packages = run_.request.run.packages;
    if (!has_python(installed)) {
      return base_;
    }
    BERTH_CHECK(environment::check_held(packages, installed, base_.reference));
    const std::vector<Stage> stages =
        environment::make_recipe({packages, run_.plan.decision, base_, installed,
                                  sources_.local.sources(), sources_.surroundings.indexes});
    if (stages.empty()) {
      return base_;
    }
    if (const PipLine* line = environment::line_for_git(packages, installed)) {
      needed_by_git_ = line->origin.text;
    }
    BERTH_TRY(ImageFacts image, find_or_build(stages, installed.packages));
    runtime::EnvironmentStore(context_.surroundings.environment)
        .note_use(environment::tag_of(stages.back().key), run_.request.run.project.string(),
                  std::chrono::system_clock::now());
    return image;
  }

 private:
  // Where only the project's own files ask, an image without Python is somebody's choice for
  // another purpose, and a word about it is enough.
  bool has_python(const ImagePackages& installed) const {
    const bool irrelevant =
        run_.request.run.packages.asked_for || run_.plan.decision.source != ImageSource::given;
    if (!installed.python.empty() || irrelevant) {
      return true;
    }
    context_.messages.warning(fmt::format(
        "`{}` has no Python: what the project's files ask for is not installed", base_.reference));
    return false;
  }

  Result<std::optional<ImageFacts>> image_of(const Stage& stage) const {
    return run_.engine->inspect_image(environment::image_of(stage.key));
  }

  // From the last stage that is there.
  Result<ImageFacts> find_or_build(const std::vector<Stage>& stages, Packages packages) {
    std::size_t next = stages.size();
    ImageFacts image = base_;
    for (; next > 0; --next) {
      BERTH_TRY(std::optional<ImageFacts> there, image_of(stages[next - 1]));
      if (there) {
        packages = environment::packages_in(there->labels, std::move(packages));
        image = std::move(*there);
        break;
      }
    }
    if (next < stages.size()) {
      say_what_is_special(stages[next]);
    }
    for (; next < stages.size(); ++next) {
      BERTH_TRY(image, build(stages[next], image.id, packages));
      packages = environment::packages_in(image.labels, std::move(packages));
    }
    return image;
  }

  // Before the first stage that is built.
  void say_what_is_special(const Stage& first) const {
    if (!needed_by_git_.empty() && first.kind == Stage::Kind::system) {
      context_.messages.note(
          fmt::format("git is added to the image: {} has to be fetched with it", needed_by_git_));
    }
    for (const std::string& warning : sources_.surroundings.warnings) {
      context_.messages.warning(warning);
    }
    for (const std::string& note : sources_.local.notes()) {
      context_.messages.note(note);
    }
  }

  // Somebody else may be at it: a container of a name exists only once.
  Result<ImageFacts> build(const Stage& stage, const std::string& on, const Packages& packages) {
    constexpr std::chrono::milliseconds kPause{200};
    for (bool told = false;; told = true) {
      const Result<void> built = runner_.build(stage, on, packages);
      if (!built && built.error().id != "name-in-use") {
        return fail(built.error());
      }
      if (!built) {
        if (!told) {
          context_.messages.note("the same environment is being built already: waiting for it");
        }
        BERTH_CHECK(runtime::await_other_build(*run_.engine, environment::kRepository,
                                               environment::tag_of(stage.key), stop_));
      }
      BERTH_TRY(std::optional<ImageFacts> image, image_of(stage));
      if (image) {
        return std::move(*image);
      }
      if (built) {
        return fail(Errc::engine_failed,
                    fmt::format("the engine made `{}` and does not have it afterwards",
                                environment::image_of(stage.key)));
      }
      if (!pause_for(kPause, stop_)) {
        return fail(Errc::interrupted, "the wait for another build was interrupted");
      }
    }
  }

  const PlannedRun& run_;
  const ImageFacts& base_;
  const BuildSources sources_;
  std::string needed_by_git_{};  // "requirements.txt:3"
  Context& context_;
  const std::stop_token& stop_;
  StageRunner runner_;
};

// Nothing is asked for, or nothing but frameworks that the image is known to hold.
bool nothing_to_do(const PlannedRun& run) {
  const PackageRequest& packages = run.request.run.packages;
  const Decision& decision = run.plan.decision;
  const auto is_held = [&decision](const std::string& name) {
    return std::any_of(decision.frameworks.begin(), decision.frameworks.end(),
                       [&name](const FrameworkChoice& framework) {
                         return framework.in_image && framework.name == name;
                       });
  };
  const bool all_in_image =
      std::all_of(decision.frameworks.begin(), decision.frameworks.end(),
                  [](const FrameworkChoice& framework) { return framework.in_image; });
  return !packages.enabled ||
         (packages.apt.empty() && all_in_image && decision.libraries.empty() &&
          std::all_of(packages.lines.begin(), packages.lines.end(), [&](const PipLine& line) {
            return line.kind == PipLine::Kind::option ||
                   (line.kind == PipLine::Kind::requirement && is_held(line.name));
          }));
}

}  // namespace

Result<ImageFacts> provide_environment(const PlannedRun& run, const ImageFacts& base,
                                       const std::string& run_id, Context& context,
                                       const std::stop_token& stop) {
  if (nothing_to_do(run)) {
    return base;
  }
  BERTH_TRY(BuildSources sources, find_build_sources(run));
  return Provider(run, base, run_id, std::move(sources), context, stop).provide();
}

}  // namespace berth::cli
