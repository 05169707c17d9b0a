// Turns the best option into the Decision: what was chosen, why, what is in doubt, and what else
// would do.
#pragma once

#include "berth/model/plan.hpp"
#include "resolver/search.hpp"

namespace berth::resolver {

// `search` has at least one satisfying option.
Decision decision_from(const Search& search, const ResolveRequest& request, const Machine& machine);

// One option, for the lists of alternatives and rejected ones.
Candidate candidate_from(const Option& option);

}  // namespace berth::resolver
