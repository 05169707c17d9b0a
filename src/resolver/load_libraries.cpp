// Catalogue files about libraries: releases, and the framework that each is compiled against.
#include <algorithm>

#include "berth/base/pep508.hpp"
#include "catalog_tables.hpp"

namespace berth::detail {

namespace {

Result<void> read_release(CatalogRow& row, const Processors& processors, Library& library) {
  LibraryRelease release;
  release.version_text = row.text("version");
  const auto version = row.parsed<pep440::Version>("version");
  release.whole_series = row.flag("series");
  release.optional = row.flag("optional");
  const std::string framework = row.text("requires");
  Result<pep440::SpecifierSet> specifiers = pep440::SpecifierSet::parse(framework);
  release.cuda = row.parsed_if_any<CudaVersion>("cuda");
  release.min_cuda = row.parsed_if_any<CudaVersion>("min_cuda");
  release.compiled = row.flag("compiled");
  release.python_min = row.parsed_if_any<PythonVersion>("python_min");
  release.python_max = row.parsed_if_any<PythonVersion>("python_max");
  release.min_capability = row.parsed_if_any<ComputeCapability>("min_capability");
  release.fact = row.fact();
  release.processors = processors_of(row, release.fact, processors);
  if (!specifiers) {
    row.wrong("`requires`: " + specifiers.error().message);
  }
  BERTH_CHECK(row.finish());
  release.version = *version;
  release.framework = std::move(*specifiers);
  for (const LibraryRelease& other : library.releases) {
    if (other.version == release.version) {
      row.wrong(twice(release.version_text));
    }
  }
  library.releases.push_back(std::move(release));
  return row.finish();
}

}  // namespace

Result<void> read_library(CatalogFileReader& file, Catalog& catalog) {
  Library library;
  library.name = file.top.text("name");
  library.packages = file.top.texts("packages");
  library.framework = file.top.text("framework");
  library.bundled = file.top.flag("bundled");
  library.sparse = file.top.flag("sparse");
  BERTH_TRY(const Processors processors, read_processors(file));
  if (catalog.find_library(library.name) != nullptr) {
    file.top.wrong(twice(library.name));
  }
  for (std::string& package : library.packages) {
    package = pep508::normalised_name(package);
  }
  BERTH_CHECK(file.each_row(
      "releases", [&](CatalogRow& row) { return read_release(row, processors, library); }));
  std::stable_sort(
      library.releases.begin(), library.releases.end(),
      [](const LibraryRelease& a, const LibraryRelease& b) { return a.version > b.version; });
  catalog.libraries.push_back(std::move(library));
  return {};
}

}  // namespace berth::detail
