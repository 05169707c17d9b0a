#include "cli/catalog_files.hpp"

#include <algorithm>
#include <system_error>

#include "berth/base/file.hpp"

namespace berth::cli {

namespace {

namespace fs = std::filesystem;

Result<std::vector<fs::path>> json_files(const fs::path& folder) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error) {
    return fail(Errc::invalid_input,
                "cannot read the catalogue folder `" + folder.string() + "`: " + error.message());
  }
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : entries) {
    if (entry.path().extension() == ".json") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<CatalogFiles> CatalogFiles::of_folder(const fs::path& folder) {
  BERTH_TRY(const std::vector<fs::path> paths, json_files(folder));
  if (paths.empty()) {
    return fail(Errc::invalid_input,
                "the catalogue folder `" + folder.string() + "` has no .json file");
  }
  CatalogFiles files;
  for (const fs::path& path : paths) {
    BERTH_TRY(std::string content, read_file(path));
    files.add(path.filename().string(), std::move(content));
  }
  return files;
}

std::vector<EmbeddedFile> CatalogFiles::as_files() const {
  std::vector<EmbeddedFile> files;
  for (const auto& [name, content] : files_) {
    files.push_back({name, content});
  }
  return files;
}

std::vector<EmbeddedFile> CatalogFiles::on_top_of(std::vector<EmbeddedFile> files) const {
  for (const EmbeddedFile& file : as_files()) {
    const auto existing =
        std::find_if(files.begin(), files.end(),
                     [&file](const EmbeddedFile& other) { return other.name == file.name; });
    if (existing == files.end()) {
      files.push_back(file);
    } else {
      *existing = file;
    }
  }
  return files;
}

fs::path installed_catalog(const spec::Surroundings& surroundings) {
  const std::optional<std::string> data = surroundings.environment("XDG_DATA_HOME");
  const fs::path base =
      data && fs::path(*data).is_absolute() ? fs::path(*data) : surroundings.home / ".local/share";
  return base / "berth" / "catalog";
}

}  // namespace berth::cli
