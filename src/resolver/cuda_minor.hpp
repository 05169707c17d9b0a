// CUDA versions by their minor, which is what drivers and builds are judged by: 12.1 and 12.1.1 are
// one.
#pragma once

#include "berth/base/dotted_version.hpp"

namespace berth::resolver {

inline bool same_minor(const CudaVersion& a, const CudaVersion& b) {
  return a.major() == b.major() && a.minor() == b.minor();
}

inline bool reaches_minor(const CudaVersion& have, const CudaVersion& need) {
  return have.major() != need.major() ? have.major() > need.major() : have.minor() >= need.minor();
}

}  // namespace berth::resolver
