// Requirement lines for the build: as they are asked for, and as they are locked.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "berth/environment/recipe.hpp"

namespace berth::environment {

using LocalByLine = std::map<std::string, LocalSource>;

// Where the build finds what lies on the caller's machine: below kLocalFiles, or an editable
// folder as what the project is at run time.
std::string place_in_build(const LocalSource& source);

// Whether a line for pip names such a place.
bool is_from_machine(std::string_view line);

// The line as pip gets it in the build, where what lies on the caller's machine is elsewhere.
std::string line_text(const PipLine& line, const LocalByLine& local);

// Whether the line says itself where its package is: a file, a folder, an address.
bool is_direct(const PipLine& line);

struct LockedLines {
  std::vector<std::string> frameworks{};  // "torch==2.3.1+cu121 --hash=sha256:…"
  std::vector<std::string> packages{};
  // What has no hash, as it is asked for: folders, editable ones, git with the locked commit.
  std::vector<std::string> direct{};
};

// `lines` are those that the image does not answer.
LockedLines locked_lines(const LockedPackages& locked, const std::vector<PipLine>& lines,
                         const LocalByLine& local);

}  // namespace berth::environment
