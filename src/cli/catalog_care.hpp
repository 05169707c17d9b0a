// `berth catalog check` and `berth catalog diff`: findings and changes as lines, and as JSON
// (schemas berth/catalog-check/1 and berth/catalog-diff/1).
#pragma once

#include <optional>
#include <string>

#include "cli/context.hpp"

namespace berth::cli {

// The files of a folder on top of the embedded ones; without a folder those in use. Exit code 1
// where there is an error among the findings. Notes are shown with -v.
Result<int> check_catalog_files(Context& context, const std::string& folder);

// What a folder's files change of the catalogue in use: files that the folder lacks stay as they
// are.
Result<int> diff_catalog_files(Context& context, const std::string& folder);

}  // namespace berth::cli
