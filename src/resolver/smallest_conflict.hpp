// The fewest facts that exclude each other, and the fewest to give up.
#pragma once

#include "resolver/exclusions.hpp"

namespace berth::resolver {

// The fewest facts that nothing serves together: each of them is needed for that. Of several such
// sets always the same, by what people look at first: lines, GPUs, the driver, flags. Only where
// all facts together are not solvable.
FactSet smallest_conflict(const Facts& facts, const Exclusions& exclusions);

// The fewest facts (at most two) without which there is an answer, flags before lines before the
// machine; nothing where that is not enough.
FactSet smallest_change(const Facts& facts, const Exclusions& exclusions);

}  // namespace berth::resolver
