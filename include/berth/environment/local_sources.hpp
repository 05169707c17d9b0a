// What requirement lines name on the caller's machine: wheels, archives, folders of a package.
// Found, hashed and packed for the build.
//
// Of a folder counts what may be part of a package (kMostBytes, kMostFiles): not .git and the like,
// virtual environments, caches, `build`, `dist` and *.egg-info at its top, nor links to folders. A
// file above kLargeFile is left out, and said. An editable folder is installed as /workspace/…,
// where the project is at run time; its digest covers only what its metadata depend on:
// pyproject.toml, setup.py, setup.cfg, and the names of packages and modules at its top and in
// src/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/base/tar.hpp"
#include "berth/environment/recipe.hpp"
#include "berth/model/packages.hpp"

namespace berth::environment {

class LocalSources {
 public:
  static constexpr std::uintmax_t kLargeFile = 64u << 20;
  static constexpr std::uintmax_t kMostBytes = 256u << 20;
  static constexpr std::size_t kMostFiles = 20000;
  static constexpr std::size_t kLargestArchive = std::size_t{4} << 30;  // a wheel

  // `project` is what is mounted at /workspace (empty: nothing is); `${NAME}` in a path is a
  // variable. Errc::invalid_input with the line's origin: nothing is there, it is no package, it is
  // too large, an editable one is outside of the project.
  static Result<LocalSources> find(const PackageRequest& packages,
                                   const std::filesystem::path& project,
                                   const std::map<std::string, std::string>& variables);

  // For make_recipe(), by the text of the line.
  const std::map<std::string, LocalSource>& sources() const { return sources_; }
  // What was left out.
  const std::vector<std::string>& notes() const { return notes_; }
  bool empty() const { return places_.empty(); }
  bool has_editable() const;

  // At files/NAME, and files/workspace/NAME for editable ones.
  Result<void> pack(TarWriter& archive) const;

 private:
  Result<void> add(const PipLine& line, const std::filesystem::path& project,
                   const std::map<std::string, std::string>& variables);

  std::map<std::string, LocalSource> sources_{};
  std::map<std::string, std::filesystem::path> places_{};  // by the line's text
  std::vector<std::string> notes_{};
};

}  // namespace berth::environment
