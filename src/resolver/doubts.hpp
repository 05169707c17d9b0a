// What a decision leaves open: the warnings that go with it.
#pragma once

#include <string>
#include <vector>

#include "resolver/search.hpp"

namespace berth::resolver {

// Of the best option of `search`, which has one; each is said once. `base_warning` is what is not
// exact about the base image, or empty.
std::vector<std::string> doubts_of(const Search& search, const ResolveRequest& request,
                                   const Machine& machine, const std::string& base_warning);

}  // namespace berth::resolver
