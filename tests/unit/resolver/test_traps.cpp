// Mismatches that real users met (docs/resolver.md, "Traps"), each as the question that berth
// should have answered. Those that are no question of images are tests elsewhere: 10 and 11, an
// engine without NVIDIA's runtime and the snap, in unit/cli/test_doctor_checks.cpp; 18, the shared
// memory, in unit/runtime/test_container_spec.cpp and test_ending.cpp.
#include "berth/resolver/image_rules.hpp"
#include "support/catch.hpp"
#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::test;

namespace {

// What berth says once the image was asked and demands that, on an engine that compares.
std::vector<std::string> warnings_when_asked(const Question& question, const std::string& demand) {
  Decision decision = decided(question);
  ImageFacts facts;
  facts.from = ImageFacts::From::registry;
  facts.environment = {"NVIDIA_REQUIRE_CUDA=" + demand};
  REQUIRE(apply_image_facts(decision, facts, {true, RequireCheck::made, {}}, host_of(question),
                            catalogue()));
  return decision.warnings;
}

}  // namespace

TEST_CASE("trap 1: an RTX 5090 with a wheel from before Blackwell") {
  const Error error = refused({{"torch==2.6"}, "570.124.06", {"RTX 5090"}});
  CHECK(error.code == Errc::no_solution);
  CHECK(error.id == "gpu-not-supported");
  CHECK(any_contains(error.notes, "compute capability 12.0"));
  CHECK(any_contains(error.notes, "sm_90"));
  CHECK(any_contains(error.hints, "torch>=2.7"));
  const Decision newer = decided({{"torch==2.7.1"}, "570.124.06", {"RTX 5090"}});
  CHECK(newer.image == "pytorch/pytorch:2.7.1-cuda12.8-cudnn9-runtime");
}

TEST_CASE("trap 2: an RTX 3090 with torch 1.8, whose default build is CUDA 10.2") {
  const Decision decision = decided({{"torch==1.8.0"}, std::nullopt, {"RTX 3090"}});
  CHECK(decision.frameworks[0].build == "cu111");
  CHECK(decision.image == "pytorch/pytorch:1.8.0-cuda11.1-cudnn8-runtime");
}

TEST_CASE("trap 3: an RTX 4090 runs code for sm_86; no wheel lists sm_89") {
  const Decision decision = decided({{"torch==1.13.1"}, "535.104.05", {"RTX 4090"}});
  CHECK(decision.gpus[0].covered_by == "sm_86");
  CHECK(refused({{"torch==1.8.0+cu102"}, "535.104.05", {"RTX 4090"}}).code == Errc::no_solution);
}

TEST_CASE("trap 4: a GTX 1080 where the newest CUDA is the wrong choice") {
  const Decision decision = decided({{"torch==2.8"}, "580.65.06", {"GTX 1080"}});
  CHECK(decision.frameworks[0].build == "cu126");
  CHECK(decision.gpus[0].covered_by == "sm_60");
  CHECK(any_contains(refused({{"torch==2.8"}, "580.65.06", {"GTX 1080"}, "", "12.9"}).notes,
                     "sm_70"));
}

TEST_CASE("traps 5 and 6: driver 470 cannot run CUDA 12, and no image can bring a driver") {
  CHECK(decided({{"torch==2.1.0"}, "470.86", {"RTX 3090"}}).frameworks[0].build == "cu118");
  const Error error = refused({{"torch==2.1.0+cu121"}, "470.86", {"RTX 3090"}});
  CHECK(error.id == "driver-too-old");
  CHECK(any_contains(error.notes, "CUDA up to 11.4"));
  CHECK(any_contains(error.notes, "525.60.13"));
  CHECK(any_contains(error.hints, "torch==2.1.0"));
  CHECK(any_contains(error.hints, "--driver 525.60.13"));
}

TEST_CASE("trap 7: an image whose NVIDIA_REQUIRE_CUDA is above the driver's own CUDA") {
  const Decision decision =
      decided({{"torch==2.8"}, "551.78", {"RTX 4090"}, "", "12.8", "cuda-base"});
  CHECK(decision.driver.mode == DriverMode::minor);
  CHECK(any_contains(decision.warnings, "NVIDIA_DISABLE_REQUIRE=1"));
  // With the choice left to berth, the image is one without that demand.
  CHECK_FALSE(any_contains(decided({{"torch==2.8"}, "551.78", {"RTX 4090"}}).warnings,
                           "NVIDIA_DISABLE_REQUIRE"));
}

TEST_CASE(
    "traps 8 and 9: a tag was rebuilt and demands more than it did: what it says today counts") {
  const Question question{{"torch==2.0.1"}, "525.60.13", {"RTX 3090"}};
  CHECK_FALSE(any_contains(warnings_when_asked(question, "cuda>=11.8"), "NVIDIA_DISABLE_REQUIRE"));
  const std::vector<std::string> warnings = warnings_when_asked(question, "cuda>=12.6");
  CHECK(any_contains(warnings, "`cuda>=12.6`"));
  // Without an S at the end, which does nothing.
  CHECK(any_contains(warnings, "NVIDIA_DISABLE_REQUIRE=1"));
  CHECK_FALSE(any_contains(warnings, "NVIDIA_DISABLE_REQUIRES"));
}

TEST_CASE("trap 9b: only the image's demand is too strict: the wheel in it is of an older CUDA") {
  const Question question{{"torch==2.3.0"}, "530.30.02", {"RTX 3090"}};
  REQUIRE(decided(question).frameworks[0].build == "cu121");
  const std::vector<std::string> warnings = warnings_when_asked(question, "cuda>=12.4");
  CHECK(any_contains(warnings, "`cuda>=12.4`"));
  CHECK(any_contains(warnings, "NVIDIA_DISABLE_REQUIRE=1"));
}

TEST_CASE("traps 12 and 13: tensorflow before 2.14 gets an image with its own CUDA and cuDNN") {
  const Decision decision = decided({{"tensorflow==2.4.0"}, "535.104.05", {"RTX 3090"}});
  CHECK(decision.image.starts_with("tensorflow/tensorflow:2.4.0-gpu"));
  CHECK(decision.cuda == "11.0");
  CHECK(decision.cudnn == "8");
  CHECK(refused({{"tensorflow==2.4.0"}, "535.104.05", {"RTX 3090"}, "", "10.1"}).code ==
        Errc::no_solution);
}

TEST_CASE("trap 14: before CUDA 11 a minor is not another's: tensorflow 2.3 needs exactly 10.1") {
  CHECK(decided({{"tensorflow==2.3.0"}, "535.104.05", {"Tesla T4"}}).cuda == "10.1");
  const Error error = refused({{"tensorflow==2.3.0"}, "535.104.05", {"Tesla T4"}, "", "10.2"});
  CHECK(any_contains(error.notes, "CUDA 10.1"));
  // Driver 418 is too old for nothing here, and 410 for 10.1: there is no minor-version
  // compatibility to help.
  CHECK(refused({{"tensorflow==2.3.0"}, "410.48", {"Tesla T4"}}).id == "driver-too-old");
}

TEST_CASE("trap 16: cuDNN 8 is asked for, so no base image with cuDNN 9 is taken") {
  const Decision decision =
      decided({{"tensorflow==2.16.1"}, "550.54.14", {"RTX 3090"}, "", "", "cuda-base"});
  CHECK(decision.cudnn == "8");
  CHECK(decision.image == "nvidia/cuda:12.2.2-cudnn8-runtime-ubuntu22.04");
  CHECK(any_contains(decision.warnings, "12.3"));
}

TEST_CASE("trap 15: torch 2.0.1 gets an image with the cuDNN 8 that a lock's metadata left out") {
  const Decision decision = decided({{"torch==2.0.1"}, "535.104.05", {"RTX 3090"}});
  CHECK(decision.image == "pytorch/pytorch:2.0.1-cuda11.7-cudnn8-runtime");
  CHECK(decision.cudnn == "8");
}

TEST_CASE(
    "trap 17: onnxruntime-gpu is of CUDA 12 and cuDNN 9 from 1.19 on, before that of 11.8 and 8") {
  const Decision newer = decided({{"onnxruntime-gpu==1.19.2"}, "550.54.14", {"RTX 3090"}});
  CHECK(newer.cuda.starts_with("12."));
  CHECK(newer.cudnn == "9");
  const Decision older = decided({{"onnxruntime-gpu==1.18.1"}, "470.86", {"RTX 3090"}});
  CHECK(older.cuda.starts_with("11."));
  CHECK(older.cudnn == "8");
}

TEST_CASE("trap 19: tensorflow 2.1.0 without -py3 is Python 2.7") {
  const Decision decision = decided({{"tensorflow==2.1.0"}, "535.104.05", {"Tesla T4"}});
  CHECK(decision.image == "tensorflow/tensorflow:2.1.0-gpu-py3");
  CHECK(decision.python.starts_with("3."));
}

TEST_CASE("trap 20: the Python of a pytorch image comes from a table, not from its tag") {
  CHECK(decided({{"torch==1.10.0"}, "470.86", {"RTX 3090"}}).python.starts_with("3.7"));
  CHECK(decided({{"torch==1.11.0"}, "470.86", {"RTX 3090"}}).python.starts_with("3.8"));
}

TEST_CASE("trap 27: a release candidate of Python inside the image is said") {
  const Decision decision =
      decided({{"tensorflow==2.18.0"}, "550.54.14", {"RTX 3090"}, "==3.11", "", "official"});
  CHECK(decision.image == "tensorflow/tensorflow:2.18.0-gpu");
  CHECK(any_contains(decision.warnings, "3.11.0rc1"));
}

TEST_CASE(
    "trap 30: images from torch 2.10 on refuse a plain pip install, and the decision says so") {
  CHECK(any_contains(decided({{"torch==2.10.0"}, "580.65.06", {"RTX 3090"}}).warnings, "PEP 668"));
  CHECK_FALSE(
      any_contains(decided({{"torch==2.9.1"}, "580.65.06", {"RTX 3090"}}).warnings, "PEP 668"));
}
