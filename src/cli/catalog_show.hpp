// `berth catalog show THING`: all that is known of one thing.
#pragma once

#include <string>

#include "cli/catalog_report.hpp"

namespace berth::cli {

// A release ("torch==2.3.1"), a framework, an image or the beginning of one
// ("nvidia/cuda:12.1.1-"), a GPU ("RTX 3090", "sm_86"), a driver ("535.104.05") or a CUDA ("12.1").
// Errc::not_found for what is none of these, with the nearest name.
Result<CatalogReport> show_in_catalog(const Catalog& catalog, const std::string& thing);

}  // namespace berth::cli
