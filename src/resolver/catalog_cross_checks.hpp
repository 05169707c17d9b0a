// What of a whole catalogue does not go together: facts of different rows and files about one
// thing.
#pragma once

#include <vector>

#include "berth/resolver/catalog.hpp"
#include "berth/resolver/catalog_check.hpp"

namespace berth::detail {

std::vector<CatalogFinding> check_across(const Catalog& catalog);

}  // namespace berth::detail
