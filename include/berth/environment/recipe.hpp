// Recipe: how an environment is made of an image, in stages, those first that seldom change: the
// distribution's packages, a Python with pip where the image has none, the frameworks, the rest.
// Each stage is an image of its own, `berth/env:<key>`, so that a change of the last one leaves the
// others alone.
//
// Pure: no I/O. The same inputs give the same keys, on every machine and in any order of the lines.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/environment/image_packages.hpp"
#include "berth/model/image_facts.hpp"
#include "berth/model/locked_packages.hpp"
#include "berth/model/packages.hpp"
#include "berth/model/plan.hpp"

namespace berth::environment {

// Where the build finds what lies on the caller's machine.
inline constexpr std::string_view kLocalFiles = "/run/berth/files";

// A file or folder of the caller's machine that a line installs.
struct LocalSource {
  // In the build, below kLocalFiles: "3fa1…/mypkg-1.0-py3-none-any.whl"; of an editable
  // folder, in the project: "lib", "."
  std::string name{};
  std::string digest{};     // of its content
  bool is_file = false;     // a wheel or an archive: the digest is its SHA-256
  bool in_project = false;  // editable: installed as what is below /workspace
  std::string before{};     // of the line: "mypkg @ "
  std::string after{};      // "[dev] ; python_version < '3.11'"
};

struct RecipeInputs {
  const PackageRequest& packages;
  const Decision& decision;
  const ImageFacts& base;
  const ImagePackages& installed;              // in the base
  std::map<std::string, LocalSource> local{};  // by the path of the line
  // Where pip looks when no line says it: pip's configuration and variables, without credentials.
  std::vector<std::string> indexes{};
  // Where it is given, just that is installed.
  const LockedPackages* locked = nullptr;
  // TORCH_CUDA_ARCH_LIST of what is compiled, "8.6;9.0"; empty: torch sees to it.
  std::string cuda_architectures{};
};

struct Stage {
  // `lock` makes no image: it says what the other two would install.
  enum class Kind { system, python, frameworks, packages, lock };
  Kind kind = Kind::packages;
  // 64 hexadecimal digits: of the base, of this stage's files and those of all before, and of the
  // programs that carry them out. Credentials are no part of it.
  std::string key{};
  std::map<std::string, std::string> files{};  // for the build: name -> content
  std::vector<std::string> items{};            // what is installed, for people; no credentials
};

std::string_view name_of(Stage::Kind kind);  // "system", "python", "frameworks", …

// In the order in which they are carried out; empty where the image has all that is asked for.
std::vector<Stage> make_recipe(const RecipeInputs& inputs);

// A file with these lines.
std::string lines_text(const std::vector<std::string>& lines);

// What extensions are compiled for, as torch's TORCH_CUDA_ARCH_LIST has it: for each GPU of the
// decision what its build of torch covers it with, "8.6;9.0+PTX"; empty where that is not known, or
// no torch is in it.
std::string cuda_architectures(const Decision& decision);

// What is there already when the lock is made.
struct LockBasis {
  std::map<std::string, std::string> before{};  // without the frameworks and packages of the recipe
  // With its frameworks, and then all of it: nothing is installed then. Absent: that is to be done.
  std::optional<std::map<std::string, std::string>> frameworks_there{};
  std::vector<std::string> kept{};  // "numpy==1.26.4": as they were locked, where that still goes
};

// Says the version and the hashes of each package that these stages of a recipe install.
Stage lock_stage(const std::vector<Stage>& stages, const LockBasis& basis);

// "berth/env".
inline constexpr const char* kRepository = "berth/env";
// The image of a stage: "berth/env:" and the first 24 digits of its key.
std::string image_of(const std::string& key);
std::string tag_of(const std::string& key);

// What an environment's image says of itself, for `berth env` and for the stage that follows:
// org.berth.env (the key), .stage, .base, .items and .packages, the last two with a line for each.
std::map<std::string, std::string> labels_of(const Stage& stage, const BuildLog& said,
                                             const std::string& base);
// The packages of an image with such labels, name -> version; `otherwise` where it says none.
std::map<std::string, std::string> packages_in(const std::map<std::string, std::string>& labels,
                                               std::map<std::string, std::string> otherwise);

// The programs that carry a stage out in its container: name -> content. `build.sh` is called with
// the name of the stage.
std::map<std::string, std::string> programs();

}  // namespace berth::environment
