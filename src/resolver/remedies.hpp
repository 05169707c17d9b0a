// What would work instead: the search, run again with one constraint relaxed at a time.
#pragma once

#include <string>
#include <vector>

#include "berth/model/host.hpp"
#include "berth/model/request.hpp"
#include "berth/resolver/catalog.hpp"
#include "resolver/known_conflict.hpp"

namespace berth::resolver {

// Each is a command in backticks that was tried and resolves, with what it takes; the nearest to
// the request first, at most four. At least one, if need be `berth catalog`. `known` may be null.
std::vector<std::string> remedies(const ResolveRequest& request, const Host& host,
                                  const Catalog& catalog, const KnownConflict* known = nullptr);

}  // namespace berth::resolver
