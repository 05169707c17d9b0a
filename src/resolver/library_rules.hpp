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

// The releases that lines, GPUs and processor allow and that go with the framework's version (null:
// nobody knows which it is) and CUDA, newest first.
std::vector<const WantedLibrary::Accepted*> releases_beside(const WantedLibrary& wanted,
                                                            const pep440::Version* framework,
                                                            const std::optional<CudaVersion>& cuda,
                                                            const Machine& machine);

// A Python that is not known refuses nothing.
bool runs_on(const LibraryRelease& release, const std::optional<PythonVersion>& python);

// `framework` is without a local part; null: one that nobody knows refuses nothing.
bool goes_with(const LibraryRelease& release, const pep440::Version* framework,
               const std::optional<CudaVersion>& cuda);

struct LibraryFit {
  const LibraryRelease* release = nullptr;  // the newest that fits; none where none does
  std::string version_text;                 // "2.*" of a series of which no line names a patch
  std::size_t newer = 0;                    // releases given up
  Reason reason;                            // why none does
};
// Of the releases beside a build the newest that runs on the Python.
LibraryFit library_fit(const WantedLibrary& wanted,
                       const std::vector<const WantedLibrary::Accepted*>& beside,
                       const std::optional<PythonVersion>& python,
                       const std::string& framework_name);

// Whether a build is refused where no release goes with it. Lines that no release of the catalogue
// satisfies decide nothing (the library is newer than it, or older), unless they contradict each
// other; nor do lines that leave room
// for releases that the catalogue has not.
bool library_decides(const WantedLibrary& wanted);

}  // namespace berth::resolver
