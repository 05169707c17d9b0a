// LockedPackages: what a project's environment has installed, to the version and the file, so that
// it can be installed once more. A part of berth.lock (docs/lock.md).
#pragma once

#include <string>
#include <vector>

namespace berth {

// What decided: a line of a file, or an option.
struct LockInput {
  std::string name{};  // "torch", "numpy"; "--python", "--cuda", "--image", "--apt", "option", …
  std::string text{};  // "torch==2.3.1", ">=3.9", "12.1"
  std::string origin{};  // "requirements.txt:3"; says where, and decides nothing
};

// By name and text, each once.
std::vector<LockInput> sorted_inputs(std::vector<LockInput> inputs);

struct LockedPackage {
  std::string name{};  // normalised
  std::string version{};
  std::string stage{};  // "frameworks", "packages": which of them installs it
  // Where it is from: the file's address, that of its index, "git+https://host/a.git@<commit>", or
  // what a line calls it on the caller's machine: "./lib". No credentials.
  std::string from{};
  // "sha256:…" of the files that will do, sorted. Empty for what is no file: a folder, a commit.
  std::vector<std::string> hashes{};

  std::string text() const { return name + "==" + version; }
};

struct LockedPackages {
  std::vector<LockInput> inputs{};        // sorted by name and text
  std::vector<LockedPackage> packages{};  // by name; empty: the image has all that is asked for
};

}  // namespace berth
