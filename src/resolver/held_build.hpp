// The build of a framework that an image holds.
#pragma once

#include <string>
#include <string_view>

#include "berth/base/pep440.hpp"
#include "berth/resolver/catalog.hpp"

namespace berth::resolver {

// The text of a version that nobody has written down.
inline constexpr std::string_view kUnknownVersion = "unknown";

struct HeldBuild {
  // The project's row of that release, or of a sibling: 2.4.0 for 2.4.3. None for NVIDIA's
  // containers: NVIDIA compiles its own.
  const FrameworkRelease* release = nullptr;
  pep440::Version version;   // 0 where the image's is not known
  std::string version_text;  // kUnknownVersion then
  bool version_known = false;
  FrameworkBuild build;  // the row's for that CUDA; else what the image itself says
};

// `image.frameworks` must have the framework.
HeldBuild held_build(const Framework& framework, const ImageTag& image);

// "cu126", as the wheels of the image's CUDA are named; "cpu", "unknown".
std::string build_name(const ImageTag& image);

bool is_build_of(const FrameworkBuild& build, const ImageTag& image);

}  // namespace berth::resolver
