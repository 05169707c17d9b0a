// What the container of a build takes over from the caller's machine to reach an index: proxies, a
// private CA, where pip looks, and credentials. All of it lies in memory while the build runs
// (environment_build.hpp) and becomes no part of the image.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/caller.hpp"

namespace berth::runtime {

struct BuildSurroundings {
  // For the archive: "surroundings" is a shell script that exports variables.
  std::map<std::string, std::string> files{};
  // Texts that must not be shown.
  std::vector<std::string> secrets{};
};

// Errc::io where the caller's CA bundle cannot be read.
Result<BuildSurroundings> build_surroundings(const Caller& caller);

}  // namespace berth::runtime
