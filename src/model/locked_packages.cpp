#include "berth/model/locked_packages.hpp"

#include <algorithm>
#include <tuple>

namespace berth {

std::vector<LockInput> sorted_inputs(std::vector<LockInput> inputs) {
  const auto identity = [](const LockInput& input) { return std::tie(input.name, input.text); };
  std::stable_sort(inputs.begin(), inputs.end(), [&](const LockInput& a, const LockInput& b) {
    return identity(a) < identity(b);
  });
  const auto last = std::unique(
      inputs.begin(), inputs.end(),
      [&](const LockInput& a, const LockInput& b) { return identity(a) == identity(b); });
  inputs.erase(last, inputs.end());
  return inputs;
}

}  // namespace berth
