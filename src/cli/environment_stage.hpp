// One stage of an environment, carried out: its archive, its progress, its log, and what is said
// when it fails.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/environment/build_log.hpp"
#include "berth/environment/local_sources.hpp"
#include "berth/environment/recipe.hpp"
#include "berth/model/image_facts.hpp"
#include "berth/runtime/build_surroundings.hpp"
#include "cli/context.hpp"
#include "cli/run_plan.hpp"

namespace berth::cli {

class EnvironmentProgress;

// What a build takes from the caller's machine.
struct BuildSources {
  runtime::BuildSurroundings surroundings;
  environment::LocalSources local;
};
// Errors: those of build_surroundings() and LocalSources::find().
Result<environment::LocalSources> find_local_sources(const PlannedRun& run);
Result<BuildSources> find_build_sources(const PlannedRun& run);

class StageRunner {
 public:
  // All of them must outlive it.
  StageRunner(const PlannedRun& run, const ImageFacts& base, const std::string& run_id,
              const BuildSources& sources, Context& context, const std::stop_token& stop)
      : run_(run),
        base_(base),
        run_id_(run_id),
        sources_(sources),
        context_(context),
        stop_(stop) {}

  // What is in the image, without a change to anything. Looked up where the same image was looked
  // at before.
  Result<environment::ImagePackages> inspect();

  // What is known of such a look from before; starts nothing.
  std::optional<environment::ImagePackages> known_look() const;

  // Makes the stage's image on `on`, the base or the stage before, which has these packages.
  // Errors: explain_failure(), those of build_stage(); Errc::engine_failed where the engine does
  // not have what it made.
  Result<ImageFacts> build(const environment::Stage& stage, const ImageFacts& on,
                           const std::map<std::string, std::string>& packages);

  // Carries a stage of kind `lock` out. Errors: the same.
  Result<std::vector<LockedPackage>> lock(const environment::Stage& stage, const ImageFacts& on,
                                          const std::map<std::string, std::string>& packages);

 private:
  std::string look_key() const;
  std::string storage_root() const;
  // What it has said; its log is kept.
  Result<environment::BuildLog> carry_out_logged(
      const environment::Stage& stage, const ImageFacts& on,
      const std::map<std::string, std::string>& packages);
  // Without a stage it only looks, and nobody is told. The exit code.
  Result<int> carry_out(const environment::Stage* stage, const ImageFacts& on,
                        const std::map<std::string, std::string>& packages,
                        environment::BuildLog& said, EnvironmentProgress* progress);
  // What the image says of itself.
  std::map<std::string, std::string> labels_of(const environment::Stage& stage,
                                               const ImageFacts& on,
                                               const std::map<std::string, std::string>& packages,
                                               const environment::BuildLog& said) const;
  Result<std::string> archive_of(const environment::Stage* stage,
                                 const std::map<std::string, std::string>& files) const;

  const PlannedRun& run_;
  const ImageFacts& base_;
  const std::string& run_id_;
  const BuildSources& sources_;
  Context& context_;
  const std::stop_token& stop_;
};

}  // namespace berth::cli
