// From a reference to its facts: tag, index, manifest, configuration, each by the digest that the
// one before it names.
#include "berth/runtime/image_registry.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "berth/base/sha256.hpp"
#include "berth/base/text.hpp"
#include "berth/model/image_reference.hpp"
#include "berth/runtime/docker_config.hpp"
#include "runtime/excerpt.hpp"
#include "runtime/image_cache.hpp"
#include "runtime/registry_client.hpp"
#include "runtime/registry_documents.hpp"

namespace berth::runtime {

namespace {

constexpr std::size_t kManifestLimit = 4u << 20;
constexpr std::size_t kConfigLimit = 8u << 20;

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// A document and the digest that it has.
struct Answered {
  std::string digest;
  std::string body;
};

class Question {
 public:
  Question(std::string text, const ImageReference& reference, const std::string& platform,
           const RegistryAccess& access)
      : text_(std::move(text)),
        reference_(reference),
        platform_(ImagePlatform::parse(platform)),
        access_(access),
        cache_(image_cache_folder(access.environment)),
        client_(make_client(reference, access)) {}

  Result<ImageFacts> answer() {
    BERTH_TRY(const Answered top, top_document());
    BERTH_TRY(RegistryDocument document, decode_registry_document(top.body));
    std::string platform_digest = top.digest;
    std::vector<std::string> architectures;
    if (document.is_index) {
      architectures = architectures_in(document.entries);
      const IndexEntry* entry = choose_platform(document.entries, platform_);
      if (entry == nullptr) {
        return fail(no_such_platform(document.entries));
      }
      platform_digest = entry->digest;
      BERTH_TRY(const Answered one, by_digest("manifests/", platform_digest, kManifestLimit));
      BERTH_TRY(document, decode_registry_document(one.body));
      if (document.is_index) {
        return fail(unusable("an index holds another index"));
      }
    }
    const std::string& id = document.manifest.config_digest;
    BERTH_TRY(const Answered config, by_digest("blobs/", id, kConfigLimit));
    BERTH_TRY(ImageFacts facts, decode_image_config(config.body));
    if (architectures.empty()) {
      architectures = {facts.architecture};
    }
    const std::string os = system_of_config(config.body);
    if (facts.architecture != platform_.architecture || os != platform_.os) {
      return fail(no_such_platform({{platform_digest, {os, facts.architecture, {}}}}));
    }
    facts.from = asked_ ? ImageFacts::From::registry : ImageFacts::From::cache;
    facts.reference = text_;
    facts.id = id;
    facts.digest = top.digest;
    facts.platform_digest = std::move(platform_digest);
    facts.architectures = std::move(architectures);
    facts.download_bytes = document.manifest.layer_bytes;
    return facts;
  }

 private:
  static RegistryClient make_client(const ImageReference& reference, const RegistryAccess& access) {
    RegistryAddress address = registry_address(reference);
    const bool plain_http =
        is_loopback_registry(address.host) || contains(access.insecure_registries, address.host);
    WebOptions options;
    options.connect_timeout = access.connect_timeout;
    options.deadline = std::chrono::steady_clock::now() + access.total_timeout;
    options.user_agent = access.user_agent;
    options.stop = access.stop;
    options.log = access.log;
    const std::filesystem::path authority = access.certificates / address.host / "ca.crt";
    std::error_code error;
    if (std::filesystem::is_regular_file(authority, error)) {
      options.authority = authority.string();
    }
    const auto credentials = [registry = reference.registry, environment = access.environment,
                              timeout = access.total_timeout] {
      return find_credentials(load_docker_config(environment), registry, timeout);
    };
    return {std::move(address), plain_http, credentials, std::move(options)};
  }

  std::string tag_name() const {
    return fmt::format("{}/{}:{}", reference_.registry, client_.address().repository,
                       reference_.tag);
  }

  // What the reference stands for.
  Result<Answered> top_document() {
    if (!reference_.digest.empty()) {
      return by_digest("manifests/", reference_.digest, kManifestLimit);
    }
    const auto now = std::chrono::system_clock::now();
    if (const std::optional<ImageCache::Tag> tag = cache_.find_tag(tag_name(), now)) {
      // Who has a registry on this machine pushes to it, and pulls at once.
      const bool believed = tag->fresh && !is_loopback_registry(client_.address().host);
      std::optional<std::string> body = cache_.find(tag->digest);
      if (body && (believed || still_stands_for(tag->digest, now))) {
        return Answered{tag->digest, std::move(*body)};
      }
    }
    BERTH_TRY(const WebAnswer answer, fetch("manifests/" + reference_.tag, kManifestLimit));
    const std::string digest = "sha256:" + sha256_hex(answer.body);
    if (!answer.content_digest.empty() && is_sha256_digest(answer.content_digest) &&
        answer.content_digest != digest) {
      return fail(unusable(fmt::format("it says that its answer has the digest {}, and it is {}",
                                       answer.content_digest, digest)));
    }
    BERTH_CHECK(decode_registry_document(answer.body));  // no stranger's page is kept
    cache_.keep(digest, answer.body);
    cache_.keep_tag(tag_name(), digest, now);
    return Answered{digest, answer.body};
  }

  // HEAD does not count against Docker Hub's limit of pulls, as GET does.
  bool still_stands_for(const std::string& digest, ImageCache::Time now) {
    asked_ = true;
    const Result<WebAnswer> answer =
        client_.ask("HEAD", "manifests/" + reference_.tag, kManifestLimit);
    const bool same = answer && answer->ok() && answer->content_digest == digest;
    if (same) {
      cache_.keep_tag(tag_name(), digest, now);
    }
    return same;
  }

  Result<Answered> by_digest(const std::string& folder, const std::string& digest,
                             std::size_t limit) {
    if (!is_sha256_digest(digest)) {
      return fail(unusable(
          fmt::format("digests of the form `{}` are not known to berth", excerpt(digest, 20))));
    }
    if (std::optional<std::string> kept = cache_.find(digest)) {
      return Answered{digest, std::move(*kept)};
    }
    BERTH_TRY(WebAnswer answer, fetch(folder + digest, limit));
    if (const std::string found = "sha256:" + sha256_hex(answer.body); found != digest) {
      return fail(unusable(fmt::format("asked for {}, it answered with {}", digest, found)));
    }
    cache_.keep(digest, answer.body);
    return Answered{digest, std::move(answer.body)};
  }

  // GET, where any status but 200 is an error.
  Result<WebAnswer> fetch(const std::string& path, std::size_t limit) {
    asked_ = true;
    BERTH_TRY(WebAnswer answer, client_.ask("GET", path, limit));
    if (answer.status == 200) {
      return answer;
    }
    const std::vector<std::string> codes = registry_error_codes(answer.body);
    const bool absent = contains(codes, "MANIFEST_UNKNOWN") || contains(codes, "NAME_UNKNOWN") ||
                        contains(codes, "NOT_FOUND");
    if (answer.status == 404 && absent) {
      return fail(Error{Errc::not_found, fmt::format("the registry has no image `{}`", text_)}
                      .note(fmt::format("`{}` answered {}", client_.address().host,
                                        excerpt(join(codes, ", "))))
                      .named("image-not-found"));
    }
    if (answer.status == 401 || answer.status == 403) {
      return fail(Error{Errc::engine_failed,
                        fmt::format("`{}` refuses access to `{}`", client_.address().host, text_)}
                      .named("registry-unauthorized"));
    }
    if (answer.status == 429) {
      return fail(Error{Errc::engine_failed,
                        fmt::format("the rate limit of `{}` is reached", client_.address().host)}
                      .named("registry-rate-limit"));
    }
    return fail(
        unusable(fmt::format("status {} and `{}`", answer.status, excerpt(answer.body, 120))));
  }

  Error unusable(std::string why) const {
    return Error{Errc::engine_failed,
                 fmt::format("the answer of `{}` is not to be used", client_.address().host)}
        .note(std::move(why))
        .named("registry-answer");
  }

  static std::vector<std::string> architectures_in(const std::vector<IndexEntry>& entries) {
    std::set<std::string> architectures;
    for (const IndexEntry& entry : entries) {
      if (entry.platform.os == "linux") {
        architectures.insert(entry.platform.architecture);
      }
    }
    return {architectures.begin(), architectures.end()};
  }

  Error no_such_platform(const std::vector<IndexEntry>& entries) const {
    std::set<std::string> platforms;
    for (const IndexEntry& entry : entries) {
      platforms.insert(excerpt(entry.platform.text(), 60));
    }
    const std::vector<std::string> offered(platforms.begin(), platforms.end());
    return Error{Errc::not_found, fmt::format("`{}` is not there for {}", text_, platform_.text())}
        .note(fmt::format("`{}` has it for {}", client_.address().host,
                          offered.empty() ? "no platform at all" : join(offered, ", ")))
        .named("image-architecture");
  }

  const std::string text_;
  const ImageReference reference_;
  const ImagePlatform platform_;
  const RegistryAccess& access_;
  const ImageCache cache_;
  RegistryClient client_;
  bool asked_ = false;  // the registry, as against the cache
};

}  // namespace

Result<ImageFacts> ask_registry(const std::string& reference, const std::string& platform,
                                const RegistryAccess& access) {
  BERTH_TRY(const ImageReference parsed, parse_image_reference(reference));
  if (access.elsewhere && is_loopback_registry(parsed.registry)) {
    return fail(Error{
        Errc::io, fmt::format("`{}` is a registry of the engine's own machine", parsed.registry)}
                    .named("registry-unreachable"));
  }
  return Question(reference, parsed, platform, access).answer();
}

bool is_verdict(const Error& error) {
  return error.id == "image-not-found" || error.id == "image-architecture" ||
         error.id == "image-too-old";
}

}  // namespace berth::runtime
