// Drivers and GPUs that do not go together: refused where both are described, a doubt where a
// machine shows that they do.
#include "resolver/driver_of_gpu.hpp"

#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::resolver;
using namespace berth::test;

TEST_CASE("a driver that dropped a generation is refused with it, and the last branch is named") {
  for (const char* const gpu : {"GTX 1080", "GTX 980", "Tesla V100"}) {
    INFO(gpu);
    const Error error = refused({{"torch==2.6"}, "590.44.01", {gpu}});
    CHECK(error.id == "gpu-unknown-to-driver");
    CHECK(any_contains(error.notes, "branch 580 is the last"));
    CHECK(any_contains(error.hints, "with a driver of branch 580: `berth resolve"));
    CHECK(any_contains(error.hints, "--driver 580 "));
    CHECK(any_contains(error.hints,
                       "on the CPU: `berth resolve torch==2.6 --gpus none --driver 590"));
  }
  CHECK(any_contains(refused({{"torch==1.8"}, "535.104.05", {"Tesla K80"}}).notes,
                     "branch 470 is the last for Kepler"));
}

TEST_CASE("a driver older than a generation is refused with it, and the first one is named") {
  const Error error = refused({{"torch==2.8"}, "535.104.05", {"RTX 5090"}});
  CHECK(error.id == "gpu-unknown-to-driver");
  CHECK(any_contains(error.hints, "with driver 570.26 or newer: `berth resolve torch==2.8"));
}

TEST_CASE(
    "where no build is left on the right driver either, the nearest release is hinted on it") {
  const Error error = refused({{"torch==2.6+cu118"}, "590.44.01", {"RTX 5090", "GTX 1080"}});
  CHECK(any_contains(error.hints, "--driver 580 --gpu"));
}

TEST_CASE("GPUs that no driver knows together leave the GPUs to choose from") {
  const Error error = refused({{"torch==1.13.1"}, "470.86", {"Tesla K80", "RTX 5090"}});
  CHECK(error.id == "gpu-unknown-to-driver");
  CHECK(any_contains(error.hints, "on NVIDIA Tesla K80 alone: "));
}

TEST_CASE("a machine that somebody has seen is believed, with a warning") {
  const Question question{{"torch==2.6"}, "590.44.01", {"GTX 1080"}};
  Host host = host_of(question);
  host.origin.text = "host.json";
  const Result<Decision> decision = resolve(request_of(question), host, catalogue());
  REQUIRE(decision);
  CHECK(any_contains(decision->warnings, "the driver may not know GPU 0"));
}

TEST_CASE("the nearest driver for the GPUs of a machine") {
  const auto nearest = [](const char* driver, std::vector<std::string> gpus) {
    const Result<Host> host = described_host(std::string(driver), gpus, catalogue());
    REQUIRE(host);
    const std::optional<DriverVersion> found = nearest_driver_for(*host, catalogue());
    return found ? found->text() : std::string("-");
  };
  CHECK(nearest("590.44", {"GTX 1080"}) == "580");
  CHECK(nearest("580.65", {"GTX 1080"}) == "-");
  CHECK(nearest("535", {"RTX 5090"}) == "570.26");
  CHECK(nearest("535", {"RTX 3090"}) == "-");
  CHECK(nearest("535", {"RTX 5090", "Tesla K80"}) == "-");
}

TEST_CASE("an early driver of a branch is older than the CUDA that the branch is for") {
  const auto native = [](const char* driver) {
    const std::optional<CudaVersion> cuda = catalogue().native_cuda(*DriverVersion::parse(driver));
    return cuda ? cuda->text() : std::string("-");
  };
  CHECK(native("418.30") == "10.0");
  CHECK(native("418.39") == "10.1");
  CHECK(native("418") == "10.1");  // any of the branch
  CHECK(native("525.53") == "11.8");
  CHECK(native("525.60") == "12.0");
  CHECK(native("565.57.01") == "12.7");  // a CUDA of which no toolkit was released
}

TEST_CASE("a branch alone is any driver of it") {
  CHECK(decided({{"torch==2.3.1"}, "525", {"RTX 3090"}}).driver.mode == DriverMode::minor);
  CHECK(decided({{"torch==2.3.1"}, "530", {"RTX 3090"}}).driver.mode == DriverMode::native);
}
