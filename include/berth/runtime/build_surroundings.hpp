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
  // What decides on which packages are found, without credentials (pip_configuration.hpp).
  std::vector<std::string> indexes{};
  std::vector<std::string> warnings{};
};

// `lines`: all that names an address or a `${VARIABLE}`, as pip gets it: of the caller's variables
// only those are passed on, and of its netrc ($NETRC, else ~/.netrc) the entries for hosts that are
// named there or in pip's configuration.
// Errc::io where the caller's CA bundle or netrc cannot be read; the errors of pip_configuration().
Result<BuildSurroundings> build_surroundings(const Caller& caller,
                                             const std::vector<std::string>& lines);

}  // namespace berth::runtime
