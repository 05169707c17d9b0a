// What a build asks of the place where it is installed: the processor, the minor of the CUDA.
#include "berth/resolver/resolve.hpp"
#include "support/catch.hpp"
#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::test;

TEST_CASE("tensorflow 2.4 loads the libraries of CUDA 11.0 alone, and gets no other") {
  const Decision beside = decided({{"tensorflow==2.4.1", "torch==1.7.1"}, "535.104.05", {"V100"}});
  CHECK(beside.image.starts_with("nvidia/cuda:11.0."));
  const Error newer = refused({{"tensorflow==2.4.1", "torch==1.8.1"}, "535.104.05", {"V100"}});
  CHECK(any_contains(newer.notes,
                     "these exclude each other: `tensorflow==2.4.1` (requirements.txt:1); "
                     "`torch==1.8.1` (requirements.txt:2)"));
  CHECK(any_contains(newer.hints, "torch==1.7.1"));
  // 2.5 was built with 11.2, whose libraries have the names of all later ones.
  CHECK(decided({{"tensorflow==2.5.0", "torch==1.10.0"}, "535.104.05", {"V100"}})
            .image.starts_with("nvidia/cuda:11."));
}

TEST_CASE("the wheels of tensorflow for arm64 are for the CPU: NVIDIA's containers are taken") {
  const Decision newest = decided({{"tensorflow"}, "580.95", {"GH200"}});
  CHECK(newest.image == "nvcr.io/nvidia/tensorflow:25.02-tf2-py3");
  CHECK(decided({{"tensorflow==2.15.0"}, "580.95", {"GH200"}}).image ==
        "nvcr.io/nvidia/tensorflow:24.03-tf2-py3");
  const Error error = refused({{"tensorflow==2.19.0"}, "580.95", {"GH200"}});
  CHECK(any_contains(error.notes,
                     "there are no wheels of tensorflow 2.19.0 (cu125) for arm64, only for amd64"));
  CHECK(any_contains(error.notes, "arm64 (--driver, --gpu)"));
  CHECK(any_contains(error.hints, "tensorflow==2.17.0"));
}

TEST_CASE("torch has wheels with CUDA for arm64 from 2.7 on, of some CUDAs at first") {
  CHECK(decided({{"torch==2.7.1"}, "580.95", {"GH200"}}).cuda == "12.8");
  CHECK(decided({{"torch==2.8.0"}, "580.95", {"GH200"}}).cuda == "12.9");
  CHECK(refused({{"torch==2.8.0"}, "580.95", {"GH200"}, "", "12.6"}).code == Errc::no_solution);
  const Error old = refused({{"torch==2.3.1"}, "550.54.14", {"GH200"}});
  CHECK(any_contains(old.notes, "there are no wheels of torch 2.3.1 (cu121) for arm64"));
  CHECK(any_contains(old.hints, "torch>=2.7"));
  const Error library = refused({{"vllm==0.9.0"}, "580.95", {"GH200"}});
  CHECK(any_contains(library.notes, "a machine of amd64"));
  CHECK(decided({{"vllm==0.11.0"}, "580.95", {"GH200"}}).libraries.front().version == "0.11.0");
}

TEST_CASE("what is installed beside a framework in its image needs wheels, too") {
  const Error error = refused({{"onnxruntime-gpu", "tensorflow==2.15.0"}, "580.95", {"GH200"}});
  CHECK(any_contains(error.notes, "arm64"));
}

TEST_CASE("a Jetson is arm64, and no server of it") {
  const Decision decision = decided({{"torch"}, "540.4", {"Jetson AGX Orin"}});
  CHECK(any_contains(decision.warnings, "-igpu"));
  CHECK_FALSE(any_contains(decided({{"torch"}, "580.95", {"GH200"}}).warnings, "-igpu"));
}

TEST_CASE("a tag that somebody has seen comes before the default build in one that nobody has") {
  const Decision decision = decided({{"torch==2.7.1"}, "580.95", {"RTX 4090"}});
  CHECK(decision.image == "pytorch/pytorch:2.7.1-cuda12.8-cudnn9-runtime");
  CHECK_FALSE(any_contains(decision.warnings, "nobody was seen using this tag"));
}

TEST_CASE("keras 2 needs tensorflow whatever else is wanted, keras 3 does not") {
  const auto names = [](const Decision& decision) {
    std::vector<std::string> all;
    for (const FrameworkChoice& framework : decision.frameworks) {
      all.push_back(framework.name);
    }
    return all;
  };
  CHECK(names(decided({{"keras<3", "torch"}, "580.95", {"A100"}})) ==
        std::vector<std::string>{"tensorflow", "torch"});
  CHECK(names(decided({{"keras>=3", "torch"}, "580.95", {"A100"}})) ==
        std::vector<std::string>{"torch"});
  CHECK(names(decided({{"keras", "torch"}, "580.95", {"A100"}})) ==
        std::vector<std::string>{"torch"});
}

TEST_CASE("a library that its framework brings is in the image, and a series is no release") {
  const Decision keras = decided({{"keras", "tensorflow==2.15.0"}, "580.95", {"A100"}});
  REQUIRE(keras.libraries.size() == 1);
  CHECK(keras.libraries.front().version == "2.15.*");
  CHECK(keras.libraries.front().in_image);
  const Decision flash = decided({{"flash-attn", "torch==2.6.0"}, "580.95", {"A100"}});
  CHECK(flash.libraries.front().version == "2.*");
  CHECK_FALSE(flash.libraries.front().in_image);
  CHECK(decided({{"flash-attn==2.7.4", "torch==2.6.0"}, "580.95", {"A100"}})
            .libraries.front()
            .version == "2.7.4");
}

TEST_CASE("the image has the cuDNN of those who find theirs there, and not of those who bring it") {
  const Decision newer = decided({{"tensorflow==2.18.0", "torch==2.2.2"}, "580.95", {"A100"}});
  CHECK(newer.cudnn == "9");
  const Decision older = decided({{"tensorflow==2.15.0", "torch==2.6.0"}, "580.95", {"A100"}});
  CHECK(older.cudnn == "8");
  // Both find it in the image.
  const Question both{
      {"tensorflow==2.15.0", "onnxruntime-gpu"}, "580.95", {"A100"}, "", "", "cuda-base"};
  CHECK(decided(both).cudnn == "8");
  const Error error = refused(
      {{"tensorflow==2.15.0", "onnxruntime-gpu==1.20.0"}, "580.95", {"A100"}, "", "", "cuda-base"});
  CHECK(any_contains(error.notes,
                     "these exclude each other: `onnxruntime-gpu==1.20.0` (requirements.txt:2); "
                     "`tensorflow==2.15.0` (requirements.txt:1); source cuda-base (--source)"));
}
