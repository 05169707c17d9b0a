// Which images are environments, and which one a word means.
#include <string>
#include <vector>

#include "berth/runtime/environment_store.hpp"
#include "cli/environment_list.hpp"
#include "support/catch.hpp"
#include "support/fake_engine.hpp"

using namespace berth::cli;
using berth::Errc;
using berth::Result;
using berth::runtime::EnvironmentStore;
using berth::runtime::ImageSummary;
using berth::test::FakeEngine;

namespace {

const std::string kFirst = "a1" + std::string(62, '0');
const std::string kSecond = "a2" + std::string(62, '0');

ImageSummary image(const std::string& key, const std::string& name, const std::string& stage) {
  return {.id = "sha256:" + key,
          .names = {name},
          .labels = {{"org.berth.env", key},
                     {"org.berth.env.stage", stage},
                     {"org.berth.env.base", "python:3.11"},
                     {"org.berth.env.packages", "numpy==1.26.4\nsix==1.16.0"}},
          .created = 100,
          .bytes = 1500};
}

std::vector<KnownEnvironment> listed(const std::vector<ImageSummary>& images) {
  // No test here has uses noted: the store's folder does not exist.
  const EnvironmentStore store([](const std::string& name) {
    return name == "XDG_STATE_HOME" ? std::optional<std::string>("/nonexistent") : std::nullopt;
  });
  FakeEngine engine;
  engine.images = images;
  const Result<std::vector<KnownEnvironment>> environments = list_environments(engine, store);
  REQUIRE(environments);
  return *environments;
}

std::string name_of_env(const std::string& key) {
  return "berth/env:" + key.substr(0, 24);
}

}  // namespace

TEST_CASE("environments are found under the names of Docker and of Podman") {
  const auto found = listed({image(kFirst, name_of_env(kFirst), "packages"),
                             image(kSecond, "localhost/" + name_of_env(kSecond), "system")});
  REQUIRE(found.size() == 2);
  CHECK(found[0].packages == std::vector<std::string>{"numpy==1.26.4", "six==1.16.0"});
  CHECK(found[0].is_final());
  CHECK(found[1].names == std::vector<std::string>{"localhost/" + name_of_env(kSecond)});
  CHECK_FALSE(found[1].is_final());
}

TEST_CASE("an image that somebody built on an environment is none") {
  CHECK(listed({image(kFirst, "anna/net:latest", "packages")}).empty());
}

TEST_CASE("the size beyond the base is known while the base is there") {
  const ImageSummary base{.id = "b", .names = {"docker.io/library/python:3.11"}, .bytes = 1000};
  const ImageSummary made = image(kFirst, name_of_env(kFirst), "packages");
  CHECK(listed({made, base}).at(0).own_bytes == 500U);
  CHECK_FALSE(listed({made}).at(0).own_bytes);
}

TEST_CASE("sizes go by the base's id, and by the stage before") {
  const auto with_recipe = [](ImageSummary made, std::vector<std::string> keys) {
    berth::environment::RecordedRecipe recipe{.base = "python:3.11", .base_id = "sha256:b"};
    for (const std::string& key : keys) {
      recipe.stages.push_back({.key = key, .items = {"item of " + key.substr(0, 2)}});
    }
    made.labels["org.berth.env.recipe"] = berth::environment::encode_recipe(recipe);
    return made;
  };
  // Its name belongs to another image by now.
  const ImageSummary base{.id = "sha256:b", .names = {}, .bytes = 1000};
  const ImageSummary newer{.id = "sha256:c", .names = {"python:3.11"}, .bytes = 1};
  ImageSummary stage = with_recipe(image(kFirst, name_of_env(kFirst), "system"), {kFirst});
  stage.bytes = 1100;
  ImageSummary last =
      with_recipe(image(kSecond, name_of_env(kSecond), "packages"), {kFirst, kSecond});
  last.created = 101;
  const auto found = listed({base, newer, stage, last});
  REQUIRE(found.size() == 2);
  CHECK(found[0].own_bytes == 500U);
  CHECK(found[0].stage_bytes == 400U);
  CHECK(found[0].parent() == kFirst);
  CHECK(found[0].items == std::vector<std::string>{"item of a1", "item of a2"});
  CHECK(found[1].own_bytes == 100U);
  CHECK(found[1].stage_bytes == 100U);
  CHECK(found[1].parent().empty());
}

TEST_CASE("a project means the environment that it used last") {
  auto found = listed({image(kFirst, name_of_env(kFirst), "packages"),
                       image(kSecond, name_of_env(kSecond), "packages")});
  const auto used_at = [](std::int64_t seconds) {
    return EnvironmentStore::Use{EnvironmentStore::Time(std::chrono::seconds(seconds)), {"/p/net"}};
  };
  found[0].use = used_at(10);
  found[1].use = used_at(20);
  CHECK(environment_of_project(found, "/p/net")->key == found[1].key);
  CHECK(environment_of_project(found, "/p/net/src/models")->key == found[1].key);
  CHECK(environment_of_project(found, "/p").error().code == Errc::not_found);
  CHECK(environment_of_project({}, "/").error().code == Errc::not_found);
}

TEST_CASE("a word means the one environment whose key begins so") {
  const auto found = listed({image(kFirst, name_of_env(kFirst), "packages"),
                             image(kSecond, name_of_env(kSecond), "packages")});
  CHECK(choose_environment(found, "a1")->key == kFirst);
  CHECK(choose_environment(found, name_of_env(kSecond))->key == kSecond);
  CHECK(choose_environment(found, "a").error().code == Errc::usage);
  CHECK(choose_environment(found, "").error().code == Errc::usage);
  CHECK(choose_environment(found, "xyz").error().code == Errc::usage);
  CHECK(choose_environment(found, "b").error().code == Errc::not_found);
}
