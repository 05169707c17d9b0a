// The packages of a lock: from what is asked for, by what a build says, to what is installed again.
#include "berth/environment/package_lock.hpp"

#include <algorithm>

#include "support/catch.hpp"

using namespace berth;
using namespace berth::environment;

namespace {

const std::string kHash = "sha256:" + std::string(64, 'a');

PipLine line(std::string text, std::string name) {
  return {.text = std::move(text), .name = std::move(name), .origin = {"requirements.txt:1"}};
}

PipLine path(std::string text, bool editable = false) {
  return {.kind = PipLine::Kind::path,
          .text = std::move(text),
          .editable = editable,
          .origin = {"requirements.txt:2"}};
}

std::map<std::string, LocalSource> local_sources() {
  return {{"/home/me/p/mine.whl",
           {.name = "0123/mine.whl", .digest = std::string(64, 'b'), .is_file = true}},
          {"/home/me/p/lib", {.name = "4567/lib", .digest = std::string(64, 'c')}},
          {"/home/me/p", {.name = ".", .digest = std::string(64, 'd'), .in_project = true}}};
}

std::vector<LockedPackage> said(std::string_view text) {
  BuildLog log({});
  log.feed(text);
  log.finish();
  return locked_packages(log, local_sources());
}

struct Case {
  PackageRequest packages{};
  Decision decision{};
  ImageFacts base{};
  ImagePackages installed{};
  LockedPackages locked{};

  Case() {
    installed.python = "3.10.12";
    installed.git = true;
    installed.packages["pip"] = "24.0";
  }
  std::vector<Stage> make(const std::string& index = "https://mirror") const {
    return make_recipe({packages, decision, base, installed, local_sources(), {index}, &locked});
  }
};

}  // namespace

TEST_CASE("package lock: inputs are lines, and nothing of where they lie on this machine") {
  PackageRequest packages;
  packages.lines = {line("numpy<2", "numpy"),
                    line("torch==2.3.1", "torch"),
                    path("/home/me/p/mine.whl"),
                    path("/home/me/p", true),
                    {.kind = PipLine::Kind::option, .text = "--index-url https://me:pw-x@host/s"}};
  packages.constraints = {line("six==1.16", "six")};
  packages.apt = {{"git", {"--apt"}}};
  const auto inputs =
      package_inputs(packages, local_sources(), {{"torch", "torch==2.3.1", "requirements.txt:1"}});
  std::vector<std::string> texts;
  for (const LockInput& input : inputs) {
    texts.push_back(input.name + " | " + input.text);
  }
  REQUIRE(texts == std::vector<std::string>{"--apt | git", "-c six | six==1.16",
                                            ". | -e . sha256:" + std::string(64, 'd'),
                                            "mine.whl | mine.whl sha256:" + std::string(64, 'b'),
                                            "numpy | numpy<2",
                                            "option | --index-url https://host/s"});
}

TEST_CASE("package lock: what a build has said, by name, with what lies here by its own name") {
  const auto packages =
      said("@berth locked packages numpy==1.26.4 https://me:pw-x@host/numpy.whl " + kHash +
           "\n@berth locked packages mine==1.0 file:///run/berth/files/0123/mine.whl"
           "\n@berth locked packages lib==2.0 file:///run/berth/files/4567/lib"
           "\n@berth locked packages app==0.1 file:///workspace/"
           "\n@berth locked packages gitted==3.0 git+https://host/g.git@c0ffee"
           "\n@berth locked\n");
  std::vector<std::string> texts;
  for (const LockedPackage& package : packages) {
    texts.push_back(package.text() + ' ' + package.from +
                    (package.hashes.empty() ? "" : ' ' + package.hashes[0].substr(0, 9)));
  }
  REQUIRE(texts == std::vector<std::string>{"app==0.1 .",
                                            "gitted==3.0 git+https://host/g.git@c0ffee",
                                            "lib==2.0 ./lib", "mine==1.0 ./mine.whl sha256:bb",
                                            "numpy==1.26.4 https://host/numpy.whl sha256:aa"});
  REQUIRE(without_hash(packages) ==
          std::vector<std::string>{"app 0.1 (.)", "gitted 3.0 (git+https://host/g.git@c0ffee)",
                                   "lib 2.0 (./lib)"});
}

TEST_CASE(
    "package lock: a locked recipe installs files by their hashes, the rest as it is asked for") {
  Case c;
  c.packages.lines = {line("numpy<2", "numpy"),
                      line("gitted @ git+https://me:pw-x@host/g.git@main#subdirectory=a", "gitted"),
                      line("far @ https://me:pw-x@host/far.whl", "far"),
                      path("/home/me/p/mine.whl"),
                      path("/home/me/p/lib"),
                      {.kind = PipLine::Kind::option, .text = "--extra-index-url https://more"}};
  c.locked.packages = {
      {"far", "1.0", "packages", "https://host/far.whl", {kHash}},
      {"gitted", "3.0", "packages", "git+https://host/g.git@c0ffee", {}},
      {"lib", "2.0", "packages", "./lib", {}},
      {"mine", "1.0", "packages", "./mine.whl", {"sha256:" + std::string(64, 'b')}},
      {"numpy", "1.26.4", "packages", "https://host/numpy.whl", {kHash}}};
  const std::vector<Stage> stages = c.make();
  REQUIRE(stages.size() == 1);
  const auto& files = stages[0].files;
  REQUIRE(files.at("requirements.txt") == "--extra-index-url https://more\n");
  REQUIRE(files.at("locked.txt") ==
          "/run/berth/files/0123/mine.whl --hash=sha256:" + std::string(64, 'b') +
              "\nfar @ https://me:pw-x@host/far.whl --hash=" + kHash +
              "\nnumpy==1.26.4 --hash=" + kHash + "\n");
  REQUIRE(files.at("direct.txt") ==
          "/run/berth/files/4567/lib\n"
          "gitted @ git+https://me:pw-x@host/g.git@c0ffee#subdirectory=a\n");
  // Where a file is from does not matter, but for who builds the same without the lock.
  REQUIRE(files.at("indexes.txt") == "https://mirror\n");
  REQUIRE(c.make("https://other")[0].key == stages[0].key);
  c.locked.packages.back().hashes[0].back() = 'b';
  REQUIRE(c.make()[0].key != stages[0].key);
}

TEST_CASE("package lock: what a framework brought is installed with it") {
  Case c;
  c.decision.frameworks = {{.name = "torch",
                            .version = "2.3.1",
                            .build = "cu121",
                            .index_url = "https://host/whl/cu121",
                            .in_image = false}};
  c.packages.lines = {line("numpy<2", "numpy")};
  c.locked.packages = {{"numpy", "1.26.4", "packages", "index", {kHash}},
                       {"sympy", "1.13", "frameworks", "index", {kHash}},
                       {"torch", "2.3.1+cu121", "frameworks", "index", {kHash}}};
  const std::vector<Stage> stages = c.make();
  REQUIRE(stages.size() == 2);
  REQUIRE(stages[0].files.at("locked.txt") ==
          "sympy==1.13 --hash=" + kHash + "\ntorch==2.3.1+cu121 --hash=" + kHash + "\n");
  REQUIRE(stages[0].files.at("frameworks.txt") ==
          "index https://host/whl/cu121 torch==2.3.1+cu121\n");
  REQUIRE(stages[1].files.at("locked.txt") == "numpy==1.26.4 --hash=" + kHash + "\n");
}

TEST_CASE("package lock: the stage that asks has the files of both, and what is there already") {
  const Stage frameworks{Stage::Kind::frameworks, "k1", {{"frameworks.txt", "f"}}, {"torch"}};
  const Stage packages{Stage::Kind::packages,
                       "k2",
                       {{"requirements.txt", "numpy\n"}, {"constraints.txt", "six<2\n"}},
                       {"numpy"}};
  const Stage lock =
      lock_stage({frameworks, packages}, {.before = {{"pip", "24.0"}}, .kept = {"a==1"}});
  REQUIRE(lock.kind == Stage::Kind::lock);
  REQUIRE(lock.files.at("frameworks.txt") == "f");
  REQUIRE(lock.files.at("requirements.txt") == "numpy\n");
  REQUIRE(lock.files.at("before.txt") == "pip==24.0\n");
  REQUIRE(lock.files.at("kept.txt") == "a==1\n");
  REQUIRE_FALSE(lock.files.contains("between.txt"));
  const Stage there =
      lock_stage({packages}, {.frameworks_there = std::map<std::string, std::string>{}});
  REQUIRE(there.files.at("between.txt").empty());
}

TEST_CASE("package lock: extensions are compiled for what covers the GPUs") {
  Case c;
  c.decision.gpus = {{.name = "A", .covered_by = "sm_86"},
                     {.name = "B", .covered_by = "sm_100"},
                     {.name = "C", .covered_by = "compute_90"},
                     {.name = "D", .covered_by = "sm_90a"},
                     {.name = "E", .compute_capability = ComputeCapability::parse("7.5")}};
  REQUIRE(cuda_architectures(c.decision).empty());  // nobody asks for torch
  c.decision.frameworks = {{.name = "torch", .version = "2.3.1"}};
  REQUIRE(cuda_architectures(c.decision) == "10.0;7.5;8.6;9.0+PTX;9.0a");
}

TEST_CASE("package lock: the architectures are part of the key, and of what the build reads") {
  Case c;
  c.packages.lines = {line("cext", "cext")};
  const auto stage = [&c](std::string architectures) {
    return make_recipe({.packages = c.packages,
                        .decision = c.decision,
                        .base = c.base,
                        .installed = c.installed,
                        .cuda_architectures = std::move(architectures)})
        .back();
  };
  REQUIRE_FALSE(stage("").files.contains("variables"));
  REQUIRE(stage("8.6;9.0").files.at("variables") == "export TORCH_CUDA_ARCH_LIST='8.6;9.0'\n");
  REQUIRE(stage("8.6").key != stage("9.0").key);
}

TEST_CASE("package lock: one that was made for another state of the image is noticed") {
  Case c;
  c.packages.lines = {line("numpy<2", "numpy"), line("six[all]>=1.16", "six"),
                      line("torch==2.3.1", "torch"), line("a; python_version < '3'", "a")};
  c.installed.packages["numpy"] = "1.26.4";
  c.locked.packages = {{"six", "1.16.0", "packages", "index", {kHash}}};
  const auto unmet = [&c] { return unmet_line(c.packages, c.locked, c.installed, {"torch"}); };
  REQUIRE(unmet() == nullptr);
  c.installed.packages["numpy"] = "2.0.0";
  REQUIRE(unmet() == &c.packages.lines[0]);
  c.installed.packages["numpy"] = "1.26.4";
  c.locked.packages.clear();
  REQUIRE(unmet() == &c.packages.lines[1]);
}
