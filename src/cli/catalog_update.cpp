#include "cli/catalog_update.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <set>
#include <system_error>

#include "berth/base/file.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/sha256.hpp"
#include "berth/base/text.hpp"
#include "berth/runtime/download.hpp"
#include "cli/catalog_files.hpp"

namespace berth::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kIndex = "catalog.sha256";
constexpr std::size_t kLargestIndex = 64u << 10;
constexpr std::size_t kLargestFile = 16u << 20;
constexpr std::size_t kMostFiles = 100;
constexpr std::size_t kDigestLength = 64;

struct IndexEntry {
  std::string digest;
  std::string name;
};

// A folder, or what a URL stands for.
class Origin {
 public:
  Origin(std::string from, std::stop_token stop) : from_(std::move(from)), stop_(std::move(stop)) {
    if (from_.ends_with('/')) {
      from_.pop_back();
    }
  }
  Result<std::string> fetch(const std::string& name, std::size_t limit) const {
    if (from_.find("://") != std::string::npos) {
      return runtime::download(from_ + "/" + name, {limit, deadline_, stop_});
    }
    return read_file(fs::path(from_) / name, limit);
  }

 private:
  std::string from_;
  std::stop_token stop_;
  // A catalogue is a few MB: over the slowest of lines it is here by then.
  std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + std::chrono::minutes(10);
};

// A plain name: what an index says must not lead out of the folder.
bool is_file_name(const std::string& name) {
  return name.ends_with(".json") && !name.starts_with('.') &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
         });
}

bool is_digest(const std::string& text) {
  return text.size() == kDigestLength &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c); });
}

// As sha256sum writes it: digest, two blanks (or a blank and `*`), name.
Result<std::vector<IndexEntry>> parse_index(const std::string& content) {
  std::vector<IndexEntry> entries;
  std::set<std::string> names;
  for (const std::string& raw : split(content, '\n')) {
    const std::string line(trimmed(raw));
    if (line.empty()) {
      continue;
    }
    const std::size_t blank = line.find(' ');
    IndexEntry entry{lowered(line.substr(0, blank)), {}};
    entry.name = blank == std::string::npos ? "" : std::string(trimmed(line.substr(blank)));
    if (entry.name.starts_with('*')) {
      entry.name.erase(0, 1);
    }
    if (!is_digest(entry.digest) || !is_file_name(entry.name) || !names.insert(entry.name).second ||
        entries.size() == kMostFiles) {
      return fail(Error{Errc::invalid_input, fmt::format("`{}` is no list of checksums", kIndex)}
                      .note(fmt::format("the line `{}` is not a SHA-256 and the name of a .json "
                                        "file",
                                        printable(line)))
                      .hint("`sha256sum *.json > catalog.sha256` writes one"));
    }
    entries.push_back(std::move(entry));
  }
  if (entries.empty()) {
    return fail(Errc::invalid_input, fmt::format("`{}` names no file", kIndex));
  }
  return entries;
}

Result<CatalogFiles> fetch_files(const Origin& origin) {
  BERTH_TRY(const std::string index, origin.fetch(kIndex, kLargestIndex));
  BERTH_TRY(const std::vector<IndexEntry> entries, parse_index(index));
  CatalogFiles files;
  for (const IndexEntry& entry : entries) {
    BERTH_TRY(std::string content, origin.fetch(entry.name, kLargestFile));
    const std::string digest = sha256_hex(content);
    if (digest != entry.digest) {
      return fail(Error{Errc::invalid_input,
                        fmt::format("`{}` is not the file that `{}` names", entry.name, kIndex)}
                      .named("catalog-checksum")
                      .note(fmt::format("its SHA-256 is {}, expected is {}", digest, entry.digest))
                      .note("nothing is installed"));
    }
    files.add(entry.name, std::move(content));
  }
  return files;
}

// A catalogue that stands for the embedded one must have all that this has.
Result<void> check_whole(const Catalog& catalog, const Catalog& embedded) {
  std::set<std::string> kinds;
  for (const CatalogFile& file : catalog.files) {
    kinds.insert(file.kind);
  }
  for (const CatalogFile& file : embedded.files) {
    if (kinds.count(file.kind) == 0) {
      return fail(Error{Errc::invalid_input,
                        fmt::format("the catalogue has no file of the kind `{}`", file.kind)}
                      .note(fmt::format("berth's own has `{}`", file.name))
                      .note("nothing is installed"));
    }
  }
  return {};
}

Result<void> checked(const std::error_code& error, const fs::path& path) {
  if (!error) {
    return {};
  }
  return fail(Errc::io, fmt::format("cannot write `{}`: {}", path.string(), error.message()));
}

void remove_others(const fs::path& folder, const fs::path& kept) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path() != kept) {
      fs::remove_all(entry.path(), ignored);
    }
  }
}

// The files lie in a folder of their own, and a link says which folder counts: a link can be
// replaced in one step, a folder with files cannot.
Result<void> install(const CatalogFiles& files, const std::string& version, const fs::path& link) {
  std::error_code error;
  const fs::path folder =
      link.parent_path() / "catalogs" / fmt::format("{}-{}", version, ::getpid());
  fs::create_directories(folder, error);
  BERTH_CHECK(checked(error, folder));
  for (const auto& [name, content] : files.items()) {
    BERTH_CHECK(write_file_atomically(folder / name, content));
  }
  const fs::path fresh = link.string() + fmt::format(".{}", ::getpid());
  fs::remove(fresh, error);
  fs::create_directory_symlink(folder, fresh, error);
  BERTH_CHECK(checked(error, fresh));
  fs::rename(fresh, link, error);
  BERTH_CHECK(checked(error, link));
  remove_others(folder.parent_path(), folder);
  return {};
}

}  // namespace

Result<CatalogUpdate> update_catalog(const Context& context, const std::string& from,
                                     const std::stop_token& stop) {
  BERTH_TRY(const CatalogFiles files, fetch_files(Origin(from, stop)));
  BERTH_TRY(const Catalog embedded, load_catalog(embedded_files()));
  BERTH_TRY(const Catalog catalog, load_catalog(files.as_files()));
  BERTH_CHECK(check_whole(catalog, embedded));
  BERTH_TRY(const Catalog in_use, context.catalog());
  CatalogUpdate update{catalog.version, in_use.version, catalog.version > in_use.version};
  if (update.installed) {
    BERTH_CHECK(install(files, catalog.version, installed_catalog(context.surroundings)));
  }
  return update;
}

Result<bool> reset_catalog(const Context& context) {
  const fs::path link = installed_catalog(context.surroundings);
  std::error_code error;
  const bool was_there = fs::remove(link, error);
  BERTH_CHECK(checked(error, link));
  fs::remove_all(link.parent_path() / "catalogs", error);
  BERTH_CHECK(checked(error, link.parent_path()));
  return was_there;
}

}  // namespace berth::cli
