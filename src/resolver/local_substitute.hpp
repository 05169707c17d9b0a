// What the engine has already, against what was chosen.
#pragma once

#include <optional>
#include <vector>

#include "berth/model/plan.hpp"
#include "resolver/search.hpp"

namespace berth::resolver {

// The option that `--prefer local` would take, where the first of the satisfying ones would have to
// be fetched and that one is only slightly older: of the same source and no more than a few
// releases behind. `satisfying` is not empty, and best first.
std::optional<LocalSubstitute> local_substitute(const std::vector<Option>& satisfying,
                                                const Machine& machine);

}  // namespace berth::resolver
