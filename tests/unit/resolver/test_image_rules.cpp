// An image that was asked itself, against the catalogue and the machine.
#include "berth/resolver/image_rules.hpp"

#include "support/catch.hpp"
#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::test;

namespace {

constexpr std::uint64_t kGiB = 1ULL << 30;

ImageFacts facts_with(std::vector<std::string> environment) {
  ImageFacts facts;
  facts.from = ImageFacts::From::registry;
  facts.digest = "sha256:1234";
  facts.environment = std::move(environment);
  return facts;
}

// torch 2.8 on CUDA 12.8, driver 12.4's: minor-version compatibility.
const Question kMinor{{"torch==2.8"}, "551.78", {"RTX 4090"}, "", "12.8", "cuda-base"};

}  // namespace

TEST_CASE("what the image demands takes the place of what the catalogue supposed") {
  Decision decision = decided(kMinor);
  REQUIRE(any_contains(decision.warnings, "NVIDIA_REQUIRE_CUDA"));
  const ImageUse use{true, RequireCheck::made, {}};
  SECTION("it demands nothing") {
    REQUIRE(apply_image_facts(decision, facts_with({}), use, host_of(kMinor), catalogue()));
    CHECK_FALSE(any_contains(decision.warnings, "NVIDIA_REQUIRE_CUDA"));
    CHECK(decision.image_facts->digest == "sha256:1234");
  }
  SECTION("it demands more than the driver: the run is told of it, and what helps") {
    const ImageFacts facts = facts_with({"NVIDIA_REQUIRE_CUDA=cuda>=12.8"});
    REQUIRE(apply_image_facts(decision, facts, use, host_of(kMinor), catalogue()));
    CHECK(any_contains(decision.warnings,
                       "this machine fails `cuda>=12.8`: the driver offers 12.4: the engine"));
    CHECK(any_contains(decision.warnings, "will refuse to start it"));
    CHECK(any_contains(decision.warnings, "-e NVIDIA_DISABLE_REQUIRE=1"));
    CHECK(any_contains(decision.warnings, "runs by minor-version compatibility"));
  }
  SECTION("the run has said it") {
    const ImageUse disabled{true, RequireCheck::made, {"NVIDIA_DISABLE_REQUIRE=1"}};
    const ImageFacts facts = facts_with({"NVIDIA_REQUIRE_CUDA=cuda>=12.8"});
    REQUIRE(apply_image_facts(decision, facts, disabled, host_of(kMinor), catalogue()));
    CHECK_FALSE(any_contains(decision.warnings, "NVIDIA_DISABLE_REQUIRE"));
  }
  SECTION("an engine that does not compare refuses nothing") {
    const ImageUse cdi{true, RequireCheck::none, {}};
    const ImageFacts facts = facts_with({"NVIDIA_REQUIRE_CUDA=cuda>=12.8"});
    REQUIRE(apply_image_facts(decision, facts, cdi, host_of(kMinor), catalogue()));
    CHECK_FALSE(any_contains(decision.warnings, "NVIDIA_DISABLE_REQUIRE"));
  }
  SECTION("a demand on the GPU says nothing of whether its code runs") {
    const ImageFacts facts = facts_with({"NVIDIA_REQUIRE_ARCH=arch>=9.0"});
    REQUIRE(apply_image_facts(decision, facts, use, host_of(kMinor), catalogue()));
    CHECK(any_contains(decision.warnings, "fails `arch>=9.0`: NVIDIA GeForce RTX 4090 has 8.9"));
    CHECK(any_contains(decision.warnings, "whether its code runs here is not known"));
  }
  SECTION("what an image says never reaches the terminal raw") {
    const ImageFacts facts =
        facts_with({"NVIDIA_REQUIRE_CUDA=cuda>=99\x1b[2J", "NVIDIA_REQUIRE_A\x1b]0;x=driver>=999"});
    REQUIRE(apply_image_facts(decision, facts, use, host_of(kMinor), catalogue()));
    CHECK(any_contains(decision.warnings, "NVIDIA_REQUIRE_"));
    for (const std::string& warning : decision.warnings) {
      INFO(warning);
      CHECK(warning.find('\x1b') == std::string::npos);
    }
  }
  SECTION("what is no condition is told as such") {
    const ImageFacts facts = facts_with({"NVIDIA_REQUIRE_CUDA=cuda >= 9.0"});
    REQUIRE(apply_image_facts(decision, facts, use, host_of(kMinor), catalogue()));
    CHECK(any_contains(decision.warnings, "no condition"));
  }
}

TEST_CASE("a given image that neither starts nor would run is refused before the pull") {
  const Question question{{}, "470.86", {"RTX 3090"}, "", "", "", "lab/own:1"};
  const ImageFacts facts = facts_with({"CUDA_VERSION=12.8.1", "NVIDIA_REQUIRE_CUDA=cuda>=12.8"});
  Decision decision = decided(question);
  const Result<void> refused = apply_image_facts(decision, facts, {true, RequireCheck::made, {}},
                                                 host_of(question), catalogue());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().id == "image-requirement");
  CHECK(any_contains(refused.error().notes, "525.60.13"));
  CHECK(any_contains(refused.error().notes, "driver 470.86 offers CUDA 11.4"));
  CHECK(any_contains(refused.error().notes, "fails `cuda>=12.8`: the driver offers 11.4"));

  Decision possible = decided(question);
  CHECK(apply_image_facts(possible, facts, {true, RequireCheck::possible, {}}, host_of(question),
                          catalogue()));
  CHECK(any_contains(possible.warnings, "may refuse"));
  CHECK(any_contains(possible.warnings, "its code needs driver 525.60.13 or newer, too"));

  // Minor-version compatibility runs it: a warning.
  const Question newer{{}, "535.104.05", {"RTX 3090"}, "", "", "", "lab/own:1"};
  Decision runs = decided(newer);
  CHECK(
      apply_image_facts(runs, facts, {true, RequireCheck::made, {}}, host_of(newer), catalogue()));
  CHECK(any_contains(runs.warnings, "will refuse to start it"));
  CHECK(runs.cuda == "12.8");
}

TEST_CASE("the CUDA that a given image says it has is held against driver and GPU") {
  const auto judged = [](const char* driver, const char* gpu, const char* cuda, bool pulled) {
    const Question question{{}, driver, {gpu}, "", "", "", "lab/own:1"};
    Decision decision = decided(question);
    REQUIRE(decision.driver.mode == DriverMode::unknown);
    const Result<void> applied =
        apply_image_facts(decision, facts_with({std::string("CUDA_VERSION=") + cuda}),
                          {pulled, RequireCheck::none, {}}, host_of(question), catalogue());
    return std::make_pair(applied ? "" : applied.error().id, decision);
  };
  CHECK(judged("535.104.05", "RTX 3090", "12.2.0", true).second.driver.mode == DriverMode::native);
  CHECK(judged("535.104.05", "RTX 3090", "12.4.1", true).second.driver.mode == DriverMode::minor);
  CHECK(judged("390.46", "GTX 1080", "12.4.0", true).first == "image-cuda");
  const Decision here = judged("390.46", "GTX 1080", "12.4.0", false).second;
  CHECK(any_contains(here.warnings, "does not run on this driver"));
  CHECK(any_contains(here.warnings, "525.60.13"));
  // A data-centre GPU with cuda-compat could: nobody knows whether the image has it.
  CHECK(judged("470.86", "A100", "11.8.0", true).second.driver.mode == DriverMode::minor);
  const Decision old = judged("580.65.06", "RTX 5090", "9.0.176", true).second;
  CHECK(any_contains(old.warnings, "it can run by PTX at best"));
}

TEST_CASE("an image that contradicts the catalogue's CUDA is told with both") {
  const Question question{{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}};
  for (const char* line : {"CUDA_VERSION=11.8.0", "NV_CUDA_LIB_VERSION=11.8.0-1"}) {
    Decision decision = decided(question);
    REQUIRE(decision.cuda == "12.1");
    REQUIRE(apply_image_facts(decision, facts_with({line}), {}, host_of(question), catalogue()));
    CHECK(any_contains(decision.warnings, "CUDA 11.8.0, the catalogue says 12.1"));
  }
  Decision agrees = decided(question);
  REQUIRE(apply_image_facts(agrees, facts_with({"CUDA_VERSION=12.1.1"}), {}, host_of(question),
                            catalogue()));
  CHECK_FALSE(any_contains(agrees.warnings, "the catalogue says"));
}

TEST_CASE(
    "a pull that the disk has no room for is refused, with what is needed and what is there") {
  const Question question{{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}};
  Host host = host_of(question);
  host.free_disk_bytes = 8 * kGiB;
  host.engine = EngineFacts{};
  host.engine->storage_root = "/var/lib/docker";
  ImageFacts facts = facts_with({});
  facts.download_bytes = 3 * kGiB;
  Decision decision = decided(question);
  const Result<void> refused =
      apply_image_facts(decision, facts, {true, RequireCheck::none, {}}, host, catalogue());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().id == "disk-full");
  CHECK(any_contains(refused.error().notes, "9.0 GiB"));
  CHECK(any_contains(refused.error().notes, "8.0 GiB are free in /var/lib/docker"));
  CHECK(any_contains(refused.error().hints, "docker image prune"));

  Decision resolved = decided(question);
  REQUIRE(apply_image_facts(resolved, facts, {false, RequireCheck::none, {}}, host, catalogue()));
  CHECK(any_contains(resolved.warnings, "no room"));
  host.free_disk_bytes = 9 * kGiB;
  Decision fits = decided(question);
  CHECK(apply_image_facts(fits, facts, {true, RequireCheck::none, {}}, host, catalogue()));
}

TEST_CASE("a tag that its registry has not is decided around") {
  const Question question{{"torch==2.3.1"}, "535.104.05", {"RTX 3090"}};
  const Decision first = decided(question);
  const Catalog rest = without_image(catalogue(), first.image);
  const Result<Decision> second = resolve(request_of(question), host_of(question), rest);
  REQUIRE(second);
  CHECK(second->image != first.image);
  CHECK(second->frameworks[0].version == "2.3.1");
}

TEST_CASE("the nearest tag of the same repository") {
  CHECK(nearest_image(catalogue(), "pytorch/pytorch:2.3.1-cuda12.1-cudnn9-runtime") ==
        "pytorch/pytorch:2.3.1-cuda12.1-cudnn8-runtime");
  CHECK(nearest_image(catalogue(), "nvidia/cuda:11.8.1-runtime-ubuntu22.04") ==
        "nvidia/cuda:11.8.0-runtime-ubuntu22.04");
  CHECK(nearest_image(catalogue(), "nobody/nothing:1").empty());
  CHECK(nearest_image(catalogue(), "pytorch/pytorch:zzz").empty());
}
