// Catalogue files outside of the binary: of --catalog, or installed by `berth catalog update`.
#pragma once

#include <filesystem>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "berth/base/embedded.hpp"
#include "berth/base/result.hpp"
#include "berth/spec/gather.hpp"

namespace berth::cli {

// Owns names and contents; as_files() refers to them.
class CatalogFiles {
 public:
  // All .json files of a folder, by name. Errc::invalid_input where it cannot be read or has none.
  static Result<CatalogFiles> of_folder(const std::filesystem::path& folder);

  void add(std::string name, std::string content) {
    files_.emplace_back(std::move(name), std::move(content));
  }
  std::vector<EmbeddedFile> as_files() const;
  // `files`, with those of the same name replaced.
  std::vector<EmbeddedFile> on_top_of(std::vector<EmbeddedFile> files) const;
  const std::list<std::pair<std::string, std::string>>& items() const { return files_; }

 private:
  std::list<std::pair<std::string, std::string>> files_{};  // addresses stay
};

// Where `berth catalog update` puts its catalogue: a link to the folder with the files.
// $XDG_DATA_HOME/berth/catalog, else ~/.local/share/berth/catalog.
std::filesystem::path installed_catalog(const spec::Surroundings& surroundings);

}  // namespace berth::cli
