// What a fuzz target holds to be true. libFuzzer takes the abort for a finding.
#pragma once

#include <cstdlib>

namespace berth::fuzz {

inline void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

}  // namespace berth::fuzz
