// Hints go the way that was asked for, and keep what was asked for beside it.
#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::test;

TEST_CASE("a release below all that are known: the oldest that works, not the newest") {
  const Error error = refused({{"torch<0.3"}, "535.104.05", {"RTX 3090"}});
  CHECK(any_contains(error.hints, "`berth resolve torch==1."));
  CHECK_FALSE(any_contains(error.hints, "torch==2."));
}

TEST_CASE("an extra for a CUDA that the GPU cannot have: the same framework without it") {
  const Error error = refused({{"jax[cuda13]"}, "580.65.06", {"Tesla V100"}});
  REQUIRE_FALSE(error.hints.empty());
  CHECK(error.hints.front().starts_with("another build: `berth resolve jax "));
  CHECK(error.hints.front().find("(cuda12)") != std::string::npos);
}

TEST_CASE("what belongs to a framework stays in the hint, without its demand") {
  const Error error =
      refused({{"torch==2.4.0", "torchvision==0.18.1", "torchaudio"}, "535.104.05", {"RTX 3090"}});
  CHECK(any_contains(error.hints, "`berth resolve torchaudio torchvision torch==2.4.0"));
  CHECK(any_contains(error.hints, "`berth resolve torch torchaudio torchvision==0.18.1"));
}

TEST_CASE("extras that are not in the way stay in the hint") {
  const Error error = refused({{"jax[cuda12]>=0.11"}, "450.80.02", {"A100"}});
  CHECK(any_contains(error.hints, "jax[cuda12]"));
}

TEST_CASE(
    "a library that no GPU of the machine runs is refused beside a container of NVIDIA, too") {
  const Question question{{"torch", "flash-attn"}, "535.104.05", {"Tesla V100"}, "", "", "ngc"};
  CHECK(any_contains(refused(question).notes, "compute capability 8.0"));
}

TEST_CASE("a release of the next major is not what code for this one can take") {
  const Error error = refused({{"tensorflow==1.15.0"}, "580.65.06", {"RTX 3090"}});
  CHECK(any_contains(error.hints, "`berth resolve tensorflow==1.15.5 "));
}

TEST_CASE("what has nothing for the CPU is not sent there") {
  const Error error = refused({{"flash-attn"}, "535.104.05", {"Tesla V100"}});
  CHECK_FALSE(any_contains(error.hints, "on the CPU"));
  const Error beside =
      refused({{"torch==2.3.1", "flash-attn==2.5.8"}, "535.104.05", {"Tesla V100"}});
  CHECK(any_contains(beside.hints, "without flash-attn: `berth resolve torch==2.3.1 "));
}

TEST_CASE("the hint about a release that is not known names it") {
  Question question{{"torch==2.19"}, "535.104.05", {"RTX 3090"}, "", "13.0"};
  CHECK(any_contains(refused(question).hints, "`berth resolve torch==2.19 --cuda 13.0"));
}
