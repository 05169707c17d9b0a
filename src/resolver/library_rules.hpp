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
  pep440::Version framework;  // without a local part
  const std::optional<CudaVersion>& cuda;
  std::optional<PythonVersion> python;  // absent: not known, and nothing is refused for it
};

// Whether a release can be installed there: its framework, CUDA, Python; not lines and GPUs.
bool goes_with(const LibraryRelease& release, const LibraryGround& ground);

// The newest release that can, and that lines and GPUs allow; null where there is none.
const WantedLibrary::Accepted* fitting_release(const WantedLibrary& wanted,
                                               const LibraryGround& ground, const Machine& machine);

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
