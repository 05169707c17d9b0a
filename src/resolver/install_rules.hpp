// What a build asks of the place where it is installed: wheels for the processor, and an image of a
// CUDA that it can live with.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "berth/resolver/catalog.hpp"

namespace berth::resolver {

// Builds that can live in one image: of one CUDA major where its minors are compatible; of one
// minor elsewhere, and beside a build that loads the libraries of just that minor.
struct CudaGroup {
  unsigned major = 0;             // 0: the builds for the CPU
  std::optional<unsigned> minor;  // none: any

  bool holds(const FrameworkBuild& build) const;

  auto operator<=>(const CudaGroup&) const = default;
};

// `build` has a CUDA.
CudaGroup group_of(const FrameworkBuild& build, const Catalog& catalog);
// Of the CUDA in an image.
CudaGroup group_of(const CudaVersion& cuda, const Catalog& catalog);

// Whether a build is of the CUDA that is asked for: of that series, or by its name of a major alone
// (cuda12, cu13), which an image of any minor of it serves.
bool is_of_cuda(const FrameworkBuild& build, const CudaVersion& asked);
// A name that says a major alone.
bool names_a_major(const FrameworkBuild& build);

// Whether a build that loads the libraries of one minor finds them in a CUDA image.
bool finds_its_libraries(const FrameworkBuild& build, const ImageTag& base);

// Processors that nobody has told refuse none.
bool are_for(const Processors& processors, const std::string& architecture);

}  // namespace berth::resolver
