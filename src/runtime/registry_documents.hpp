// What registries answer: indexes, manifests, configurations, tokens, errors. Nothing is believed
// that was not checked: digests are of a known form before they become part of a URL, sizes add up
// without overflow.
//
// Sources: OCI image specification (image-index.md, manifest.md, config.md), Docker's image
// manifest version 2 schema 2, distribution's token authentication.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/image_facts.hpp"

namespace berth::runtime {

struct ImagePlatform {
  std::string os = "linux";
  std::string architecture{};
  std::string variant{};  // "v8"; empty: any

  // "linux/arm64/v8"; an empty part stays what it is by default.
  static ImagePlatform parse(std::string_view text);
  std::string text() const;
};

// An image for one platform, in an index.
struct IndexEntry {
  std::string digest{};
  ImagePlatform platform{};
};

struct ImageManifest {
  std::string config_digest{};
  std::uint64_t layer_bytes = 0;  // compressed
};

// Either an index, with entries, or a manifest.
struct RegistryDocument {
  std::vector<IndexEntry> entries{};  // of images alone: attestations are left out
  bool is_index = false;
  ImageManifest manifest{};
};

// "sha256:" and 64 hexadecimal digits in lower case.
bool is_sha256_digest(std::string_view digest);

// Errc::engine_failed "registry-answer" for what is neither; "image-too-old" for schema 1.
Result<RegistryDocument> decode_registry_document(std::string_view body);

// The entry that an engine takes for the platform; null where there is none.
const IndexEntry* choose_platform(const std::vector<IndexEntry>& entries,
                                  const ImagePlatform& platform);

// Architecture, environment, entry point, command, labels and layers.
Result<ImageFacts> decode_image_config(std::string_view body);
// "linux", "windows": whose programs the image holds; linux where its configuration does not say.
std::string system_of_config(std::string_view body);

// Of the token server's answer.
Result<std::string> decode_registry_token(std::string_view body);

// The codes in a registry's error, "MANIFEST_UNKNOWN"; empty for what is no such error.
std::vector<std::string> registry_error_codes(std::string_view body);

}  // namespace berth::runtime
