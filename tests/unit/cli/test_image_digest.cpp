#include "cli/image_digest.hpp"

#include "support/catch.hpp"

using berth::cli::digest_among;

TEST_CASE("the digest of an image is the one of its own repository, as each engine writes it") {
  berth::runtime::ImageFacts facts;
  facts.digests = {"mirror.example:5000/pytorch/pytorch@sha256:aa",
                   "docker.io/pytorch/pytorch@sha256:bb", "docker.io/library/busybox@sha256:cc"};
  REQUIRE(digest_among(facts, "pytorch/pytorch:2.3.1") == "sha256:bb");
  REQUIRE(digest_among(facts, "mirror.example:5000/pytorch/pytorch:2.3.1") == "sha256:aa");
  REQUIRE(digest_among(facts, "busybox") == "sha256:cc");
  REQUIRE_FALSE(digest_among(facts, "torch/pytorch:1"));
}
