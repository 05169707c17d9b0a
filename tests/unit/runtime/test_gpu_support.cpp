// What an engine is found to offer, from its own list or by trying, and that trying leaves nothing
// behind.
#include "berth/runtime/gpu_support.hpp"
#include "support/catch.hpp"
#include "support/fake_engine.hpp"

using namespace berth;
using namespace berth::runtime;
using namespace berth::test;

namespace {

EngineFacts docker(const std::string& version) {
  EngineFacts facts;
  facts.version = version;
  facts.address = "unix:///var/run/docker.sock";
  facts.runtimes = {"runc"};
  return facts;
}

EngineFacts podman(const std::string& version) {
  EngineFacts facts = docker(version);
  facts.kind = EngineFacts::Kind::podman;
  return facts;
}

// Refuses requests at start as the real engines do: by its driver.
class ProbedEngine : public FakeEngine {
 public:
  bool takes_nvidia = false;
  bool takes_cdi = false;
  Error when_taken{Errc::command_not_found, "the container's command was not found"};

  Result<void> start(const std::string& id) override {
    static_cast<void>(FakeEngine::start(id));
    const bool cdi = specs().back().device_requests.at(0).driver == DeviceRequest::Driver::cdi;
    if (cdi ? takes_cdi : takes_nvidia) {
      return fail(when_taken);
    }
    return fail(Error{Errc::engine_failed, "the engine cannot attach the GPUs that were asked for"}
                    .note(cdi ? "the engine says: CDI device injection failed: unresolvable CDI "
                                "devices nvidia.com/gpu=all"
                              : "the engine says: could not select device driver \"nvidia\" with "
                                "capabilities: [[gpu]]")
                    .named("gpu-unavailable"));
  }
};

}  // namespace

TEST_CASE("an engine that lists the nvidia runtime or CDI devices is not probed") {
  FakeEngine engine;
  EngineFacts facts = docker("28.5.1");
  SECTION("runtime") {
    facts.runtimes.emplace_back("nvidia");
    const Result<GpuSupport> support = find_gpu_support(engine, facts);
    REQUIRE(support);
    CHECK(support->nvidia);
    CHECK_FALSE(support->cdi);
  }
  SECTION("devices, of which only NVIDIA's count") {
    facts.cdi_devices = {"amd.com/gpu=0", "nvidia.com/gpu=0", "nvidia.com/gpu=all"};
    const Result<GpuSupport> support = find_gpu_support(engine, facts);
    REQUIRE(support);
    CHECK(support->cdi);
    CHECK_FALSE(support->nvidia);
    CHECK(support->cdi_devices ==
          std::vector<std::string>{"nvidia.com/gpu=0", "nvidia.com/gpu=all"});
  }
  CHECK(engine.calls().empty());
}

TEST_CASE("what AppArmor refuses is no answer about GPUs, which come first") {
  ProbedEngine engine;
  engine.takes_nvidia = true;
  engine.when_taken = Error{Errc::engine_failed, "the engine cannot confine the container"}.named(
      "apparmor-profile");
  const Result<GpuSupport> support = find_gpu_support(engine, docker("20.10.24"));
  REQUIRE(support);
  CHECK(support->nvidia);
}

TEST_CASE("an engine that says nothing is tried with an empty image, and nothing is left on it") {
  ProbedEngine engine;
  EngineFacts facts = docker("20.10.24");
  std::size_t trials = 2;
  SECTION("nvidia by the hook on the daemon's PATH") {
    engine.takes_nvidia = true;
    trials = 1;
  }
  SECTION("cdi, which Docker 25 to 28.2 do not list") {
    facts = docker("28.2.2");
    engine.takes_cdi = true;
  }
  SECTION("neither") {}
  SECTION("Podman, by cdi alone: any other request it ignores") {
    facts = podman("5.4.2");
    engine.takes_cdi = true;
    engine.takes_nvidia = true;
    trials = 1;
  }
  const Result<GpuSupport> support = find_gpu_support(engine, facts);
  REQUIRE(support);
  CHECK(support->nvidia == (engine.takes_nvidia && facts.kind == EngineFacts::Kind::docker));
  CHECK(support->cdi == engine.takes_cdi);
  CHECK(engine.count("start") == trials);
  CHECK(engine.count("pull") == 0);
  CHECK(engine.count("remove_image") == 1);
  CHECK_FALSE(engine.leaves_something_behind());
}

TEST_CASE("a Podman that ignores requests offers nothing, and no GPU run may start on it") {
  for (const char* version : {"4.3.1", "5.3.2"}) {
    INFO(version);
    ProbedEngine engine;
    engine.takes_cdi = true;
    const Result<GpuSupport> support = find_gpu_support(engine, podman(version));
    REQUIRE(support);
    CHECK_FALSE(support->any());
    CHECK(engine.calls().empty());
  }
  ProbedEngine engine;
  engine.takes_cdi = true;
  for (const char* version : {"5.4.0", "5.10.1", "6.0.0-dev"}) {
    INFO(version);
    CHECK(find_gpu_support(engine, podman(version))->cdi);
  }
}

TEST_CASE("a trial that fails for another reason is an error, not a verdict") {
  FakeEngine engine;
  engine.failures["start"] = Error{Errc::engine_unreachable, "the engine went away"};
  const Result<GpuSupport> support = find_gpu_support(engine, docker("20.10.24"));
  REQUIRE_FALSE(support);
  CHECK(support.error().code == Errc::engine_unreachable);
  CHECK_FALSE(engine.leaves_something_behind());
}

TEST_CASE("an engine without GPU support is an error with its remedy") {
  GpuSupport support;
  support.evidence = {"the engine has no device driver nvidia (tried)"};
  const Error error = gpu_not_configured(docker("20.10.24"), support);
  CHECK(error.code == Errc::engine_failed);
  CHECK(error.id == "gpu-not-configured");
  CHECK(error.notes.at(0) == "the engine is Docker 20.10.24 at unix:///var/run/docker.sock");
  CHECK(error.notes.at(1) == "the engine has no device driver nvidia (tried)");
  CHECK(error.hints.at(0) ==
        "`sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker`");

  CHECK(gpu_not_configured(podman("5.4.2"), {}).hints.at(0) ==
        "`sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`");
}

TEST_CASE("a start that fails over the GPUs says which trouble it is") {
  const auto id_of = [](const std::string& text) {
    return explained_gpu_failure(Error{Errc::engine_failed, "start failed"}.note(text)).id;
  };
  CHECK(id_of("could not select device driver \"\" with capabilities: [[gpu]]") ==
        "gpu-not-configured");
  CHECK(id_of("unresolvable CDI devices nvidia.com/gpu=7") == "gpu-not-found");
  CHECK(id_of("nvidia-container-cli: device error: 7: unknown device") == "gpu-not-found");
  CHECK(id_of("nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8") ==
        "gpu-requirement");
  CHECK(id_of("no space left on device").empty());
}

TEST_CASE("an empty image that cannot be made at once is tried again") {
  ProbedEngine engine;
  engine.takes_nvidia = true;
  engine.failures["import"] = Error{Errc::engine_failed, "layer not known"};
  engine.before_call = [&engine](const std::string& call) {
    if (call == "import" && engine.count("import") == 1) {
      engine.failures.clear();
    }
  };
  CHECK(find_gpu_support(engine, docker("20.10.24"))->nvidia);
  CHECK(engine.count("import") == 2);

  engine.failures["import"] = Error{Errc::engine_unreachable, "no engine answers"};
  const std::size_t before = engine.count("import");
  CHECK(find_gpu_support(engine, docker("20.10.24")).error().code == Errc::engine_unreachable);
  CHECK(engine.count("import") == before + 1);
}
