#include "berth/environment/recipe.hpp"

#include <algorithm>

#include "support/catch.hpp"

using namespace berth;
using namespace berth::environment;

namespace {

PipLine line(std::string text, std::string name) {
  return {.text = std::move(text), .name = std::move(name), .origin = {"requirements.txt:1"}};
}

struct Case {
  PackageRequest packages{};
  Decision decision{};
  ImageFacts base{};
  ImagePackages installed{};
  std::map<std::string, LocalSource> local{};
  std::vector<std::string> indexes{};

  Case() {
    base.id = "sha256:aa";
    decision.python = "3.10";
    installed.python = "3.10.12";
    installed.packages["pip"] = "24.0";
  }
  std::vector<Stage> make() const {
    return make_recipe({packages, decision, base, installed, local, indexes});
  }
  std::string key() const { return make().back().key; }
};

FrameworkChoice torch(bool in_image) {
  return {.name = "torch",
          .version = "2.3.1",
          .build = "cu121",
          .index_url = "https://download.pytorch.org/whl/cu121",
          .in_image = in_image};
}

}  // namespace

TEST_CASE("recipe: a project of frameworks alone needs nothing on their image") {
  Case c;
  c.decision.frameworks = {torch(true)};
  c.packages.lines = {line("torch==2.3.1", "torch")};
  REQUIRE(c.make().empty());
}

TEST_CASE("recipe: apt, then frameworks, then the rest; each stage has its own image") {
  Case c;
  c.decision.frameworks = {torch(false)};
  c.decision.libraries = {{.name = "xformers", .version = "0.0.27"}};
  c.packages.lines = {line("torch>=2", "torch"), line("torchvision == 0.18.1", "torchvision"),
                      line("numpy<2", "numpy")};
  c.packages.apt = {{"git", {"--apt"}}, {"ffmpeg", {"--apt"}}};
  const std::vector<Stage> stages = c.make();
  REQUIRE(stages.size() == 3);
  REQUIRE(stages[0].kind == Stage::Kind::system);
  REQUIRE(stages[0].files.at("system.txt") == "ffmpeg\ngit\n");
  REQUIRE(stages[1].kind == Stage::Kind::frameworks);
  // The index of a build has the companions of the same build, and no index else is asked.
  REQUIRE(stages[1].files.at("frameworks.txt") ==
          "index https://download.pytorch.org/whl/cu121 torch==2.3.1+cu121 torchvision==0.18.1\n");
  REQUIRE(stages[2].kind == Stage::Kind::packages);
  REQUIRE(stages[2].files.at("requirements.txt") ==
          "numpy<2\ntorchvision == 0.18.1\nxformers==0.0.27\n");
  REQUIRE(stages[0].key != stages[1].key);
  REQUIRE(stages[2].key.size() == 64);
  REQUIRE(image_of(stages[2].key) == "berth/env:" + stages[2].key.substr(0, 24));
}

TEST_CASE("recipe: a change of the last stage leaves the others as they are") {
  Case c;
  c.packages.lines = {line("numpy<2", "numpy")};
  c.packages.apt = {{"git", {"--apt"}}};
  const std::vector<Stage> before = c.make();
  c.packages.lines.push_back(line("einops", "einops"));
  const std::vector<Stage> after = c.make();
  REQUIRE(before[0].key == after[0].key);
  REQUIRE(before[1].key != after[1].key);
}

TEST_CASE("recipe: the order of lines, and repetitions, change nothing") {
  Case c;
  c.packages.lines = {line("numpy<2", "numpy"), line("einops", "einops")};
  const std::string key = c.key();
  std::reverse(c.packages.lines.begin(), c.packages.lines.end());
  REQUIRE(c.key() == key);
  c.packages.lines.push_back(line("einops", "einops"));
  REQUIRE(c.key() == key);
}

TEST_CASE("recipe: the key covers all that the environment is made of") {
  Case c;
  c.packages.lines = {line("numpy<2", "numpy"),
                      {.kind = PipLine::Kind::path, .text = "/p/mine-1.0-py3-none-any.whl"}};
  c.local["/p/mine-1.0-py3-none-any.whl"] = {"0/mine-1.0-py3-none-any.whl", "sha256:1"};
  const std::string key = c.key();
  const auto changed = [&](auto change) {
    Case other = c;
    change(other);
    return other.key() != key;
  };
  REQUIRE(changed([](Case& o) { o.base.id = "sha256:bb"; }));
  REQUIRE(changed([](Case& o) { o.decision.python = "3.11"; }));
  REQUIRE(changed([](Case& o) { o.packages.constraints = {line("scipy<1.12", "scipy")}; }));
  REQUIRE(changed([](Case& o) { o.indexes = {"https://mirror/simple"}; }));
  REQUIRE(changed([](Case& o) { o.local.begin()->second.digest = "sha256:2"; }));
  REQUIRE(changed([](Case& o) {
    o.packages.lines.push_back({.kind = PipLine::Kind::option, .text = "--no-binary numpy"});
  }));
  REQUIRE_FALSE(changed([](Case& o) { o.packages.lines[0].origin.text = "pyproject.toml:9"; }));
}

TEST_CASE("recipe: a local source is installed from where the build has it") {
  Case c;
  c.packages.lines = {{.kind = PipLine::Kind::path, .text = "/p/mine.whl"}};
  c.local["/p/mine.whl"] = {"0/mine.whl", "sha256:1"};
  REQUIRE(c.make().back().files.at("requirements.txt") == "/run/berth/files/0/mine.whl\n");
}

TEST_CASE("recipe: a Python, or a pip, where the image has none") {
  Case c;
  c.packages.lines = {line("numpy<2", "numpy")};
  REQUIRE(c.make().size() == 1);
  c.installed.packages.clear();
  const std::vector<Stage> with_pip = c.make();
  REQUIRE(with_pip.size() == 2);
  REQUIRE(with_pip[0].kind == Stage::Kind::python);
  REQUIRE(with_pip[0].items == std::vector<std::string>{"pip"});
  c.installed.uv = true;
  REQUIRE(c.make().size() == 1);
  c.installed = {};
  REQUIRE(c.make()[0].items == std::vector<std::string>{"python3.10", "pip"});
  c.packages.lines = {};
  c.packages.apt = {{"git", {"--apt"}}};
  REQUIRE(c.make().size() == 1);  // who wants git alone needs no Python
}

TEST_CASE("recipe: credentials reach pip, and neither the key nor what is shown") {
  Case c;
  c.packages.lines = {
      line("mine @ https://me:s3cret@host/mine-1.0.tar.gz", "mine"),
      {.kind = PipLine::Kind::option, .text = "--extra-index-url https://me:s3cret@host/simple"}};
  const Stage with = c.make().back();
  REQUIRE(with.files.at("requirements.txt") ==
          "--extra-index-url https://me:s3cret@host/simple\n"
          "mine @ https://me:s3cret@host/mine-1.0.tar.gz\n");
  REQUIRE(with.items == std::vector<std::string>{"mine @ https://host/mine-1.0.tar.gz"});
  c.packages.lines[0].text = "mine @ https://me:new@host/mine-1.0.tar.gz";
  REQUIRE(c.key() == with.key);
}

TEST_CASE("recipe: a mirror stands for the address that it replaces") {
  Case c;
  c.decision.frameworks = {torch(false)};
  c.packages.mirrors = {{"https://download.pytorch.org", "https://all"},
                        {"https://download.pytorch.org/whl", "https://me:pw-x@mirror/whl"},
                        {"https://download.pytorch.org/whl/cu1", "https://other"}};
  const Stage stage = c.make().back();
  REQUIRE(stage.files.at("frameworks.txt") ==
          "index https://me:pw-x@mirror/whl/cu121 torch==2.3.1+cu121\n");
  REQUIRE(stage.items == std::vector<std::string>{"torch==2.3.1+cu121"});
}

TEST_CASE("recipe: what is shown is what is asked for, without where it comes from or hashes") {
  Case c;
  c.decision.frameworks = {
      {.name = "jax", .version = "0.4.30", .build = "cuda12", .in_image = false}, torch(false)};
  c.packages.lines = {line("numpy==2.0 --hash=sha256:11 --hash=sha256:22", "numpy"),
                      line("torchvision==0.18.1", "torchvision")};
  const std::vector<Stage> stages = c.make();
  REQUIRE(stages[0].items == std::vector<std::string>{"torch==2.3.1+cu121", "torchvision==0.18.1",
                                                      "jax[cuda12]==0.4.30"});
  REQUIRE(stages[1].items == std::vector<std::string>{"numpy==2.0", "torchvision==0.18.1"});
  // It comes from where pip looks anyway, so that place is part of the key.
  c.indexes = {"index-url https://mirror/simple"};
  REQUIRE(c.make()[0].key != stages[0].key);
}

TEST_CASE("recipe: an editable folder is installed as what the project is at run time") {
  Case c;
  const PipLine editable{.kind = PipLine::Kind::path, .text = "/p/lib[dev]", .editable = true};
  c.packages.lines = {editable};
  c.local["/p/lib[dev]"] = {.name = "lib", .digest = "1", .in_project = true, .after = "[dev]"};
  REQUIRE(c.make().back().files.at("requirements.txt") == "-e /workspace/lib[dev]\n");
  c.local["/p/lib[dev]"].name = ".";
  REQUIRE(c.make().back().files.at("requirements.txt") == "-e /workspace/[dev]\n");
}

TEST_CASE("recipe: git is installed where a line needs it and the image has none") {
  Case c;
  c.packages.lines = {line("a @ git+https://host/a.git", "a")};
  REQUIRE(c.make()[0].files.at("system.txt") == "ca-certificates\ngit\n");
  c.installed.git = true;
  REQUIRE(c.make()[0].kind == Stage::Kind::packages);
}
