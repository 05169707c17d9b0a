#include "berth/runtime/environment_build.hpp"

#include <chrono>
#include <stop_token>
#include <thread>

#include "berth/runtime/environment_store.hpp"
#include "support/catch.hpp"
#include "support/fake_engine.hpp"
#include "support/temporary_folder.hpp"

using namespace berth;
using namespace berth::runtime;
using test::FakeContainer;
using test::FakeEngine;

namespace {

StageBuild stage(const ImageFacts& base, std::string& output) {
  StageBuild build{.image = "sha256:base", .base = base};
  build.repository = "berth/env";
  build.tag = "0123";
  build.run_id = "run-1";
  build.stage = "packages";
  build.archive = "a tar archive";
  build.labels = [] { return std::map<std::string, std::string>{{"org.berth.env", "0123"}}; };
  build.on_output = [&output](std::string_view bytes) { output += bytes; };
  return build;
}

}  // namespace

TEST_CASE("environment build: the archive goes in, the output comes out, an image is made") {
  std::string received;
  FakeEngine engine([&received](FakeContainer& container) {
    received = container.input();
    container.out("@berth step one\n");
    container.err("a warning\n");
    container.exit(0);
  });
  ImageFacts base;
  base.command = {"python3"};
  base.entrypoint = {"/entry"};
  std::string output;
  const Result<StageOutcome> outcome = build_stage(engine, stage(base, output));
  REQUIRE(outcome);
  REQUIRE(outcome->exit_code == 0);
  REQUIRE(outcome->image_id == "sha256:0123");
  REQUIRE(received == "a tar archive");
  REQUIRE(output == "@berth step one\na warning\n");
  REQUIRE(engine.count("commit berth/env:0123") == 1);
  REQUIRE(engine.images.at(0).labels.at("org.berth.env") == "0123");
  // Containers of the image inherit its labels: none of them is a build of this run.
  REQUIRE(engine.images.at(0).labels.at(kBuildLabel) != "run-1");
  REQUIRE_FALSE(engine.leaves_something_behind());

  const ContainerSpec& spec = engine.specs().at(0);
  REQUIRE(spec.name == "berth-env-0123");
  REQUIRE(spec.labels.at(kBuildLabel) == "run-1");
  REQUIRE(spec.user == "0");
  REQUIRE(spec.environment.empty());  // it would become the image's
  REQUIRE(spec.tmpfs.contains("/run/berth"));
}

TEST_CASE("environment build: a stage that fails leaves neither image nor container") {
  FakeEngine engine([](FakeContainer& container) {
    container.out("@berth failed no-python\n");
    container.exit(1);
  });
  const ImageFacts base;
  std::string output;
  const Result<StageOutcome> outcome = build_stage(engine, stage(base, output));
  REQUIRE(outcome);
  REQUIRE(outcome->exit_code == 1);
  REQUIRE(engine.images.empty());
  REQUIRE_FALSE(engine.leaves_something_behind());
}

TEST_CASE("environment build: a look makes no image, and takes nobody's name") {
  FakeEngine engine([](FakeContainer& container) { container.exit(0); });
  const ImageFacts base;
  std::string output;
  StageBuild look = stage(base, output);
  look.repository.clear();
  REQUIRE(build_stage(engine, look)->exit_code == 0);
  REQUIRE(engine.images.empty());
  REQUIRE(engine.specs().at(0).name.empty());
  REQUIRE_FALSE(engine.leaves_something_behind());
}

TEST_CASE("environment build: a stop ends it, and the container goes") {
  FakeEngine engine([](FakeContainer& container) { container.next_signal(); });
  const ImageFacts base;
  std::string output;
  std::stop_source source;
  StageBuild build = stage(base, output);
  build.stop = source.get_token();
  std::jthread stopping([&source] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    source.request_stop();
  });
  const Result<StageOutcome> outcome = build_stage(engine, build);
  REQUIRE_FALSE(outcome);
  REQUIRE(outcome.error().code == Errc::interrupted);
  REQUIRE(engine.images.empty());
  REQUIRE_FALSE(engine.leaves_something_behind());
}

TEST_CASE("environment build: an engine that fails to commit leaves no container") {
  FakeEngine engine([](FakeContainer& container) { container.exit(0); });
  engine.failures["commit"] = Error{Errc::engine_failed, "no space left on device"};
  const ImageFacts base;
  std::string output;
  REQUIRE_FALSE(build_stage(engine, stage(base, output)));
  REQUIRE_FALSE(engine.leaves_something_behind());
}

TEST_CASE("environment store: uses, looks and logs") {
  const test::TemporaryFolder folder;
  const EnvironmentStore store([&folder](const std::string& name) -> std::optional<std::string> {
    return name == "XDG_STATE_HOME" ? std::optional(folder.path().string()) : std::nullopt;
  });
  REQUIRE_FALSE(store.find_look("image"));
  store.keep_look("image", "@berth fact python=3.11.2\n");
  REQUIRE(store.find_look("image") == "@berth fact python=3.11.2\n");
  REQUIRE_FALSE(store.find_look("another"));

  const EnvironmentStore::Time now{std::chrono::seconds(1'800'000'000)};
  REQUIRE_FALSE(store.use_of("0123"));
  store.note_use("0123", "/p/one", now);
  store.note_use("0123", "/p/two", now + std::chrono::hours(1));
  store.note_use("0123", "/p/one", now + std::chrono::hours(2));
  REQUIRE(store.use_of("0123")->last == now + std::chrono::hours(2));
  REQUIRE(store.use_of("0123")->projects == std::vector<std::string>{"/p/one", "/p/two"});

  const std::filesystem::path log = store.log_file("0123").value();
  folder.write(log.lexically_relative(folder.path()), "said\n");
  store.forget("0123");
  REQUIRE_FALSE(store.use_of("0123"));
  REQUIRE_FALSE(std::filesystem::exists(log));
}

TEST_CASE("environment build: an end that the engine's wait misses is seen all the same") {
  FakeEngine engine([](FakeContainer& container) { container.end_output(); });
  ContainerState ended;
  ended.exit_code = 3;
  engine.states["container-1"] = ended;
  std::string output;
  const Result<StageOutcome> outcome = build_stage(engine, stage(ImageFacts{}, output));
  REQUIRE(outcome);
  REQUIRE(outcome->exit_code == 3);
}
