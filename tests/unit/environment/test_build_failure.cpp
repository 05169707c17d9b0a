#include "berth/environment/build_failure.hpp"

#include "support/catch.hpp"

using namespace berth;
using namespace berth::environment;

namespace {

Error explained(std::string_view log, const PackageRequest& packages = {}) {
  BuildLog said({});
  said.feed(log);
  said.finish();
  const Stage stage;
  Decision decision;
  decision.python = "3.11";
  return explain_failure({said, stage, packages, decision, "img:1", "/state/env.log"});
}

}  // namespace

TEST_CASE("build failure: a package that no index has") {
  PackageRequest packages;
  packages.lines = {{.text = "nosuch", .name = "nosuch", .origin = {"requirements.txt:3"}}};
  const Error error = explained(
      "ERROR: Could not find a version that satisfies the requirement nosuch (from versions: "
      "none)\n"
      "ERROR: No matching distribution found for nosuch\n",
      packages);
  REQUIRE(error.id == "package-not-found");
  REQUIRE(error.code == Errc::no_solution);
  REQUIRE(error.notes.front() == "`nosuch` is asked for by requirements.txt:3");
  REQUIRE(error.notes.back() == "the whole log: /state/env.log");
}
