// Libraries and companions: which release of their framework they go with, and when nothing does.
#include "support/catch.hpp"
#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::test;

namespace {

std::string version_of(const Decision& decision, const std::string& name) {
  for (const FrameworkChoice& framework : decision.frameworks) {
    if (framework.name == name) {
      return framework.version;
    }
  }
  return {};
}

}  // namespace

TEST_CASE("xformers is of the CUDA major, the GPUs and the processor of its wheel") {
  CHECK(decided({{"xformers==0.0.26.post1"}, "550.54.14", {"RTX 3090"}}).cuda == "12.1");
  CHECK(refused({{"xformers==0.0.26.post1"}, "470.86", {"RTX 3090"}}).code == Errc::no_solution);
  CHECK(refused({{"xformers==0.0.35"}, "580.65.06", {"GTX 1080"}}).code == Errc::no_solution);
  CHECK(refused({{"xformers==0.0.35"}, "580.95", {"GH200"}}).code == Errc::no_solution);
}

TEST_CASE(
    "a library goes with the torch that it was built for, whatever its metadata leaves open") {
  CHECK(version_of(decided({{"torchtext"}, "535.104.05", {"RTX 3090"}}), "torch")
            .starts_with("2.3."));
  CHECK(version_of(decided({{"torchtext==0.16.1"}, "535.104.05", {"RTX 3090"}}), "torch") ==
        "2.1.1");
  CHECK(version_of(decided({{"vllm==0.2.5"}, "580.65.06", {"A100"}}), "torch").starts_with("2.1."));
  CHECK(version_of(decided({{"keras==2.3.1"}, "535.104.05", {"V100"}}), "tensorflow")
            .starts_with("2.2"));
}

TEST_CASE("lines about one thing that contradict each other are a conflict") {
  for (const Question& question : std::vector<Question>{
           {{"vllm==0.9.0", "vllm==0.8.4"}, "580.65.06", {"A100"}},
           {{"xformers==0.0.22", "xformers==0.0.23"}, "580.65.06", {"A100"}},
           {{"flash-attn<2", "flash-attn>=2"}, "580.65.06", {"A100"}},
           {{"keras>=3", "keras<3"}, "580.65.06", {"A100"}},
           {{"torchvision<0.15", "torchvision>=0.18"}, "580.65.06", {"A100"}},
       }) {
    INFO(question.requirements.front());
    const Error error = refused(question);
    CHECK(any_contains(error.notes, "these exclude each other: "));
    for (const std::string& line : question.requirements) {
      CHECK(any_contains(error.notes, "`" + line + "`"));
    }
    CHECK_FALSE(any_contains(error.notes, "exclude each other: GPU"));
  }
}

TEST_CASE(
    "a range of a companion that no later release can satisfy is held for unknown ones, too") {
  CHECK(refused({{"torchaudio<2.1"}, "580.65.06", {"RTX 5090"}}).code == Errc::no_solution);
  CHECK(refused({{"torch==2.14.1", "torchaudio<2.1"}, "580.65.06", {"A100"}}).code ==
        Errc::no_solution);
  CHECK(
      any_contains(decided({{"torch==2.14.1", "torchaudio>=2.1"}, "580.65.06", {"A100"}}).warnings,
                   "nothing is known"));
}

TEST_CASE("what is compiled while it is installed wants compilers and a CUDA that does") {
  CHECK(any_contains(decided({{"flash-attn", "torch==2.6.0"}, "580.65.06", {"A100"}}).warnings,
                     "`--devel`"));
  Question with_compilers{{"flash-attn", "torch==2.6.0"}, "580.65.06", {"A100"}};
  with_compilers.devel = true;
  CHECK_FALSE(any_contains(decided(with_compilers).warnings, "`--devel`"));
  CHECK(decided({{"flash-attn", "torch==1.12.1"}, "535.104.05", {"A100"}}).cuda == "11.6");
}

TEST_CASE("a build that names a CUDA major goes on an image of any of its minors") {
  const Decision decision = decided({{"jax"}, "580.65.06", {"A100"}, "", "12.6"});
  CHECK(decision.cuda == "12.6");
  CHECK(decision.image.starts_with("nvidia/cuda:12.6."));
  CHECK(decided({{"onnxruntime-gpu<1.27"}, "580.65.06", {"A100"}, "", "12.6"}).cuda == "12.6");
  CHECK(refused({{"jax[cuda12]"}, "580.65.06", {"A100"}, "", "13.0"}).code == Errc::no_solution);
}

TEST_CASE("for what brings its own cuDNN the CUDA minor of a base image comes first") {
  Question question{{"torch==2.4.0"}, "570.86.10", {"A100"}, "", "12.1", "cuda-base"};
  question.devel = true;
  CHECK(decided(question).image.starts_with("nvidia/cuda:12.1."));
}

TEST_CASE("`!=3.10` and `>3.10` are without the series") {
  for (const std::string python : {"!=3.10", ">3.10"}) {
    INFO(python);
    CHECK(decided({{"torch==2.3.1"}, "535.104.05", {"T4"}, python}).python != "3.10");
  }
  CHECK(decided({{"torch==2.3.1"}, "535.104.05", {"T4"}, "<=3.10"}).python == "3.10");
}

TEST_CASE("what is named and cannot be taken is said") {
  CHECK(any_contains(decided({{"tensorflow-cpu==2.5.0"}, "535.104.05", {"RTX 3090"}}).warnings,
                     "names the build for the CPU"));
  CHECK(any_contains(
      decided({{"torch @ git+https://github.com/pytorch/pytorch@v2.3.1"}, "580.65.06", {"A100"}})
          .warnings,
      "its address does not say"));
  Question given{{"torch==2.3.1"}, "535.104.05", {"A100"}};
  given.image = "example.org/some/image:1";
  CHECK(any_contains(decided(given).warnings, "not known to hold torch"));
}

TEST_CASE("a patch that there is none of hints at its neighbour") {
  CHECK(
      any_contains(refused({{"torch==2.3.2"}, "535.104.05", {"RTX 3090"}}).hints, "torch==2.3.1"));
}

TEST_CASE("a hint keeps keras beside another framework") {
  CHECK(any_contains(refused({{"torch>=2.9", "keras>=3"}, "470.86", {"Tesla K40"}}).hints,
                     "'keras>=3'"));
}

TEST_CASE("a line that asks for its framework is enough of a conflict with what does not run it") {
  const Error error = refused({{"keras<3", "jaxlib"}, "580.65.06", {"B200"}});
  CHECK(
      any_contains(error.notes, "these exclude each other: `keras<3` (requirements.txt:1); GPU 0"));
  CHECK_FALSE(any_contains(error.notes, "jaxlib"));
}
