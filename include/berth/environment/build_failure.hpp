// Why an environment could not be built, in a sentence with a remedy, from what pip, uv, apt and
// build.sh have said.
// Source of the texts looked for: pip 9 to 26 (pip/_internal/exceptions.py, resolution/resolvelib),
// setuptools and distutils, apt 1.0 to 2.6, uv 0.1 to 0.13; seen in the logs of real builds (pip
// 23.0 and 26.3, uv 0.13) where tests/unit/environment/test_build_failure.cpp has them.
#pragma once

#include <map>
#include <string>

#include "berth/base/error.hpp"
#include "berth/environment/build_log.hpp"
#include "berth/environment/recipe.hpp"

namespace berth::environment {

struct FailedBuild {
  const BuildLog& log;
  const Stage& stage;
  const PackageRequest& packages;  // for where a package is asked for
  const Decision& decision;
  std::string base{};      // the image's name
  std::string log_file{};  // where all of it was kept
  int exit_code = 1;
  // What was there before the stage, of which held_packages() must stay.
  std::map<std::string, std::string> installed{};
  std::string storage_root{};  // where the engine keeps images, on its machine
};

// Errc::no_solution where the request or the image has to change, Errc::engine_failed where the
// machine or the network has to. The id says which of the reasons it is (docs/errors.md).
Error explain_failure(const FailedBuild& build);

}  // namespace berth::environment
