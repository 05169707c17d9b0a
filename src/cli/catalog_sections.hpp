// The tables of `berth catalog`, one function per topic.
#pragma once

#include "cli/catalog_report.hpp"

namespace berth::cli {

CatalogSection files_section(const Catalog& catalog);
CatalogSection releases_section(const Framework& framework);
// One release, its builds and its images.
std::vector<CatalogSection> release_sections(const Catalog& catalog, const Framework& framework,
                                             const FrameworkRelease& release);
CatalogSection images_section(const std::vector<const ImageTag*>& images);
CatalogSection gpus_section(const Catalog& catalog);
std::vector<CatalogSection> driver_sections(const Catalog& catalog);
std::vector<CatalogSection> cuda_sections(const Catalog& catalog);

}  // namespace berth::cli
