// ImageCache: manifests and configurations that registries have answered with, below the user's
// cache folder. What is named by its digest stays true for ever, and is checked against it when it
// is read, so that a damaged file is no file; what a tag stands for is believed for ten minutes.
//
// Best effort: nothing here is an error, since everything can be asked for again. Bounded: the
// oldest files are dropped beyond 500.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "berth/runtime/endpoint.hpp"

namespace berth::runtime {

// $XDG_CACHE_HOME/berth/images, else ~/.cache/berth/images; empty where neither is known.
std::filesystem::path image_cache_folder(const EnvironmentLookup& environment);

class ImageCache {
 public:
  using Time = std::chrono::system_clock::time_point;

  struct Tag {
    std::string digest{};
    bool fresh = false;  // seen so lately that nobody needs to ask again
  };

  static constexpr std::chrono::minutes kTagLifetime{10};
  static constexpr std::size_t kMostFiles = 500;

  // An empty folder: nothing is kept.
  explicit ImageCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // By "sha256:…".
  std::optional<std::string> find(const std::string& digest) const;
  void keep(const std::string& digest, std::string_view document) const;

  // `name` is "docker.io/library/redis:7".
  std::optional<Tag> find_tag(const std::string& name, Time now) const;
  void keep_tag(const std::string& name, const std::string& digest, Time now) const;

 private:
  std::filesystem::path document_path(const std::string& digest) const;
  std::filesystem::path tag_path(const std::string& name) const;
  void write(const std::filesystem::path& path, std::string_view content) const;

  std::filesystem::path folder_;
};

}  // namespace berth::runtime
