// `--gpus free:N` on a machine of several kinds of GPU: only those that the image runs are taken.
#include "support/catch.hpp"
#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::test;

namespace {

Question free_of(const std::string& wanted, const std::vector<std::string>& gpus) {
  Question question{{"torch"}, "580.65.06", gpus};
  question.gpu_request = wanted;
  return question;
}

}  // namespace

TEST_CASE("where no image runs all kinds of GPU, it is one for the newest") {
  const Decision decision = decided(free_of("free:1", {"GTX 1080", "RTX 5090"}));
  REQUIRE(decision.gpus.size() == 1);
  CHECK(decision.gpus.front().name == "NVIDIA GeForce RTX 5090");
  CHECK(any_contains(decision.warnings, "GPU 0 (NVIDIA GeForce GTX 1080)"));
  CHECK(decided(free_of("free:2", {"GTX 1080", "RTX 5090", "RTX 5090"})).gpus.size() == 2);
}

TEST_CASE("where too few of a kind are there, the conflict is about all of them") {
  const Error error = refused(free_of("free:2", {"GTX 1080", "RTX 5090"}));
  CHECK(any_contains(error.notes, "GTX 1080"));
  CHECK(any_contains(error.notes, "RTX 5090"));
}

TEST_CASE("where one image runs all, nothing is left out") {
  const Decision decision = decided(free_of("free:1", {"RTX 3090", "A100"}));
  CHECK(decision.gpus.size() == 2);
  CHECK_FALSE(any_contains(decision.warnings, "takes none of these"));
}
