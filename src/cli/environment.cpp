#include "cli/environment.hpp"

#include <spdlog/fmt/fmt.h>

#include <fstream>

#include "berth/base/tar.hpp"
#include "berth/base/text.hpp"
#include "berth/environment/build_failure.hpp"
#include "berth/environment/build_log.hpp"
#include "berth/environment/recipe.hpp"
#include "berth/runtime/build_surroundings.hpp"
#include "berth/runtime/environment_build.hpp"
#include "berth/runtime/run_records.hpp"

namespace berth::cli {

namespace {

namespace fs = std::filesystem;
using environment::BuildLog;
using environment::Stage;

// Shell variables for build.sh.
std::string plan_file(const Decision& decision) {
  std::string frameworks;
  for (const FrameworkChoice& framework : decision.frameworks) {
    frameworks += (frameworks.empty() ? "" : " ") + framework.name + "==" + framework.version;
    if (!decision.cuda.empty()) {
      frameworks += "@cuda=" + decision.cuda;
    }
  }
  return fmt::format("PYTHON_SERIES={}\nFRAMEWORKS={}\nINSTALL_PYTHON={}\n",
                     shell_quoted(decision.python), shell_quoted(frameworks),
                     decision.source == ImageSource::cuda_base ? "install" : "");
}

class Builder {
 public:
  Builder(const PlannedRun& run, const ImageFacts& base, const std::string& run_id,
          Context& context, const std::stop_token& stop)
      : run_(run), base_(base), run_id_(run_id), context_(context), stop_(stop) {}

  Result<ImageFacts> provide() {
    const std::vector<Stage> stages =
        environment::make_recipe({run_.request.run.packages, run_.plan.decision, base_});
    if (stages.empty()) {
      return base_;
    }
    BERTH_TRY(std::optional<ImageFacts> there, image_of(stages.back()));
    for (int attempt = 0; !there; ++attempt) {
      BERTH_CHECK(build(stages));
      BERTH_TRY(there, image_of(stages.back()));
      if (attempt > 3) {
        return fail(Errc::engine_failed, "the environment was built and is not there");
      }
    }
    return std::move(*there);
  }

 private:
  Result<std::optional<ImageFacts>> image_of(const Stage& stage) const {
    return run_.engine->inspect_image(environment::image_of(stage.key));
  }

  // From the last stage that is there.
  Result<void> build(const std::vector<Stage>& stages) {
    std::size_t first = stages.size();
    std::string on = base_.id;
    for (; first > 0; --first) {
      BERTH_TRY(const std::optional<ImageFacts> image, image_of(stages[first - 1]));
      if (image) {
        on = image->id;
        break;
      }
    }
    for (std::size_t i = first; i < stages.size(); ++i) {
      BERTH_TRY(on, build(stages[i], on));
    }
    return {};
  }

  // The new image's id.
  Result<std::string> build(const Stage& stage, const std::string& on) {
    BERTH_TRY(const runtime::BuildSurroundings surroundings,
              runtime::build_surroundings(run_.caller));
    BERTH_TRY(const fs::path log_file, log_path(stage));
    std::ofstream log(log_file, std::ios::trunc);
    BuildLog said({.on_step = [&](std::string_view step) { context_.messages.note(step); },
                   .on_line = [&](std::string_view line) { log << line << std::endl; }},
                  surroundings.secrets);
    runtime::StageBuild order{.image = on, .base = base_};
    order.repository = environment::kRepository;
    order.tag = environment::tag_of(stage.key);
    order.run_id = run_id_;
    order.stage = environment::name_of(stage.kind);
    order.archive = archive_of(stage, surroundings);
    order.network = network();
    order.extra_hosts = run_.request.run.options.extra_hosts;
    order.dns = run_.request.run.options.dns;
    order.comment = fmt::format("berth: {}", join(stage.items, " "));
    order.labels = [&] { return labels(stage, said); };
    order.on_output = [&said](std::string_view bytes) { said.feed(bytes); };
    order.stop = stop_;
    Result<runtime::StageOutcome> outcome = runtime::build_stage(*run_.engine, order);
    if (!outcome && outcome.error().id == "name-in-use") {
      context_.messages.note("another berth builds the same environment: waiting for it");
      BERTH_CHECK(runtime::await_other_build(*run_.engine, order.repository, order.tag, stop_));
      BERTH_TRY(const std::optional<ImageFacts> image, image_of(stage));
      return image ? Result<std::string>(image->id) : build(stage, on);
    }
    if (!outcome) {
      return fail(outcome.error());
    }
    said.finish();
    if (outcome->exit_code != 0) {
      return fail(environment::explain_failure(
          {said, stage, run_.request.run.packages, run_.plan.decision, base_.reference,
           log_file.string(), outcome->exit_code}));
    }
    return outcome->image_id;
  }

  std::string archive_of(const Stage& stage,
                         const runtime::BuildSurroundings& surroundings) const {
    TarWriter archive;
    for (const auto& [name, content] : environment::programs()) {
      archive.add_file(name, content);
    }
    for (const auto& [name, content] : stage.files) {
      archive.add_file(name, content);
    }
    for (const auto& [name, content] : surroundings.files) {
      archive.add_file(name, content, 0600);
    }
    archive.add_file("plan", plan_file(run_.plan.decision));
    return std::move(archive).finish();
  }

  // A run without a network needs its packages all the same.
  std::string network() const {
    const std::string network = run_.request.run.network.value_or("");
    return network == "none" ? "" : network;
  }

  std::map<std::string, std::string> labels(const Stage& stage, const BuildLog& said) const {
    return {{"org.berth.env", stage.key},
            {"org.berth.env.stage", std::string(environment::name_of(stage.kind))},
            {"org.berth.env.base", base_.reference},
            {"org.berth.env.packages", join(said.packages(), "\n")}};
  }

  Result<fs::path> log_path(const Stage& stage) const {
    const fs::path folder =
        runtime::record_folder(context_.surroundings.environment).parent_path() / "environments";
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
      return fail(Errc::io, fmt::format("the folder `{}` cannot be made: {}", folder.string(),
                                        error.message()));
    }
    return folder / (environment::tag_of(stage.key) + ".log");
  }

  const PlannedRun& run_;
  const ImageFacts& base_;
  const std::string& run_id_;
  Context& context_;
  const std::stop_token& stop_;
};

}  // namespace

Result<ImageFacts> provide_environment(const PlannedRun& run, const ImageFacts& base,
                                       const std::string& run_id, Context& context,
                                       const std::stop_token& stop) {
  if (!run.request.run.packages.enabled) {
    return base;
  }
  return Builder(run, base, run_id, context, stop).provide();
}

}  // namespace berth::cli
