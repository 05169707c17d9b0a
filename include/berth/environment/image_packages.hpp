// ImagePackages: what an image has already, as a look into a container of it says (build.sh
// inspect). It decides what is left to install, and what must stay as it is.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "berth/base/pep508.hpp"
#include "berth/base/result.hpp"
#include "berth/environment/build_log.hpp"
#include "berth/model/locked_packages.hpp"
#include "berth/model/packages.hpp"

namespace berth::environment {

struct ImagePackages {
  std::string python{};                           // "3.10.12"; empty: it has none
  std::string machine{};                          // "x86_64"
  bool uv = false;                                // on its PATH
  bool git = false;                               // the same
  std::map<std::string, std::string> packages{};  // of that Python: normalised name -> version
  std::set<std::string> system{};                 // the distribution's, by name

  // Whether something is there to install Python's packages with.
  bool has_installer() const { return !python.empty() && (uv || packages.contains("pip")); }
  // What markers are evaluated against.
  pep508::Environment markers() const;
};

ImagePackages image_packages(const BuildLog& said);
// Of lines "numpy==1.26.4": name -> version.
std::map<std::string, std::string> versions_in(const std::vector<std::string>& lines);

// Whether the line asks for nothing that is not there: its marker does not apply, or a version that
// it accepts is installed. With extras nobody knows, so it does not; nor does an address.
bool satisfied(const PipLine& line, const ImagePackages& image);

// The first line that names a package which neither the image nor the locked packages have as it
// wants it; nullptr: there is none. `besides`: names that others have checked. Extras are left out.
const PipLine* unmet_line(const PackageRequest& packages, const LockedPackages& locked,
                          ImagePackages image, const std::set<std::string>& besides);

// The line that has to be fetched with git, where the image has none; nullptr: there is no such.
const PipLine* line_for_git(const PackageRequest& packages, const ImagePackages& image);

// The frameworks and what is compiled against them or belongs to their CUDA: exchanging one of them
// breaks the others. As constraints, "torch==2.3.1".
std::vector<std::string> held_packages(const std::map<std::string, std::string>& packages);

// Errc::no_solution `framework-conflict` where a line asks for another version of a package that
// must stay as it is.
Result<void> check_held(const PackageRequest& packages, const ImagePackages& image,
                        const std::string& image_name);

}  // namespace berth::environment
