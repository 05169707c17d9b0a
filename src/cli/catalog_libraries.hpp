// What the catalogue knows of libraries that are compiled against a framework: of those with
// releases of their own (vllm, keras), and of companions, which have one per release of their
// framework (torchvision, jaxlib).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/catalog_report.hpp"

namespace berth::cli {

// Names of libraries and companions, for "did you mean".
std::vector<std::string> library_names(const Catalog& catalog);

// All releases of a library, or that one alone; nullopt where `name` is none. Errc::not_found, with
// the nearest releases, where the catalogue does not have it.
Result<std::optional<std::vector<CatalogSection>>> library_sections(const Catalog& catalog,
                                                                    const std::string& name,
                                                                    const std::string& release);

// A release and where it is told of in a message: "0.18.1 (torch==2.3.1)".
struct KnownRelease {
  pep440::Version version{};
  std::string text{};
};

// The error for a release that the catalogue has not: what is known on either side of it, else
// which are known. `known` in any order.
Failure unknown_release(const std::string& name, const std::string& release,
                        std::span<const KnownRelease> known);

}  // namespace berth::cli
