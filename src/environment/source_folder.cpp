#include "environment/source_folder.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <set>
#include <system_error>

#include "berth/base/file.hpp"
#include "berth/base/sha256.hpp"
#include "berth/environment/local_sources.hpp"

namespace berth::environment {

namespace {

namespace fs = std::filesystem;

bool is_left_out(const fs::directory_entry& folder, bool at_top) {
  constexpr std::array<std::string_view, 13> kAnywhere = {".git",
                                                          ".hg",
                                                          ".svn",
                                                          ".tox",
                                                          ".nox",
                                                          ".mypy_cache",
                                                          ".ruff_cache",
                                                          ".venv",
                                                          "__pycache__",
                                                          "node_modules",
                                                          ".pytest_cache",
                                                          ".eggs",
                                                          ".ipynb_checkpoints"};
  const std::string name = folder.path().filename().string();
  std::error_code error;
  return std::find(kAnywhere.begin(), kAnywhere.end(), name) != kAnywhere.end() ||
         (at_top && (name == "build" || name == "dist")) || name.ends_with(".egg-info") ||
         fs::exists(folder.path() / "pyvenv.cfg", error) ||
         fs::exists(folder.path() / "conda-meta", error);
}

void take_file(const fs::directory_entry& entry, const fs::path& folder, SourceFolder& found) {
  std::error_code error;
  const std::string name = entry.path().lexically_relative(folder).string();
  const std::uintmax_t bytes = entry.file_size(error);
  if (error || name.ends_with(".pyc")) {
    return;
  }
  if (bytes > LocalSources::kLargeFile) {
    found.large.push_back(name);
    return;
  }
  const fs::perms permissions = entry.status(error).permissions();
  found.files.push_back({name, bytes, (permissions & fs::perms::owner_exec) != fs::perms::none});
  found.bytes += bytes;
}

}  // namespace

Result<SourceFolder> source_folder(const fs::path& folder) {
  SourceFolder found;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored)) {
      // A link to a folder may lead anywhere, and is not followed.
      if (!entry->is_symlink(ignored) && is_left_out(*entry, entry.depth() == 0)) {
        entry.disable_recursion_pending();
      }
    } else if (entry->is_regular_file(ignored)) {
      take_file(*entry, folder, found);
    }
    // Enough to say that it is too much.
    if (found.bytes > LocalSources::kMostBytes || found.files.size() > LocalSources::kMostFiles) {
      break;
    }
  }
  if (error) {
    return fail(Errc::io, fmt::format("`{}` cannot be read: {}", folder.string(), error.message()));
  }
  const auto by_name = [](const auto& left, const auto& right) { return left.name < right.name; };
  std::sort(found.files.begin(), found.files.end(), by_name);
  return found;
}

Result<std::string> digest_of(const fs::path& folder, const SourceFolder& content) {
  std::string known;
  for (const SourceFolder::File& file : content.files) {
    BERTH_TRY(const std::string bytes, read_file(folder / file.name, LocalSources::kLargeFile));
    known += fmt::format("{} {} {}\n", sha256_hex(bytes), file.executable ? "x" : "-", file.name);
  }
  return sha256_hex(known);
}

Result<std::string> editable_digest_of(const fs::path& folder, const SourceFolder& content) {
  constexpr std::array<std::string_view, 3> kMetadata = {"pyproject.toml", "setup.cfg", "setup.py"};
  std::set<std::string> known;
  for (const SourceFolder::File& file : content.files) {
    if (std::find(kMetadata.begin(), kMetadata.end(), file.name) != kMetadata.end()) {
      BERTH_TRY(const std::string bytes, read_file(folder / file.name));
      known.insert(fmt::format("{} {}\n", file.name, sha256_hex(bytes)));
    } else if (file.name.ends_with(".py")) {
      const std::size_t begin = file.name.starts_with("src/") ? 4 : 0;
      known.insert(file.name.substr(0, file.name.find('/', begin)) + "\n");
    }
  }
  std::string text;
  for (const std::string& line : known) {
    text += line;
  }
  return sha256_hex(text);
}

}  // namespace berth::environment
