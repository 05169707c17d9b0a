// An environment that is built anew from what its image records: what was not said exactly
// (branches, ranges of versions) is what it is now.
#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"
#include "cli/context.hpp"
#include "cli/environment_list.hpp"

namespace berth::cli {

struct Rebuilt {
  // Name -> version, of all Python packages.
  std::map<std::string, std::string> before{};
  std::map<std::string, std::string> now{};
};

// The last stage; with `all_stages` those before it as well, on which other environments may be
// built. An image is replaced when its successor is there, and not before.
// Errc::invalid_input `recipe-incomplete` where it holds what came from files of a machine, or the
// image does not say how it was made; Errc::not_found where the base is gone; the errors of a
// build.
class EnvironmentRebuild {
 public:
  EnvironmentRebuild(std::unique_ptr<runtime::Engine> engine, std::string run_id, Context& context,
                     std::stop_token stop)
      : engine_(std::move(engine)),
        run_id_(std::move(run_id)),
        context_(context),
        stop_(std::move(stop)) {}

  Result<Rebuilt> rebuild(const KnownEnvironment& known, bool all_stages);

 private:
  Result<ImageFacts> find_base(const environment::RecordedRecipe& recipe) const;

  std::unique_ptr<runtime::Engine> engine_;
  const std::string run_id_;
  Context& context_;
  const std::stop_token stop_;
};

}  // namespace berth::cli
