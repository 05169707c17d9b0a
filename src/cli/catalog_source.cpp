// Where the catalogue comes from: the files embedded in the binary, each replaceable by one of the
// same name in a folder, so that new facts need no new berth.
#include <algorithm>
#include <filesystem>
#include <list>
#include <system_error>

#include "berth/base/file.hpp"
#include "cli/context.hpp"

namespace berth::cli {

namespace {

Result<std::vector<std::filesystem::path>> json_files(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  if (error) {
    return fail(Errc::invalid_input,
                "cannot read the catalogue folder `" + folder.string() + "`: " + error.message());
  }
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::directory_entry& entry : entries) {
    if (entry.path().extension() == ".json") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<Catalog> Context::catalog() const {
  std::vector<EmbeddedFile> files = embedded_files();
  std::optional<std::filesystem::path> folder = options.catalog;
  if (!folder) {
    const std::optional<std::string> variable = surroundings.environment("BERTH_CATALOG");
    if (!variable || variable->empty()) {
      return load_catalog(files);
    }
    folder = *variable;
  }
  BERTH_TRY(const std::vector<std::filesystem::path> paths, json_files(*folder));
  if (paths.empty()) {
    return fail(Errc::invalid_input,
                "the catalogue folder `" + folder->string() + "` has no .json file");
  }
  std::list<std::string> names;  // what the EmbeddedFiles refer to, until the catalogue is parsed
  std::list<std::string> contents;
  for (const std::filesystem::path& path : paths) {
    BERTH_TRY(std::string content, read_file(path));
    names.push_back(path.filename().string());
    contents.push_back(std::move(content));
    const EmbeddedFile file{names.back(), contents.back()};
    const auto same_name = [&file](const EmbeddedFile& other) { return other.name == file.name; };
    const auto existing = std::find_if(files.begin(), files.end(), same_name);
    if (existing == files.end()) {
      files.push_back(file);
    } else {
      *existing = file;
    }
  }
  Result<Catalog> catalog = load_catalog(files);
  if (!catalog) {
    return fail(
        std::move(catalog).error().note("with the catalogue folder `" + folder->string() + "`"));
  }
  return catalog;
}

}  // namespace berth::cli
