#include "berth/environment/image_packages.hpp"

#include "support/catch.hpp"

using namespace berth;
using namespace berth::environment;

namespace {

ImagePackages image() {
  BuildLog said({});
  said.feed(
      "@berth fact python=3.10.12\n@berth fact machine=x86_64\n@berth package numpy==1.26.4\n"
      "@berth package torch==2.4.0a0+07cecf4168.nv24.05\n@berth package torchvision==0.18.1\n"
      "@berth package nvidia-cudnn-cu12==8.9.2.26\n@berth system git\n");
  return image_packages(said);
}

PipLine line(std::string text, std::string name = {}) {
  return {.text = std::move(text), .name = std::move(name), .origin = {"requirements.txt:2"}};
}

}  // namespace

TEST_CASE("image packages: a line is satisfied by what it accepts") {
  struct Row {
    std::string text;
    bool expected;
  };
  const std::vector<Row> rows = {
      {"numpy", true},
      {"numpy<2", true},
      {"numpy>=2", false},
      {"NumPy==1.26.4 --hash=sha256:00", true},
      {"einops", false},
      {"einops ; python_version < '3.9'", true},
      {"einops ; platform_machine == 'x86_64'", false},
      {"numpy[extra]", false},
      {"numpy @ https://host/numpy-1.26.4.whl", false},
      {"torch>=2.4", true},  // a build from before 2.4.0, with what 2.4.0 is to have
      {"torch==2.4.0", true},
      {"torch==2.3.1", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    REQUIRE(satisfied(line(row.text), image()) == row.expected);
  }
  REQUIRE_FALSE(satisfied({.kind = PipLine::Kind::address, .text = "numpy"}, image()));
  REQUIRE_FALSE(satisfied(line("numpy"), ImagePackages{}));
}

TEST_CASE("image packages: frameworks and what belongs to them are held") {
  REQUIRE(held_packages(image().packages) ==
          std::vector<std::string>{"nvidia-cudnn-cu12==8.9.2.26",
                                   "torch==2.4.0a0+07cecf4168.nv24.05", "torchvision==0.18.1"});
}

TEST_CASE("image packages: a line that would exchange a framework is told before a build") {
  PackageRequest packages;
  packages.lines = {line("numpy>=2"), line("torchvision==0.19.0 ; python_version >= '3.8'")};
  const Result<void> checked = check_held(packages, image(), "lab/image:1");
  REQUIRE_FALSE(checked);
  REQUIRE(checked.error().id == "framework-conflict");
  REQUIRE(checked.error().message.find("it has torchvision 0.18.1") != std::string::npos);
  REQUIRE(checked.error().notes.front().find("requirements.txt:2") != std::string::npos);
  packages.lines = {line("numpy>=2"), line("torchvision==0.18.1"), line("torch"), line("jax")};
  REQUIRE(check_held(packages, image(), "lab/image:1"));
}
