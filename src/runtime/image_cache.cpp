#include "runtime/image_cache.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "berth/base/file.hpp"
#include "berth/base/sha256.hpp"
#include "runtime/json_fields.hpp"
#include "runtime/registry_documents.hpp"

namespace berth::runtime {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestDocument = 8u << 20;
constexpr std::size_t kLargestTag = 4096;

std::int64_t seconds_of(ImageCache::Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

void drop_oldest(const fs::path& folder) {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    files.emplace_back(entry.last_write_time(error), entry.path());
  }
  if (files.size() <= ImageCache::kMostFiles) {
    return;
  }
  // Half of them at once, so that not every write has to look.
  const auto middle = files.begin() + static_cast<std::ptrdiff_t>(files.size() / 2);
  std::nth_element(files.begin(), middle, files.end());
  for (auto file = files.begin(); file != middle; ++file) {
    fs::remove(file->second, error);
  }
}

}  // namespace

fs::path image_cache_folder(const EnvironmentLookup& environment) {
  const std::optional<std::string> cache = environment("XDG_CACHE_HOME");
  if (cache && cache->starts_with('/')) {
    return fs::path(*cache) / "berth" / "images";
  }
  const std::optional<std::string> home = environment("HOME");
  return home && home->starts_with('/') ? fs::path(*home) / ".cache/berth/images" : fs::path();
}

fs::path ImageCache::document_path(const std::string& digest) const {
  return folder_ / ("sha256-" + digest.substr(digest.find(':') + 1));
}

fs::path ImageCache::tag_path(const std::string& name) const {
  return folder_ / ("tag-" + sha256_hex(name));
}

void ImageCache::write(const fs::path& path, std::string_view content) const {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (write_file_atomically(path, content)) {
    drop_oldest(folder_);
  }
}

std::optional<std::string> ImageCache::find(const std::string& digest) const {
  if (folder_.empty() || !is_sha256_digest(digest)) {
    return std::nullopt;
  }
  Result<std::string> document = read_file(document_path(digest), kLargestDocument);
  if (!document || "sha256:" + sha256_hex(*document) != digest) {
    return std::nullopt;
  }
  return std::move(*document);
}

void ImageCache::keep(const std::string& digest, std::string_view document) const {
  if (!folder_.empty() && is_sha256_digest(digest)) {
    write(document_path(digest), document);
  }
}

std::optional<ImageCache::Tag> ImageCache::find_tag(const std::string& name, Time now) const {
  if (folder_.empty()) {
    return std::nullopt;
  }
  const Result<std::string> content = read_file(tag_path(name), kLargestTag);
  if (!content) {
    return std::nullopt;
  }
  struct Kept {
    std::string name;
    std::string digest;
    std::int64_t seen;
  };
  const Result<Kept> kept = decode(*content, Errc::invalid_input, "a tag", [](const Json& json) {
    return Kept{text_field(json, "name"), text_field(json, "digest"), integer_field(json, "seen")};
  });
  if (!kept || kept->name != name || !is_sha256_digest(kept->digest)) {
    return std::nullopt;
  }
  const std::int64_t present = seconds_of(now);
  const std::int64_t lifetime = std::chrono::seconds(kTagLifetime).count();
  // One from the future: the clock was set back, and nothing is known of its age.
  return Tag{kept->digest, kept->seen <= present && kept->seen > present - lifetime};
}

void ImageCache::keep_tag(const std::string& name, const std::string& digest, Time now) const {
  if (!folder_.empty()) {
    const nlohmann::ordered_json document = {
        {"name", name}, {"digest", digest}, {"seen", seconds_of(now)}};
    write(tag_path(name), document.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
}

}  // namespace berth::runtime
