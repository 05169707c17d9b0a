// Explains why nothing satisfies a request: the facts that exclude each other, and what would work.
#pragma once

#include <vector>

#include "berth/base/error.hpp"
#include "resolver/search.hpp"

namespace berth::resolver {

// `search` has no satisfying option. At least two notes, each with its origin or source, and at
// least one hint.
Error conflict(const Search& search, const std::vector<World>& worlds,
               const ResolveRequest& request, const Host& host, const Machine& machine,
               const Catalog& catalog);

// The one reason of a single image that was given and does not fit.
Error image_conflict(const Option& option, const ResolveRequest& request, const Host& host,
                     const Machine& machine, const Catalog& catalog);

// Nothing in the request names a framework, an image or a CUDA.
Error no_framework(const ResolveRequest& request, const Catalog& catalog);

}  // namespace berth::resolver
