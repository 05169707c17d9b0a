#include "cli/environment_rebuild.hpp"

#include <spdlog/fmt/fmt.h>

#include "berth/base/pep508.hpp"
#include "berth/base/text.hpp"
#include "berth/environment/recipe.hpp"
#include "berth/runtime/environment_build.hpp"
#include "cli/environment_stage.hpp"
#include "cli/version.hpp"

namespace berth::cli {

namespace {

using environment::RecordedRecipe;
using environment::RecordedStage;
using environment::Stage;
using Packages = std::map<std::string, std::string>;

PipLine line_of(const std::string& text, const Origin& origin) {
  PipLine line{.text = text, .origin = origin};
  const bool place = text.starts_with("index ") || text.starts_with("links ");  // of a framework
  if (place || (text.starts_with("-") && !text.starts_with("-e "))) {
    line.kind = PipLine::Kind::option;
    return line;
  }
  const Result<pep508::Requirement> read =
      pep508::Requirement::parse(text.substr(0, text.find(" --")));
  line.kind = read ? PipLine::Kind::requirement : PipLine::Kind::address;
  line.name = read ? read->name : std::string();
  line.editable = text.starts_with("-e ");
  return line;
}

// Which files of a stage name packages.
bool has_requirements(const std::string& file) {
  return file == "requirements.txt" || file == "constraints.txt" || file == "locked.txt" ||
         file == "direct.txt" || file == "frameworks.txt";
}

// What a run would have that needs this environment, as far as its build asks.
PlannedRun run_of(const RecordedRecipe& recipe, const Origin& origin) {
  PlannedRun run;
  run.plan.decision = recipe.decision;
  run.request.run.network = recipe.network.empty() ? std::nullopt : std::optional(recipe.network);
  run.request.run.options.extra_hosts = recipe.extra_hosts;
  run.request.run.options.dns = recipe.dns;
  for (const RecordedStage& stage : recipe.stages) {
    for (const auto& [name, content] : stage.files) {
      auto& lines = name == "constraints.txt" ? run.request.run.packages.constraints
                                              : run.request.run.packages.lines;
      for (const std::string& text : split(content, '\n')) {
        if (!text.empty() && name == "system.txt") {
          run.request.run.packages.apt.push_back({text, origin});
        } else if (!text.empty() && has_requirements(name)) {
          lines.push_back(line_of(text, origin));
        }
      }
    }
  }
  return run;
}

Result<void> check_complete(const KnownEnvironment& known) {
  const std::string remedy =
      fmt::format("`berth env remove {}`: the next run that needs it builds it anew", known.tag);
  if (!known.recipe || known.recipe->stages.empty()) {
    return fail(Error{Errc::invalid_input,
                      fmt::format("the image of `{}` does not say how it was made", known.tag)}
                    .named("recipe-incomplete")
                    .hint(remedy));
  }
  if (const auto local = known.recipe->stages.back().local_items(); !local.empty()) {
    return fail(Error{Errc::invalid_input,
                      fmt::format("`{}` holds what came from files of a project", known.tag)}
                    .named("recipe-incomplete")
                    .note("it was installed as " + join(local, ", "))
                    .hint(remedy));
  }
  return {};
}

// A branch that has moved may give the same version.
Packages with_commits(Packages packages, const RecordedRecipe& recipe) {
  for (const RecordedStage& stage : recipe.stages) {
    for (const std::string& line : stage.installed) {
      const std::size_t at = line.find(" @ git+");
      const std::size_t commit = line.rfind('@');
      const auto package = packages.find(line.substr(0, at));
      if (at != std::string::npos && commit > at + 1 && package != packages.end()) {
        constexpr std::size_t kShort = 12;
        package->second += fmt::format(" ({})", line.substr(commit + 1, kShort));
      }
    }
  }
  return packages;
}

class Rebuilder {
 public:
  Rebuilder(const PlannedRun& run, const ImageFacts& base, const std::string& run_id,
            const BuildSources& sources, Context& context, const std::stop_token& stop)
      : run_(run), base_(base), stop_(stop), runner_(run, base, run_id, sources, context, stop) {}

  Result<Packages> rebuild(const std::vector<RecordedStage>& stages, bool all) {
    BERTH_TRY(const environment::ImagePackages installed, runner_.inspect());
    Packages packages = installed.packages;
    ImageFacts on = base_;
    // What is under the last stage stays, from the latest that is there.
    std::size_t next = all ? 0 : stages.size() - 1;
    for (; next > 0; --next) {
      BERTH_TRY(std::optional<ImageFacts> there, image_of(stages[next - 1].key));
      if (there) {
        on = std::move(*there);
        packages = environment::packages_in(on.labels, std::move(packages));
        break;
      }
    }
    for (; next < stages.size(); ++next) {
      BERTH_TRY(on, replace(stages[next], on, packages));
      packages = environment::packages_in(on.labels, std::move(packages));
    }
    const Result<RecordedRecipe> recipe = environment::recipe_in(on.labels);
    return recipe ? with_commits(std::move(packages), *recipe) : packages;
  }

 private:
  Result<std::optional<ImageFacts>> image_of(const std::string& key) const {
    return run_.engine->inspect_image(environment::image_of(key));
  }

  // The commit moves the name to the new image. The old one stays where a container uses it or
  // something was built on it.
  Result<ImageFacts> replace(const RecordedStage& recorded, const ImageFacts& on,
                             const Packages& packages) {
    BERTH_TRY(const std::optional<ImageFacts> old, image_of(recorded.key));
    const Stage stage = environment::stage_of(recorded);
    Result<ImageFacts> made = runner_.build(stage, on, packages);
    while (!made && made.error().id == "name-in-use") {
      BERTH_CHECK(runtime::await_other_build(*run_.engine, environment::kRepository,
                                             environment::tag_of(stage.key), stop_));
      made = runner_.build(stage, on, packages);
    }
    if (made && old && old->id != made->id) {
      static_cast<void>(run_.engine->remove_image(old->id));
    }
    return made;
  }

  const PlannedRun& run_;
  const ImageFacts& base_;
  const std::stop_token& stop_;
  StageRunner runner_;
};

}  // namespace

// By its id: under its name may be another image by now, which makes another environment.
Result<ImageFacts> EnvironmentRebuild::find_base(const RecordedRecipe& recipe) const {
  BERTH_TRY(std::optional<ImageFacts> base, engine_->inspect_image(recipe.base_id));
  if (!base) {
    return fail(Error{Errc::not_found,
                      fmt::format("the engine does not have the image `{}` any more", recipe.base)}
                    .note("it was " + recipe.base_id)
                    .hint(fmt::format("`docker pull {}` brings it back, if it is still the same",
                                      recipe.base)));
  }
  base->reference = recipe.base;
  return std::move(*base);
}

Result<Rebuilt> EnvironmentRebuild::rebuild(const KnownEnvironment& known, bool all_stages) {
  BERTH_CHECK(check_complete(known));
  const RecordedRecipe& recipe = *known.recipe;
  BERTH_TRY(const EngineFacts facts, engine_->facts());
  BERTH_TRY(const ImageFacts base, find_base(recipe));
  PlannedRun run = run_of(recipe, Origin{"the recipe of " + known.tag});
  run.host.engine = facts;
  run.caller = runtime::probe_caller({}, facts, kVersion);
  run.engine = std::move(engine_);
  BERTH_TRY(const BuildSources sources, find_build_sources(run));
  for (const std::string& warning : sources.surroundings.warnings) {
    context_.messages.warning(warning);
  }
  Rebuilt rebuilt;
  rebuilt.before = with_commits(environment::versions_in(known.packages), recipe);
  Rebuilder rebuilder(run, base, run_id_, sources, context_, stop_);
  BERTH_TRY(rebuilt.now, rebuilder.rebuild(recipe.stages, all_stages));
  return rebuilt;
}

}  // namespace berth::cli
