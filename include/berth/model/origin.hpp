// Where a value comes from. Every value of a request knows, and every message about it says so.
#pragma once

#include <string>
#include <utility>

namespace berth {

struct Origin {
  // "requirements.txt:3", "--python", "BERTH_PYTHON", "berth.yaml:2", "default".
  std::string text;
};

template <class T>
struct Sourced {
  T value;
  Origin origin;
};

}  // namespace berth
