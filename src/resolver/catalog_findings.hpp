// What the checks of a catalogue have found, made short.
#pragma once

#include <vector>

#include "berth/resolver/catalog_check.hpp"

namespace berth::detail {

// One thing that is missing is missed by many rows: the first of them stands for all, with how many
// more there are.
std::vector<CatalogFinding> summed_up(std::vector<CatalogFinding> findings);

}  // namespace berth::detail
