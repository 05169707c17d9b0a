// The part of berth.lock about packages: what it is made from, and what a build has said that it
// installs (build.sh lock). docs/lock.md.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "berth/environment/build_log.hpp"
#include "berth/environment/recipe.hpp"
#include "berth/model/locked_packages.hpp"
#include "berth/model/packages.hpp"

namespace berth::environment {

// What decides which packages are installed, without what decides the image (`of_image`, by name).
// Files and folders count by their content. Sorted; nothing in it says where on this machine.
std::vector<LockInput> package_inputs(const PackageRequest& packages,
                                      const std::map<std::string, LocalSource>& local,
                                      const std::vector<LockInput>& of_image);

// By name.
std::vector<LockedPackage> locked_packages(const BuildLog& said,
                                           const std::map<std::string, LocalSource>& local);

// The packages that no file's hash stands for: "mine 1.0 (./lib)".
std::vector<std::string> without_hash(const std::vector<LockedPackage>& packages);

}  // namespace berth::environment
