// Which release of a library goes with a build of its framework.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "berth/model/plan.hpp"
#include "berth/resolver/catalog.hpp"
#include "resolver/machine.hpp"
#include "resolver/wanted.hpp"

namespace berth::resolver {

// The framework's build that the library is to be installed beside, and the Python.
struct LibraryGround {
  const pep440::Version& framework;
  const std::optional<CudaVersion>& cuda;
  std::optional<PythonVersion> python;  // absent: not known, and nothing is refused for it
};

// What stands against a release there; none for one that fits.
enum class LibraryObstacle { none, lines, framework, cuda, python, gpu };

LibraryObstacle library_obstacle(const LibraryRelease& release, const WantedLibrary& wanted,
                                 const LibraryGround& ground, const Machine& machine);

// The same, of what is in the release alone: its framework, CUDA, Python; not lines and GPUs.
LibraryObstacle library_obstacle(const LibraryRelease& release, const LibraryGround& ground);

struct LibraryFit {
  const LibraryRelease* release = nullptr;  // the newest that fits; none where none does
  std::string version_text;
  std::size_t newer = 0;  // releases given up
  Reason reason;          // why none does
};
LibraryFit library_fit(const WantedLibrary& wanted, const LibraryGround& ground,
                       const std::string& framework_name, const Machine& machine);

// Whether a build is refused where no release goes with it. Lines that no release of the catalogue
// satisfies decide nothing (the library is newer than it, or older), nor do lines that leave room
// for releases that the catalogue has not.
bool library_decides(const WantedLibrary& wanted);

}  // namespace berth::resolver
