// Releases that the catalogue does not know yet: an answer, not a bare refusal.
#include <algorithm>

#include "berth/base/text.hpp"
#include "resolve_support.hpp"
#include "support/catch.hpp"

namespace {

using berth::Decision;
using berth::Result;
using berth::test::catalogue;
using berth::test::Question;

Result<Decision> ask(const Question& question) {
  return berth::resolve(berth::test::request_of(question),
                        berth::described_host("580.65.06", {"H100"}, catalogue()).value(),
                        catalogue());
}

bool has_note(const berth::Error& error, const std::string& part) {
  return std::any_of(error.notes.begin(), error.notes.end(),
                     [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

}  // namespace

TEST_CASE("a release newer than the catalogue is said to be unknown, with the nearest known one") {
  for (const std::string asked :
       {"torch==99.1", "torch>=99.1", "torch~=99.1", "torch==99.1+cu999"}) {
    INFO(asked);
    const auto decision = ask({{asked}});
    REQUIRE_FALSE(decision);
    REQUIRE(decision.error().id == "release-not-known");
    REQUIRE(decision.error().code == berth::Errc::no_solution);
    REQUIRE(decision.error().message.starts_with("torch 99.1"));
    REQUIRE(has_note(decision.error(), "`" + asked + "` (requirements.txt:1)"));
    const auto& newest = catalogue().find_framework("torch")->releases.front();
    REQUIRE(has_note(decision.error(), "torch " + newest.version_text + ": Python "));
    REQUIRE(decision.error().hints.size() >= 2);
  }
}

TEST_CASE("a release that is missing among the known ones is a conflict as before") {
  const auto decision = ask({{"torch==2.3.99"}});
  REQUIRE_FALSE(decision);
  REQUIRE(decision.error().id != "release-not-known");
}

TEST_CASE("with --cuda a release newer than the catalogue gets a CUDA image and a warning") {
  Question question{{"torch==99.1", "torchvision"}};
  question.cuda = "12.8";
  const auto decision = ask(question);
  REQUIRE(decision);
  REQUIRE(decision->image.starts_with("nvidia/cuda:12.8"));
  REQUIRE(decision->frameworks.size() == 1);
  REQUIRE(decision->frameworks[0].version == "99.1");
  REQUIRE_FALSE(decision->frameworks[0].in_image);
  REQUIRE(std::any_of(
      decision->warnings.begin(), decision->warnings.end(), [](const std::string& warning) {
        return warning.find("torch 99.1 is not in the catalogue") != std::string::npos;
      }));
}
