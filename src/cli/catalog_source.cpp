// Which catalogue is in use: the files embedded in the binary, each replaceable by one of the same
// name in a folder, so that new facts need no new berth; or the one that `berth catalog update`
// installed, where that is newer.
#include <filesystem>
#include <system_error>

#include "berth/resolver/catalog_snapshot.hpp"
#include "cli/catalog_files.hpp"
#include "cli/context.hpp"

namespace berth::cli {

namespace {

namespace fs = std::filesystem;

std::optional<fs::path> chosen_folder(const Context& context) {
  if (context.options.catalog) {
    return context.options.catalog;
  }
  const std::optional<std::string> variable = context.surroundings.environment("BERTH_CATALOG");
  return variable && !variable->empty() ? std::optional<fs::path>(*variable) : std::nullopt;
}

Result<CatalogInUse> with_folder(const fs::path& folder) {
  BERTH_TRY(const CatalogFiles files, CatalogFiles::of_folder(folder));
  Result<Catalog> catalog = load_catalog(files.on_top_of(embedded_files()));
  if (!catalog) {
    return fail(
        std::move(catalog).error().note("with the catalogue folder `" + folder.string() + "`"));
  }
  return CatalogInUse{std::move(*catalog), folder.string()};
}

// An installed catalogue is whole: files of an older berth must not hide newer facts.
Result<Catalog> load_installed(const fs::path& folder) {
  BERTH_TRY(const CatalogFiles files, CatalogFiles::of_folder(folder));
  return load_catalog(files.as_files());
}

// The files take ten times as long.
Result<Catalog> own_catalog() {
  std::optional<Catalog> catalog = read_snapshot(embedded_snapshot().front().content);
  return catalog ? Result<Catalog>(*std::move(catalog)) : load_catalog(embedded_files());
}

}  // namespace

Result<CatalogInUse> Context::catalog_in_use() const {
  if (const std::optional<fs::path> folder = chosen_folder(*this)) {
    return with_folder(*folder);
  }
  BERTH_TRY(Catalog own, own_catalog());
  CatalogInUse in_use{std::move(own), {}};
  const fs::path folder = installed_catalog(surroundings);
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(folder, ignored))) {
    return in_use;
  }
  Result<Catalog> installed = load_installed(folder);
  if (!installed) {
    messages.warning("the catalogue in `" + folder.string() +
                     "` is broken, so berth's own is used: " + installed.error().message +
                     "; `berth catalog update --reset` removes it");
  } else if (installed->version > in_use.catalog.version) {
    in_use = CatalogInUse{std::move(*installed), folder.string()};
  }
  return in_use;
}

Result<Catalog> Context::catalog() const {
  BERTH_TRY(CatalogInUse in_use, catalog_in_use());
  return std::move(in_use.catalog);
}

}  // namespace berth::cli
