#include "berth/resolver/described_host.hpp"

#include <algorithm>

#include "support/catch.hpp"
#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::test;

TEST_CASE("a GPU that comes with arm64 alone describes such a machine, and gets its images") {
  CHECK(host_of({{}, "580.95", {"GB10"}}).architecture == "arm64");
  CHECK(host_of({{}, "580.95", {"H100"}}).architecture == "amd64");
  const Decision decision = decided({{"torch==2.9.1"}, "580.95", {"GB10"}});
  CHECK(decision.source == ImageSource::cuda_base);
  CHECK(decision.gpus.front().covered_by == "sm_120");
}

TEST_CASE("on arm64 the project's own images, which are for amd64, are told as rejected") {
  const Decision decision = decided({{"torch==2.7.1"}, "580.95", {"GH200"}});
  CHECK(decision.source == ImageSource::cuda_base);
  CHECK(std::any_of(decision.rejected.begin(), decision.rejected.end(), [](const Candidate& one) {
    return one.image.starts_with("pytorch/pytorch:2.7.1") && !one.rejected.empty() &&
           one.rejected.front().rule == "architecture";
  }));
}

TEST_CASE("what no release has for a GPU of arm64 is refused with a release that works there") {
  const Error error = refused({{"torch==2.3.1"}, "580.95", {"GB10"}});
  CHECK(error.id == "gpu-not-supported");
  CHECK(any_contains(error.notes, "compute capability 12.1"));
  CHECK(any_contains(error.hints, "torch>=2.7"));
  const Error official = refused({{"torch==2.9.1"}, "580.95", {"GB10"}, "", "", "official"});
  CHECK(any_contains(official.notes, "not known to exist for arm64"));
  CHECK(any_contains(official.hints, "any source"));
}

TEST_CASE("a machine in words") {
  const Result<Host> host = described_host("535.104.05", {"rtx 3090", "sm_90"}, catalogue());
  REQUIRE(host);
  CHECK(host->driver->text() == "535.104.05");
  REQUIRE(host->gpus.size() == 2);
  CHECK(host->gpus[0].name == "NVIDIA GeForce RTX 3090");
  CHECK(host->gpus[0].compute_capability == ComputeCapability{8, 6});
  CHECK(host->gpus[1].index == 1);
  CHECK(host->gpus[1].compute_capability == ComputeCapability{9, 0});
  CHECK_FALSE(host->gpus_known);
}

TEST_CASE("what is no driver and no GPU is a usage error with the nearest name") {
  CHECK(described_host("five", {}, catalogue()).error().code == Errc::usage);
  const Result<Host> misspelt = described_host(std::nullopt, {"RTX 3900"}, catalogue());
  REQUIRE_FALSE(misspelt);
  CHECK(misspelt.error().code == Errc::usage);
  CHECK_FALSE(misspelt.error().hints.empty());
}
