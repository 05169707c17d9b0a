// What is wrong with a row of a catalogue file by itself: dates that are none, ranges that end
// before they begin, a tag that says another CUDA than its row.
#pragma once

#include <string>
#include <vector>

#include "berth/resolver/catalog_check.hpp"
#include "resolver/json_tree.hpp"

namespace berth::detail {

// Of the whole file `name`, with `today` as "2026-11-23"; empty: dates in the future are not looked
// for. Also of a file that does not load.
std::vector<CatalogFinding> check_rows(const std::string& name, const JsonNode& document,
                                       const std::string& today);

// "cuda is 12.1 and 12.4, python is 3.10 and 3.11": what two rows about one thing say of it; the
// words of their notes and sources do not count. Empty: nothing else.
std::string contradiction(const JsonNode& first, const JsonNode& second);

}  // namespace berth::detail
