#include "runtime/image_cache.hpp"

#include <fstream>

#include "berth/base/sha256.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace berth;
using namespace berth::runtime;
using namespace std::chrono_literals;

namespace {

std::string digest_of(const std::string& text) {
  return "sha256:" + sha256_hex(text);
}

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder),
                                                std::filesystem::directory_iterator()));
}

}  // namespace

TEST_CASE("a document is found by its digest, and not once it is damaged") {
  const test::TemporaryFolder folder;
  const ImageCache cache(folder.path() / "images");
  const std::string document = "{}";
  CHECK_FALSE(cache.find(digest_of(document)));
  cache.keep(digest_of(document), document);
  CHECK(cache.find(digest_of(document)) == document);
  std::ofstream(folder.path() / "images" / ("sha256-" + sha256_hex(document))) << "{ }";
  CHECK_FALSE(cache.find(digest_of(document)));
  cache.keep(digest_of(document), document);
  CHECK(cache.find(digest_of(document)) == document);
  // What is no digest is no file name either.
  cache.keep("sha256:../../x", document);
  CHECK_FALSE(cache.find("sha256:../../x"));
  CHECK(files_in(folder.path() / "images") == 1);
}

TEST_CASE("a tag is believed for ten minutes, and remembered for longer") {
  const test::TemporaryFolder folder;
  const ImageCache cache(folder.path());
  const ImageCache::Time now = std::chrono::system_clock::now();
  const std::string name = "docker.io/library/redis:7";
  cache.keep_tag(name, digest_of("a"), now);
  CHECK(cache.find_tag(name, now)->digest == digest_of("a"));
  CHECK(cache.find_tag(name, now + 9min)->fresh);
  CHECK_FALSE(cache.find_tag(name, now + 11min)->fresh);
  CHECK_FALSE(cache.find_tag(name, now - 1min)->fresh);  // the clock was set back
  CHECK_FALSE(cache.find_tag("docker.io/library/redis:8", now));
  cache.keep_tag(name, digest_of("b"), now + 11min);
  CHECK(cache.find_tag(name, now + 12min)->digest == digest_of("b"));
}

TEST_CASE("a damaged tag is none") {
  const test::TemporaryFolder folder;
  const ImageCache cache(folder.path());
  const ImageCache::Time now = std::chrono::system_clock::now();
  cache.keep_tag("x", digest_of("a"), now);
  const std::filesystem::path file = folder.path() / ("tag-" + sha256_hex("x"));
  REQUIRE(std::filesystem::exists(file));
  for (const char* text : {"", "{}", "[", R"({"name": "x", "digest": "sha256:1", "seen": 1})",
                           R"({"name": "y", "digest": 1, "seen": "z"})"}) {
    std::ofstream(file) << text;
    CHECK_FALSE(cache.find_tag("x", now));
  }
}

TEST_CASE("the cache does not grow without end") {
  const test::TemporaryFolder folder;
  const ImageCache cache(folder.path());
  for (std::size_t i = 0; i < ImageCache::kMostFiles + 10; ++i) {
    const std::string document = std::to_string(i);
    cache.keep(digest_of(document), document);
  }
  CHECK(files_in(folder.path()) <= ImageCache::kMostFiles);
  CHECK(cache.find(digest_of(std::to_string(ImageCache::kMostFiles + 9))));
}

TEST_CASE("without a folder nothing is kept, and nothing fails") {
  const ImageCache cache({});
  cache.keep(digest_of("a"), "a");
  cache.keep_tag("x", digest_of("a"), {});
  CHECK_FALSE(cache.find(digest_of("a")));
  CHECK(image_cache_folder([](const std::string&) { return std::nullopt; }).empty());
  CHECK(image_cache_folder([](const std::string& name) -> std::optional<std::string> {
          return name == "HOME" ? "/home/me" : "relative";
        }) == "/home/me/.cache/berth/images");
}
