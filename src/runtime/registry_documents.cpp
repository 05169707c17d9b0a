#include "runtime/registry_documents.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "berth/base/text.hpp"
#include "runtime/json_fields.hpp"

namespace berth::runtime {

namespace {

constexpr std::uint64_t kMostBytes = 1ULL << 50;  // of a layer, and of all of them
constexpr std::size_t kMostEntries = 1000;

template <class Read>
auto decode_answer(std::string_view body, const std::string& what, const Read& read) {
  auto result = decode(body, Errc::engine_failed, what, read);
  if (!result) {
    result.error().id = "registry-answer";
  }
  return result;
}

std::string digest_field(const Json& object) {
  std::string digest = text_field(object, "digest");
  if (!is_sha256_digest(digest)) {
    throw UnexpectedJson("`digest` is not of the form sha256:…");
  }
  return digest;
}

const Json& list_field(const Json& object, const char* key) {
  const Json& list = field(object, key);
  if (!list.is_array() || list.size() > kMostEntries) {
    throw UnexpectedJson(std::string("`") + key + "` is no list, or too long");
  }
  return list;
}

std::vector<IndexEntry> read_entries(const Json& index) {
  std::vector<IndexEntry> entries;
  for (const Json& item : list_field(index, "manifests")) {
    IndexEntry entry{digest_field(item), {}};
    const Json& platform = field(item, "platform");
    if (platform.is_null()) {
      continue;
    }
    entry.platform = {text_field(platform, "os"), text_field(platform, "architecture"),
                      text_field(platform, "variant")};
    if (entry.platform.os != "unknown") {  // an attestation (BuildKit)
      entries.push_back(std::move(entry));
    }
  }
  return entries;
}

ImageManifest read_manifest(const Json& json) {
  ImageManifest manifest;
  manifest.config_digest = digest_field(field(json, "config"));
  for (const Json& layer : list_field(json, "layers")) {
    const Json& written = field(layer, "size");
    const std::uint64_t size = written.is_number_unsigned() ? written.get<std::uint64_t>() : 0;
    if (!written.is_number_unsigned() || size > kMostBytes ||
        manifest.layer_bytes > kMostBytes - size) {
      throw UnexpectedJson("the sizes of the layers cannot be");
    }
    manifest.layer_bytes += size;
  }
  return manifest;
}

// Containerd's rule: a document that could be read as either is refused.
RegistryDocument read_document(const Json& json) {
  RegistryDocument document;
  const bool has_entries = !field(json, "manifests").is_null();
  const bool has_layers = !field(json, "layers").is_null() || !field(json, "config").is_null();
  if (has_entries == has_layers) {
    throw UnexpectedJson("expected either `manifests`, or `config` and `layers`");
  }
  document.is_index = has_entries;
  if (has_entries) {
    document.entries = read_entries(json);
  } else {
    document.manifest = read_manifest(json);
  }
  return document;
}

bool is_schema_1(std::string_view body) {
  const Json json = Json::parse(body, nullptr, false);
  return json.is_object() && json.value("schemaVersion", Json()) == 1;
}

}  // namespace

ImagePlatform ImagePlatform::parse(std::string_view text) {
  ImagePlatform platform;
  const std::vector<std::string> parts = split(text, '/');
  if (!parts[0].empty()) {
    platform.os = parts[0];
  }
  platform.architecture = parts.size() > 1 ? parts[1] : std::string();
  platform.variant = parts.size() > 2 ? parts[2] : std::string();
  return platform;
}

std::string ImagePlatform::text() const {
  return os + "/" + architecture + (variant.empty() ? "" : "/" + variant);
}

bool is_sha256_digest(std::string_view digest) {
  constexpr std::string_view kPrefix = "sha256:";
  return digest.starts_with(kPrefix) && digest.size() == kPrefix.size() + 64 &&
         digest.substr(kPrefix.size()).find_first_not_of("0123456789abcdef") ==
             std::string_view::npos;
}

Result<RegistryDocument> decode_registry_document(std::string_view body) {
  if (is_schema_1(body)) {
    return fail(Error{Errc::engine_failed, "the image is stored in the old form, schema 1"}
                    .note("engines no longer pull it: it must be pushed again by a newer docker")
                    .named("image-too-old"));
  }
  return decode_answer(body, "the registry's manifest", read_document);
}

const IndexEntry* choose_platform(const std::vector<IndexEntry>& entries,
                                  const ImagePlatform& platform) {
  // Every arm64 machine is a v8; other variants are asked for by name.
  const std::string usual = platform.architecture == "arm64" ? "v8" : "";
  const std::string& wanted = platform.variant.empty() ? usual : platform.variant;
  const IndexEntry* chosen = nullptr;
  for (const IndexEntry& entry : entries) {
    const ImagePlatform& offered = entry.platform;
    if (offered.os != platform.os || offered.architecture != platform.architecture) {
      continue;
    }
    const bool same = offered.variant == wanted;
    const bool usable = same || platform.variant.empty() || offered.variant.empty();
    if (usable && (chosen == nullptr || (same && chosen->platform.variant != wanted))) {
      chosen = &entry;
    }
  }
  return chosen;
}

Result<ImageFacts> decode_image_config(std::string_view body) {
  return decode_answer(body, "the image's configuration", [](const Json& json) {
    ImageFacts facts;
    facts.architecture = text_field(json, "architecture");
    if (facts.architecture.empty()) {
      throw UnexpectedJson("expected `architecture`: this is no container image");
    }
    if (const Json& config = field(json, "config"); !config.is_null()) {
      facts.environment = texts_field(config, "Env");
      facts.entrypoint = texts_field(config, "Entrypoint");
      facts.command = texts_field(config, "Cmd");
      facts.labels = text_map_field(config, "Labels");
    }
    if (const Json& root = field(json, "rootfs"); !root.is_null()) {
      facts.layers = texts_field(root, "diff_ids");
    }
    return facts;
  });
}

std::string system_of_config(std::string_view body) {
  const Json json = Json::parse(body, nullptr, false);
  const bool says = json.is_object() && json.contains("os") && json["os"].is_string() &&
                    !json["os"].get<std::string>().empty();
  return says ? json["os"].get<std::string>() : "linux";
}

Result<std::string> decode_registry_token(std::string_view body) {
  Result<std::string> token =
      decode_answer(body, "the token server's answer", [](const Json& json) {
        std::string text = text_field(json, "token");
        if (text.empty()) {
          text = text_field(json, "access_token");
        }
        const bool printable =
            std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
        if (text.empty() || !printable) {
          throw UnexpectedJson("expected `token`");
        }
        return text;
      });
  if (!token) {
    token.error().notes.clear();  // an excerpt could hold a token
  }
  return token;
}

std::vector<std::string> registry_error_codes(std::string_view body) {
  std::vector<std::string> codes;
  const Json json = Json::parse(body, nullptr, false);
  const Json none = Json::array();
  const Json& errors = json.is_object() && json.contains("errors") ? json["errors"] : none;
  for (const Json& error : errors.is_array() ? errors : none) {
    if (error.is_object() && error.contains("code") && error["code"].is_string()) {
      codes.push_back(error["code"].get<std::string>());
    }
  }
  return codes;
}

}  // namespace berth::runtime
