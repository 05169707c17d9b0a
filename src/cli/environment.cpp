#include "cli/environment.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "berth/base/credentials.hpp"
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

// Of a build with compilers: what the user says, else the machine's GPUs. Otherwise torch's own
// choice stands, which nothing is compiled for.
std::string compiled_for(const PlannedRun& run) {
  constexpr std::string_view kVariable = "TORCH_CUDA_ARCH_LIST";
  const auto& variables = run.request.run.environment;
  const auto said = std::find_if(variables.rbegin(), variables.rend(),
                                 [&](const auto& variable) { return variable.name == kVariable; });
  if (said != variables.rend()) {
    const auto callers = run.caller.environment.find(std::string(kVariable));
    return said->value                               ? *said->value
           : callers == run.caller.environment.end() ? ""
                                                     : callers->second;
  }
  const bool devel =
      run.request.resolve.devel || run.plan.decision.image.find("-devel") != std::string::npos;
  return devel ? environment::cuda_architectures(run.plan.decision) : std::string();
}

// Of the run, where the image has these packages.
std::vector<Stage> recipe(const PlannedRun& run, const ImageFacts& base,
                          const ImagePackages& installed, const BuildSources& sources) {
  return environment::make_recipe({run.request.run.packages, run.plan.decision, base, installed,
                                   sources.local.sources(), sources.surroundings.indexes,
                                   run.locked ? &*run.locked : nullptr, compiled_for(run)});
}

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
    BERTH_CHECK(check_lock(installed));
    const std::vector<Stage> stages = recipe(run_, base_, installed, sources_);
    if (stages.empty()) {
      return base_;
    }
    note_git(installed);
    BERTH_TRY(ImageFacts image, find_or_build(stages, installed.packages));
    runtime::EnvironmentStore(context_.surroundings.environment)
        .note_use(environment::tag_of(stages.back().key), run_.request.run.project.string(),
                  std::chrono::system_clock::now());
    return image;
  }

  Result<std::vector<LockedPackage>> lock(const LockOrder& order) {
    BERTH_TRY(const ImagePackages installed, runner_.inspect());
    if (!has_python(installed)) {
      return std::vector<LockedPackage>{};
    }
    BERTH_CHECK(environment::check_held(run_.request.run.packages, installed, base_.reference));
    const std::vector<Stage> stages = recipe(run_, base_, installed, sources_);
    const auto first = std::find_if(stages.begin(), stages.end(), [](const Stage& stage) {
      return stage.kind == Stage::Kind::frameworks || stage.kind == Stage::Kind::packages;
    });
    if (first == stages.end()) {
      return std::vector<LockedPackage>{};
    }
    note_git(installed);
    BERTH_TRY(const ImageFacts below, find_or_build({stages.begin(), first}, installed.packages));
    environment::LockBasis basis{
        .before = environment::packages_in(below.labels, installed.packages), .kept = order.kept};
    ImageFacts on = below;
    if (!order.anew && order.kept.empty()) {
      BERTH_TRY(on, use_what_is_there({first, stages.end()}, basis, on));
    }
    return runner_.lock(environment::lock_stage(stages, basis), on, basis.before);
  }

 private:
  // Where the tag alone is locked, the image may be another one by now.
  Result<void> check_lock(const ImagePackages& installed) const {
    if (!run_.locked) {
      return {};
    }
    std::set<std::string> checked;  // by the resolver
    for (const FrameworkChoice& framework : run_.plan.decision.frameworks) {
      checked.insert(framework.name);
    }
    const PackageRequest& packages = run_.request.run.packages;
    const PipLine* line = environment::unmet_line(packages, *run_.locked, installed, checked);
    if (line == nullptr) {
      return {};
    }
    return fail(Error{Errc::no_solution,
                      fmt::format("berth.lock does not fit `{}`: `{}` is neither locked nor there",
                                  base_.reference, without_credentials(line->text))}
                    .named("lock-packages")
                    .note(fmt::format("it is asked for by {}", line->origin.text))
                    .note("the packages were locked on another state of the image")
                    .hint("`berth lock --update` locks them anew"));
  }

  // What the project has been run with is what is to be locked. `otherwise` where it is not there.
  Result<ImageFacts> use_what_is_there(const std::vector<Stage>& stages,
                                       environment::LockBasis& basis,
                                       const ImageFacts& otherwise) const {
    BERTH_TRY(const std::optional<ImageFacts> whole, image_of(stages.back()));
    if (!whole) {
      return otherwise;
    }
    if (stages.front().kind == Stage::Kind::packages) {
      basis.frameworks_there = basis.before;
      return *whole;
    }
    BERTH_TRY(const std::optional<ImageFacts> frameworks, image_of(stages.front()));
    if (!frameworks) {
      return otherwise;
    }
    basis.frameworks_there = environment::packages_in(frameworks->labels, basis.before);
    return *whole;
  }

  void note_git(const ImagePackages& installed) {
    if (const PipLine* line = environment::line_for_git(run_.request.run.packages, installed)) {
      needed_by_git_ = line->origin.text;
    }
  }

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
      BERTH_TRY(image, build(stages[next], image, packages));
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
  Result<ImageFacts> build(const Stage& stage, const ImageFacts& on, const Packages& packages) {
    constexpr std::chrono::milliseconds kPause{200};
    for (bool told = false;; told = true) {
      Result<ImageFacts> built = runner_.build(stage, on, packages);
      if (built || built.error().id != "name-in-use") {
        return built;
      }
      if (!told) {
        context_.messages.note("the same environment is being built already: waiting for it");
      }
      BERTH_CHECK(runtime::await_other_build(*run_.engine, environment::kRepository,
                                             environment::tag_of(stage.key), stop_));
      BERTH_TRY(std::optional<ImageFacts> image, image_of(stage));
      if (image) {
        return std::move(*image);
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

void add_items(EnvironmentPlan& plan, const Stage& stage,
               const std::optional<LockedPackages>& locked) {
  if (stage.kind == Stage::Kind::system) {
    plan.apt = stage.items;
  } else if (stage.kind != Stage::Kind::python && locked) {
    for (const LockedPackage& package : locked->packages) {
      if (package.stage == environment::name_of(stage.kind)) {
        plan.pip.push_back(package.text());
      }
    }
  } else if (stage.kind != Stage::Kind::python) {
    plan.pip.insert(plan.pip.end(), stage.items.begin(), stage.items.end());
  }
}

}  // namespace

// Nothing is asked for, or nothing but frameworks that the image is known to hold.
bool nothing_to_install(const PlannedRun& run) {
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

Result<ImageFacts> provide_environment(const PlannedRun& run, const ImageFacts& base,
                                       const std::string& run_id, Context& context,
                                       const std::stop_token& stop) {
  if (nothing_to_install(run)) {
    return base;
  }
  BERTH_TRY(BuildSources sources, find_build_sources(run));
  return Provider(run, base, run_id, std::move(sources), context, stop).provide();
}

Result<std::vector<LockedPackage>> lock_environment(const PlannedRun& run, const ImageFacts& base,
                                                    const LockOrder& order,
                                                    const std::string& run_id, Context& context,
                                                    const std::stop_token& stop) {
  BERTH_TRY(BuildSources sources, find_build_sources(run));
  return Provider(run, base, run_id, std::move(sources), context, stop).lock(order);
}

Result<std::optional<EnvironmentPlan>> plan_environment(const PlannedRun& run, Context& context) {
  if (nothing_to_install(run)) {
    return std::nullopt;
  }
  BERTH_TRY(const BuildSources sources, find_build_sources(run));
  EnvironmentPlan plan{.base = run.plan.decision.image, .locked = run.locked.has_value()};
  ImageFacts base;
  std::optional<ImagePackages> seen;
  if (run.engine) {
    BERTH_TRY(std::optional<ImageFacts> there, run.engine->inspect_image(plan.base));
    if (there) {
      base = std::move(*there);
      const std::string nobody;
      seen = StageRunner(run, base, nobody, sources, context, {}).known_look();
    }
  }
  // Of an image that nobody has looked into, the recipe says what it may have to install.
  const std::vector<Stage> stages = recipe(run, base, seen.value_or(ImagePackages{}), sources);
  if (stages.empty()) {
    return std::nullopt;
  }
  for (const Stage& stage : stages) {
    add_items(plan, stage, run.locked);
  }
  if (seen) {
    plan.key = stages.back().key;
    plan.image = environment::image_of(plan.key);
    BERTH_TRY(const std::optional<ImageFacts> built, run.engine->inspect_image(plan.image));
    plan.exists = built.has_value();
  }
  return plan;
}

}  // namespace berth::cli
