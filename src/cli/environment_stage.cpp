#include "cli/environment_stage.hpp"

#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <fstream>
#include <functional>

#include "berth/base/bytes.hpp"
#include "berth/base/sha256.hpp"
#include "berth/base/tar.hpp"
#include "berth/base/text.hpp"
#include "berth/environment/build_failure.hpp"
#include "berth/environment/package_lock.hpp"
#include "berth/environment/recorded_recipe.hpp"
#include "berth/runtime/environment_build.hpp"
#include "berth/runtime/environment_store.hpp"
#include "cli/environment_progress.hpp"
#include "cli/heartbeat.hpp"

namespace berth::cli {

namespace {

namespace fs = std::filesystem;
using environment::BuildLog;
using environment::ImagePackages;
using environment::RecordedRecipe;
using environment::Stage;
using Packages = std::map<std::string, std::string>;

constexpr std::chrono::milliseconds kBeat{500};

// Shell variables for build.sh.
std::string plan_file(const Decision& decision, std::uint64_t cache_bytes) {
  std::vector<std::string> frameworks;
  for (const FrameworkChoice& framework : decision.frameworks) {
    const std::string cuda = decision.cuda.empty() ? "" : "@cuda=" + decision.cuda;
    frameworks.push_back(framework.name + "==" + framework.version + cuda);
  }
  return fmt::format("PYTHON_SERIES={}\nFRAMEWORKS={}\nINSTALL_PYTHON={}\nCACHE_BYTES={}\n",
                     shell_quoted(decision.python), shell_quoted(join(frameworks, " ")),
                     decision.source == ImageSource::cuda_base ? "yes" : "", cache_bytes);
}

// What was downloaded may take so much on the engine's disk.
Result<std::uint64_t> cache_limit(const runtime::EnvironmentLookup& environment) {
  constexpr std::uint64_t kUsual = std::uint64_t{20} << 30;
  const std::string said = environment("BERTH_CACHE_SIZE").value_or("");
  if (said.empty()) {
    return kUsual;
  }
  const Result<std::uint64_t> bytes = parse_bytes(said);
  return bytes ? *bytes
               : Result<std::uint64_t>(fail(Error(bytes.error()).context("BERTH_CACHE_SIZE")));
}

// The lines for berth, as they were said: what find_look() gives back.
std::string as_said(const ImagePackages& image) {
  std::string text =
      fmt::format("@berth fact python={}\n@berth fact machine={}\n{}", image.python, image.machine,
                  (image.uv ? std::string("@berth fact uv=yes\n") : std::string()) +
                      (image.git ? "@berth fact git=yes\n" : ""));
  for (const auto& [name, version] : image.packages) {
    text += fmt::format("@berth package {}=={}\n", name, version);
  }
  for (const std::string& name : image.system) {
    text += fmt::format("@berth system {}\n", name);
  }
  return text;
}

bool installs_requirements(const Stage* stage) {
  return stage != nullptr &&
         (stage->kind == Stage::Kind::packages || stage->kind == Stage::Kind::lock);
}

// A run without a network needs its packages all the same.
std::string build_network(const RunRequest& request) {
  return request.network == "none" ? std::string() : request.network.value_or("");
}

// For the image's history: a hundred requirements belong into a label, not into an address.
std::string shortened(std::string text) {
  constexpr std::size_t kMost = 200;
  if (text.size() > kMost) {
    text.resize(text.rfind(' ', kMost) == std::string::npos ? kMost : text.rfind(' ', kMost));
    text += " …";
  }
  return text;
}

}  // namespace

Result<environment::LocalSources> find_local_sources(const PlannedRun& run) {
  return environment::LocalSources::find(run.request.run.packages, run.request.run.project,
                                         run.caller.environment);
}

Result<BuildSources> find_build_sources(const PlannedRun& run) {
  const PackageRequest& packages = run.request.run.packages;
  std::vector<std::string> lines;
  for (const auto* each : {&packages.lines, &packages.constraints}) {
    for (const PipLine& line : *each) {
      lines.push_back(line.text);
    }
  }
  for (const auto& [from, to] : packages.mirrors) {
    lines.push_back(to);
  }
  for (const FrameworkChoice& framework : run.plan.decision.frameworks) {
    lines.push_back(framework.index_url);
  }
  BERTH_TRY(runtime::BuildSurroundings surroundings,
            runtime::build_surroundings(run.caller, lines));
  if (run.local) {
    return BuildSources{std::move(surroundings), *run.local};
  }
  BERTH_TRY(environment::LocalSources local, find_local_sources(run));
  return BuildSources{std::move(surroundings), std::move(local)};
}

Result<std::string> StageRunner::archive_of(const Stage* stage,
                                            const std::map<std::string, std::string>& files) const {
  TarWriter archive;
  for (const auto& [name, content] : environment::programs()) {
    archive.add_file(name, content);
  }
  for (const auto& [name, content] : files) {
    archive.add_file(name, content);
  }
  for (const auto& [name, content] : sources_.surroundings.files) {
    archive.add_file(name, content, 0600);
  }
  BERTH_TRY(const std::uint64_t cache, cache_limit(context_.surroundings.environment));
  archive.add_file("plan", plan_file(run_.plan.decision, cache));
  if (installs_requirements(stage)) {
    BERTH_CHECK(sources_.local.pack(archive));
  }
  return std::move(archive).finish();
}

std::string StageRunner::look_key() const {
  std::string key = base_.id + '\n' + run_.plan.decision.python;
  for (const auto& [name, content] : environment::programs()) {
    key += '\n' + sha256_hex(content);
  }
  return key;
}

std::optional<ImagePackages> StageRunner::known_look() const {
  const runtime::EnvironmentStore store(context_.surroundings.environment);
  const std::optional<std::string> known = store.find_look(look_key());
  if (!known) {
    return std::nullopt;
  }
  BuildLog said({});
  said.feed(*known);
  return environment::image_packages(said);
}

Result<ImagePackages> StageRunner::inspect() {
  if (std::optional<ImagePackages> known = known_look()) {
    return std::move(*known);
  }
  BuildLog said({});
  BERTH_TRY(const int exit_code, carry_out(nullptr, base_, {}, said, nullptr));
  if (exit_code != 0) {
    const Stage looking;
    return fail(environment::explain_failure({said,
                                              looking,
                                              run_.request.run.packages,
                                              run_.plan.decision,
                                              base_.reference,
                                              {},
                                              exit_code,
                                              {},
                                              storage_root()}));
  }
  ImagePackages image = environment::image_packages(said);
  runtime::EnvironmentStore(context_.surroundings.environment)
      .keep_look(look_key(), as_said(image));
  return image;
}

Result<ImageFacts> StageRunner::build(const Stage& stage, const ImageFacts& on,
                                      const Packages& packages) {
  BERTH_CHECK(carry_out_logged(stage, on, packages));
  const std::string name = environment::image_of(stage.key);
  BERTH_TRY(std::optional<ImageFacts> made, run_.engine->inspect_image(name));
  if (!made) {
    return fail(Errc::engine_failed,
                fmt::format("the engine made `{}` and does not have it afterwards", name));
  }
  return std::move(*made);
}

std::string StageRunner::storage_root() const {
  return run_.host.engine ? run_.host.engine->storage_root : std::string();
}

Result<BuildLog> StageRunner::carry_out_logged(const Stage& stage, const ImageFacts& on,
                                               const Packages& packages) {
  const runtime::EnvironmentStore store(context_.surroundings.environment);
  BERTH_TRY(const fs::path log_file, store.log_file(environment::tag_of(stage.key)));
  std::ofstream log(log_file, std::ios::trunc);
  EnvironmentProgress progress(context_.messages, context_.options.verbosity > 0);
  const Heartbeat heartbeat(
      kBeat, progress.is_live() ? [&progress] { progress.beat(); } : std::function<void()>());
  BuildLog said({.on_step = [&progress](std::string_view step) { progress.step(step); },
                 .on_line =
                     [&log, &progress](std::string_view line) {
                       log << line << std::endl;
                       progress.line(line);
                     },
                 .on_count = [&progress](std::uint64_t done,
                                         std::uint64_t total) { progress.count(done, total); }});
  BERTH_TRY(const int exit_code, carry_out(&stage, on, packages, said, &progress));
  if (exit_code != 0) {
    return fail(environment::explain_failure(
        {said, stage, run_.request.run.packages, run_.plan.decision, base_.reference,
         log_file.string(), exit_code, packages, storage_root()}));
  }
  return said;
}

Result<std::vector<LockedPackage>> StageRunner::lock(const Stage& stage, const ImageFacts& on,
                                                     const Packages& packages) {
  BERTH_TRY(const BuildLog said, carry_out_logged(stage, on, packages));
  return environment::locked_packages(said, sources_.local.sources());
}

std::map<std::string, std::string> StageRunner::labels_of(const Stage& stage, const ImageFacts& on,
                                                          const Packages& packages,
                                                          const BuildLog& said) const {
  auto labels = environment::labels_of(stage, said, base_.reference);
  RecordedRecipe recipe;
  if (on.id != base_.id) {
    Result<RecordedRecipe> before = environment::recipe_in(on.labels);
    if (!before) {
      return labels;  // a recipe without its beginning would be another one
    }
    recipe = std::move(*before);
  }
  recipe.base = base_.reference;
  recipe.base_id = base_.id;
  recipe.base_user = base_.user;
  recipe.decision = run_.plan.decision;
  recipe.network = build_network(run_.request.run);
  recipe.extra_hosts = run_.request.run.options.extra_hosts;
  recipe.dns = run_.request.run.options.dns;
  recipe.stages.push_back(environment::record_of(stage, said, packages));
  if (std::optional<std::string> label = environment::recipe_label(recipe)) {
    labels[environment::kRecipeLabel] = std::move(*label);
  }
  return labels;
}

Result<int> StageRunner::carry_out(const Stage* stage, const ImageFacts& on,
                                   const Packages& packages, BuildLog& said,
                                   EnvironmentProgress* progress) {
  said.hide(sources_.surroundings.secrets);
  const RunRequest& request = run_.request.run;
  runtime::StageBuild order{.image = on.id, .base = base_};
  order.run_id = run_id_;
  order.stage = stage == nullptr ? "inspect" : std::string(environment::name_of(stage->kind));
  std::map<std::string, std::string> files;
  if (stage != nullptr) {
    files = stage->files;
    files["held.txt"] = environment::lines_text(environment::held_packages(packages));
  }
  BERTH_TRY(order.archive, archive_of(stage, files));
  if (installs_requirements(stage)) {
    order.local_files = !sources_.local.empty();
    order.workspace = sources_.local.has_editable();
  }
  order.network = build_network(request);
  order.extra_hosts = request.options.extra_hosts;
  order.dns = request.options.dns;
  if (stage != nullptr && stage->kind != Stage::Kind::lock) {
    order.repository = environment::kRepository;
    order.tag = environment::tag_of(stage->key);
    order.comment = "berth: " + shortened(join(stage->items, " "));
    order.labels = [this, stage, &on, &packages, &said, progress] {
      progress->commit();
      return labels_of(*stage, on, packages, said);
    };
  }
  order.on_output = [&said](std::string_view bytes) { said.feed(bytes); };
  order.stop = stop_;
  const Result<runtime::StageOutcome> outcome = runtime::build_stage(*run_.engine, order);
  if (!outcome) {
    return fail(outcome.error());
  }
  said.finish();
  return outcome->exit_code;
}

}  // namespace berth::cli
