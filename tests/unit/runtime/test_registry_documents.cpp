// What registries answer, without a registry: tests/integration/test_registry.py has one.
#include "runtime/registry_documents.hpp"

#include "berth/base/sha256.hpp"
#include "berth/model/image_reference.hpp"
#include "runtime/registry_challenge.hpp"
#include "runtime/registry_client.hpp"
#include "support/catch.hpp"

using namespace berth;
using namespace berth::runtime;

namespace {

const std::string kDigestA = "sha256:" + std::string(64, 'a');
const std::string kDigestB = "sha256:" + std::string(64, 'b');

IndexEntry entry(const std::string& platform, const std::string& digest) {
  return {digest, ImagePlatform::parse(platform)};
}

RegistryAddress address(const std::string& text) {
  return registry_address(parse_image_reference(text).value());
}

}  // namespace

TEST_CASE("SHA-256, as FIPS 180-4 has it") {
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("docker's short names stand for repositories of Docker Hub") {
  CHECK(address("redis").host == "registry-1.docker.io");
  CHECK(address("redis").repository == "library/redis");
  CHECK(address("pytorch/pytorch:2.3.1").repository == "pytorch/pytorch");
  CHECK(address("docker.io/redis").repository == "library/redis");
  CHECK(address("index.docker.io/pytorch/pytorch").repository == "pytorch/pytorch");
  CHECK(address("nvcr.io/nvidia/pytorch:24.05-py3").host == "nvcr.io");
  CHECK(address("nvcr.io/nvidia/pytorch:24.05-py3").repository == "nvidia/pytorch");
  CHECK(address("localhost:5000/a/b@" + kDigestA).repository == "a/b");
}

TEST_CASE("plain HTTP is for this machine, and for no name that looks like it") {
  for (const char* host :
       {"localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:80"}) {
    INFO(host);
    CHECK(is_loopback_registry(host));
  }
  for (const char* host : {"localhost.evil.org", "127.0.0.1.evil.org", "128.0.0.1", "127.evil.org",
                           "[::2]:80", "nvcr.io", ""}) {
    INFO(host);
    CHECK_FALSE(is_loopback_registry(host));
  }
}

TEST_CASE("challenges: several in one header, quotes, commas in them") {
  const auto several = parse_challenges(
      "Basic realm=\"a, \\\"b\\\"\", Bearer realm=\"https://x/token\",service=s , "
      "scope=\"r:a/b:pull,push\"");
  REQUIRE(several.size() == 2);
  CHECK(several[0].scheme == "basic");
  CHECK(several[0].parameters.at("realm") == "a, \"b\"");
  CHECK(several[1].scheme == "bearer");
  CHECK(several[1].parameters.at("realm") == "https://x/token");
  CHECK(several[1].parameters.at("service") == "s");
  CHECK(several[1].parameters.at("scope") == "r:a/b:pull,push");
  CHECK(parse_challenges("NEGOTIATE").front().scheme == "negotiate");
  CHECK(parse_challenges("").empty());
  CHECK(parse_challenges("realm=\"x\"").empty());
  CHECK(parse_challenges("Bearer realm=\"x").front().parameters.empty());
}

TEST_CASE("of an index the platform of the machine is taken") {
  const std::vector<IndexEntry> entries = {
      entry("linux/arm64/v8", kDigestA), entry("linux/amd64", kDigestB),
      entry("windows/amd64", "w"),       entry("linux/arm/v6", "v6"),
      entry("linux/arm/v7", "v7"),       entry("linux/amd64/v3", "v3")};
  const auto chosen = [&entries](const char* platform) {
    const IndexEntry* found = choose_platform(entries, ImagePlatform::parse(platform));
    return found == nullptr ? std::string() : found->digest;
  };
  CHECK(chosen("linux/amd64") == kDigestB);
  CHECK(chosen("linux/amd64/v3") == "v3");
  CHECK(chosen("linux/arm64") == kDigestA);
  CHECK(chosen("linux/arm64/v8") == kDigestA);
  CHECK(chosen("linux/arm/v7") == "v7");
  CHECK(chosen("linux/arm") == "v6");
  CHECK(chosen("windows/amd64") == "w");
  CHECK(chosen("linux/riscv64").empty());
  CHECK(choose_platform({entry("linux/amd64/v3", "only")}, ImagePlatform::parse("linux/amd64")) !=
        nullptr);
}

TEST_CASE("a manifest has a configuration and layers, an index has manifests, nothing has both") {
  const std::string config = R"("config": {"digest": ")" + kDigestA + R"("})";
  const auto manifest =
      decode_registry_document("{" + config + R"(, "layers": [{"size": 5}, {"size": 7}]})");
  REQUIRE(manifest);
  CHECK_FALSE(manifest->is_index);
  CHECK(manifest->manifest.config_digest == kDigestA);
  CHECK(manifest->manifest.layer_bytes == 12);
  const auto index = decode_registry_document(
      R"({"manifests": [{"digest": ")" + kDigestB +
      R"(", "platform": {"os": "linux", "architecture": "amd64"}}, {"digest": ")" + kDigestA +
      R"(", "platform": {"os": "unknown", "architecture": "unknown"}}]})");
  REQUIRE(index);
  CHECK(index->is_index);
  REQUIRE(index->entries.size() == 1);
  CHECK(index->entries[0].digest == kDigestB);

  CHECK(decode_registry_document(R"({"schemaVersion": 1})").error().id == "image-too-old");
  const std::string wrong[] = {
      "",
      "<html>",
      "[]",
      "{}",
      R"({"manifests": [], )" + config + "}",
      R"({"manifests": [{"digest": "sha256:short"}]})",
      R"({"manifests": [{"digest": "sha256:../../../../etc/passwd"}]})",
      "{" + config + "}",
      "{" + config + R"(, "layers": [{"size": 9223372036854775807}]})",
      "{" + config + R"(, "layers": [{"size": -1}]})",
      "{" + config + R"(, "layers": [{"size": 1.5}]})",
      "{" + config + R"(, "layers": [{}]})",
      "{" + config + R"(, "layers": [{"size": 1125899906842624}, {"size": 1}]})",
      R"({"config": {"digest": ")" + std::string("sha512:") + std::string(64, 'a') +
          R"("}, "layers": []})",
  };
  for (const std::string& text : wrong) {
    INFO(text);
    const auto result = decode_registry_document(text);
    REQUIRE_FALSE(result);
    CHECK(result.error().id == "registry-answer");
  }
}

TEST_CASE("the configuration says what the image is") {
  const auto facts = decode_image_config(
      R"({"architecture": "arm64", "os": "linux", "rootfs": {"diff_ids": ["sha256:1"]},
          "config": {"Env": ["CUDA_VERSION=12.4.1"], "Labels": {"a": "b"}, "Cmd": ["sh"],
                     "Entrypoint": null}})");
  REQUIRE(facts);
  CHECK(facts->architecture == "arm64");
  CHECK(value_in(facts->environment, "CUDA_VERSION") == "12.4.1");
  CHECK(facts->labels.at("a") == "b");
  CHECK(facts->layers == std::vector<std::string>{"sha256:1"});
  CHECK(decode_image_config(R"({"architecture": "amd64"})"));
  for (const char* text : {"{}", "[]", "null", R"({"architecture": 3})",
                           R"({"architecture": "amd64", "config": {"Env": [1]}})"}) {
    INFO(text);
    CHECK_FALSE(decode_image_config(text));
  }
}

TEST_CASE("whose programs an image holds is in its configuration") {
  CHECK(system_of_config(R"({"architecture": "amd64", "os": "windows"})") == "windows");
  for (const char* text : {R"({"os": "linux"})", "{}", R"({"os": 3})", "[]", ""}) {
    CHECK(system_of_config(text) == "linux");
  }
}

TEST_CASE("tokens and errors") {
  CHECK(decode_registry_token(R"({"token": "a.b-c"})") == "a.b-c");
  CHECK(decode_registry_token(R"({"access_token": "x"})") == "x");
  for (const char* text : {"{}", R"({"token": ""})", R"({"token": "a\r\nX-Evil: 1"})", "secret"}) {
    const auto token = decode_registry_token(text);
    REQUIRE_FALSE(token);
    CHECK(token.error().notes.empty());  // no excerpt of what may be a secret
  }
  CHECK(registry_error_codes(R"({"errors": [{"code": "MANIFEST_UNKNOWN"}, {}, 3]})") ==
        std::vector<std::string>{"MANIFEST_UNKNOWN"});
  CHECK(registry_error_codes("<html>").empty());
  CHECK(registry_error_codes(R"({"errors": "x"})").empty());
}

TEST_CASE("of a variable that is there twice the last value counts, and a bare name removes it") {
  CHECK(value_in({"A=1", "B=2", "A=3"}, "A") == "3");
  CHECK(value_in({"A="}, "A") == "");
  CHECK_FALSE(value_in({"A=1", "A"}, "A"));
  CHECK_FALSE(value_in({"AB=1"}, "A"));
}
