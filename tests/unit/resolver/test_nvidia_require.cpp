// The language of NVIDIA_REQUIRE_*, and what NVIDIA's own images demand with it.
#include "berth/resolver/nvidia_require.hpp"

#include <algorithm>

#include "berth/base/text.hpp"
#include "support/catch.hpp"
#include "unit/resolver/require_values.hpp"
#include "unit/resolver/resolve_support.hpp"

using namespace berth;
using namespace berth::test;
using Outcome = RequireVerdict::Outcome;

namespace {

RequireGpu gpu(const std::string& name, bool data_center = false) {
  return {name, std::nullopt, gpu_brands(name, data_center)};
}

RequireFacts machine(const std::string& driver, const std::string& cuda,
                     std::vector<RequireGpu> gpus) {
  return {DriverVersion::parse(driver), CudaVersion::parse(cuda), std::move(gpus)};
}

Outcome outcome(std::string_view value, const RequireFacts& facts) {
  return check_nvidia_require({"NVIDIA_REQUIRE_CUDA=" + std::string(value)}, facts).outcome;
}

const RequireGpu kGeForce = gpu("NVIDIA GeForce RTX 4090");
const RequireGpu kTesla = gpu("Tesla T4");
const RequireGpu kDataCenter = gpu("NVIDIA H100 80GB HBM3", true);
const RequireGpu kNobody = gpu("Something New 1");

}  // namespace

TEST_CASE("NVIDIA's own demands, on drivers at, below and beside them") {
  struct Row {
    std::string_view value;
    const char* driver;
    const char* cuda;
    RequireGpu gpu;
    Outcome expected;
  };
  const Row rows[] = {
      {kRequire9_2, "396.26", "9.2", kGeForce, Outcome::satisfied},
      {kRequire9_2, "390.46", "9.1", kGeForce, Outcome::unsatisfied},
      {kRequire10_0, "384.81", "9.0", kTesla, Outcome::satisfied},
      {kRequire10_0, "384.81", "9.0", kGeForce, Outcome::unsatisfied},
      {kRequire10_0, "385.00", "9.0", kTesla, Outcome::unsatisfied},
      {kRequire11_0_3, "440.33", "10.2", kTesla, Outcome::satisfied},
      {kRequire11_0_3, "440.33", "10.2", kGeForce, Outcome::unsatisfied},
      {kRequire11_0_3, "450.36", "10.2", kGeForce, Outcome::satisfied},  // driver>=450, any brand
      {kRequire11_4_3, "460.32", "11.2", kDataCenter, Outcome::unsatisfied},
      {kRequire11_4_3, "470.57", "11.4", kGeForce, Outcome::satisfied},
      {kRequire12_4_1, "535.104.05", "12.2", kGeForce, Outcome::satisfied},
      {kRequire12_4_1, "545.23", "12.3", kGeForce, Outcome::unsatisfied},
      {kRequire12_4_1, "530.30", "12.1", kDataCenter, Outcome::unsatisfied},
      {kRequire12_4_1, "550.54", "12.4", kNobody, Outcome::satisfied},
      {kRequire12_9_1, "550.54", "12.4", kGeForce, Outcome::unsatisfied},  // geforce is in no list
      {kRequire12_9_1, "550.54", "12.4", kDataCenter, Outcome::satisfied},
      {kRequire12_9_1, "550.54", "12.4", kNobody, Outcome::unclear},
      {kRequire12_9_1, "555.42", "12.5", kNobody, Outcome::unsatisfied},  // no brand would do
  };
  for (const Row& row : rows) {
    INFO(row.value.substr(0, 60) << " on " << row.driver << ", " << row.gpu.name);
    CHECK(outcome(row.value, machine(row.driver, row.cuda, {row.gpu})) == row.expected);
  }
}

TEST_CASE(
    "every visible GPU must satisfy the demand, and the verdict names the one that does not") {
  const RequireVerdict verdict =
      check_nvidia_require({"NVIDIA_REQUIRE_CUDA=" + std::string(kRequire12_9_1)},
                           machine("550.54", "12.4", {kDataCenter, kNobody, kGeForce}));
  CHECK(verdict.outcome == Outcome::unsatisfied);
  CHECK(verdict.gpu == "NVIDIA GeForce RTX 4090");
  CHECK(verdict.condition == "cuda>=12.9");
  CHECK(verdict.variable == "NVIDIA_REQUIRE_CUDA");
  CHECK(outcome(kRequire12_9_1, machine("550.54", "12.4", {kDataCenter, kNobody})) ==
        Outcome::unclear);
}

TEST_CASE("what fails is said with what is there instead, of the nearest alternatives alone") {
  const auto shortfall = [](std::string_view value, const RequireFacts& facts) {
    return check_nvidia_require({"NVIDIA_REQUIRE_CUDA=" + std::string(value)}, facts).shortfall;
  };
  const RequireFacts old = machine("525.60.13", "12.0", {kGeForce});
  CHECK(shortfall("cuda>=12.4", old) == "`cuda>=12.4`: the driver offers 12.0");
  CHECK(shortfall("driver>=535", old) == "`driver>=535`: this is 525.60.13");
  CHECK(shortfall("driver>=535,cuda>=12.4", old) ==
        "`driver>=535`: this is 525.60.13 and `cuda>=12.4`: the driver offers 12.0");
  CHECK(shortfall("cuda>=12.4 brand=tesla,driver>=525", old) ==
        "`cuda>=12.4`: the driver offers 12.0, or `brand=tesla`: NVIDIA GeForce RTX 4090 is "
        "geforce or geforcertx");
  // A farther alternative is left out.
  CHECK(shortfall("cuda>=12.4 brand=tesla,driver>=530", old) ==
        "`cuda>=12.4`: the driver offers 12.0");
  CHECK(shortfall("cuda>=11.0", old).empty());
  RequireFacts turing = machine("525.60.13", "12.0", {kTesla});
  turing.gpus.front().capability = ComputeCapability{7, 5};
  CHECK(shortfall("arch>=8.0", turing) == "`arch>=8.0`: Tesla T4 has 7.5");
  CHECK(shortfall("brand=geforce", machine("525.60.13", "12.0", {kNobody})) ==
        "`brand=geforce`: Something New 1 is of a brand that is not known");
  CHECK(shortfall("cuda>=12.4 brand=tesla,driver>=999", machine("525.60.13", "12.0", {})) ==
        "`cuda>=12.4`: the driver offers 12.0, or `driver>=999`: this is 525.60.13");
  const std::string whole = shortfall(kRequire12_9_1, machine("550.54", "12.4", {kGeForce}));
  INFO(whole);
  CHECK(whole.starts_with("`cuda>=12.9`: the driver offers 12.4, or `brand="));
  CHECK(whole.size() < 160);
}

TEST_CASE("the catalogue writes out what NVIDIA's Dockerfiles say") {
  const auto words = [](std::string_view text) {
    std::vector<std::string> sorted = split(text, ' ');
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  };
  const std::pair<const char*, std::string_view> values[] = {
      {"9.2", kRequire9_2},       {"10.0", kRequire10_0},     {"11.4.3", kRequire11_4_3},
      {"12.4.1", kRequire12_4_1}, {"12.9.1", kRequire12_9_1},
  };
  for (const auto& [cuda, value] : values) {
    INFO(cuda);
    const CudaRequirement* row = catalogue().find_requirement(*CudaVersion::parse(cuda));
    REQUIRE(row != nullptr);
    CHECK(words(row->text()) == words(value));
  }
  CHECK(catalogue().find_requirement(*CudaVersion::parse("12.4.9"))->cuda.text() == "12.4.1");
  CHECK(catalogue().find_requirement(*CudaVersion::parse("99.0")) == nullptr);
}

TEST_CASE("every demand in the catalogue can be read") {
  REQUIRE_FALSE(catalogue().requirements.empty());
  for (const CudaRequirement& row : catalogue().requirements) {
    INFO(row.cuda.text());
    CHECK(outcome(row.text(), machine("999.0", "99.0", {kGeForce})) == Outcome::satisfied);
    CHECK(outcome(row.text(), machine("300.0", "1.0", {kGeForce})) == Outcome::unsatisfied);
  }
}

TEST_CASE("conditions: operators, properties, versions") {
  const RequireFacts facts{DriverVersion::parse("535.104.05"),
                           CudaVersion::parse("12.2"),
                           {{"GPU", ComputeCapability{8, 6}, {"tesla"}}}};
  struct Row {
    const char* value;
    Outcome expected;
  };
  const Row rows[] = {
      {"cuda=12.2", Outcome::satisfied},
      {"cuda=12.2.0", Outcome::satisfied},
      {"cuda!=12.2.0", Outcome::unsatisfied},
      {"cuda<12.10", Outcome::satisfied},
      {"cuda<=12.2", Outcome::satisfied},
      {"cuda>12.2", Outcome::unsatisfied},
      {"CUDA>=12.2", Outcome::satisfied},
      {"driver>=535.104.5", Outcome::satisfied},
      {"driver<535.104.06", Outcome::satisfied},
      {"arch>=8.6", Outcome::satisfied},
      {"arch>8.6", Outcome::unsatisfied},
      {"brand=Tesla", Outcome::satisfied},
      {"brand!=tesla", Outcome::unsatisfied},
      {"brand!=geforce", Outcome::satisfied},
      {"", Outcome::satisfied},
      {"  ,, ", Outcome::satisfied},
      {"  cuda>=13.0   ,cuda>=12.0,,driver>=535 ", Outcome::satisfied},
      {"cuda>=13.0,driver>=535", Outcome::unsatisfied},
      {"cuda", Outcome::malformed},
      {"cuda>=", Outcome::malformed},
      {"cuda>=12.x", Outcome::malformed},
      {"cuda>==12.0", Outcome::malformed},
      {"cuda=>12.0", Outcome::malformed},
      {"cuda >= 9.0", Outcome::malformed},
      {"brand>=tesla", Outcome::malformed},
      {"brand=", Outcome::malformed},
      {"colour=red", Outcome::malformed},
      {">=12.0", Outcome::malformed},
  };
  for (const Row& row : rows) {
    INFO(row.value);
    CHECK(outcome(row.value, facts) == row.expected);
  }
}

TEST_CASE("what is not known passes: no GPU, no driver, no CUDA") {
  CHECK(outcome("cuda>=99.0", {}) == Outcome::satisfied);
  CHECK(outcome("driver>=999,arch>=99,brand=tesla", {}) == Outcome::satisfied);
  CHECK(outcome("brand=tesla,arch>=9.0", machine("535.54", "12.2", {})) == Outcome::satisfied);
  CHECK(outcome("brand=tesla,cuda>=12.4", machine("535.54", "12.2", {})) == Outcome::unsatisfied);
}

TEST_CASE("all variables must hold, but those of Jetson; the run's come after the image's") {
  const RequireFacts facts = machine("535.54", "12.2", {kGeForce});
  const auto check = [&facts](const std::vector<std::string>& environment) {
    return check_nvidia_require(environment, facts);
  };
  CHECK(check({}).outcome == Outcome::satisfied);
  const RequireVerdict second =
      check({"NVIDIA_REQUIRE_CUDA=cuda>=12.0", "NVIDIA_REQUIRE_DRIVER=driver>=550"});
  CHECK(second.outcome == Outcome::unsatisfied);
  CHECK(second.variable == "NVIDIA_REQUIRE_DRIVER");
  CHECK(check({"NVIDIA_REQUIRE_JETPACK=csv-mounts=all"}).outcome == Outcome::satisfied);
  CHECK(check({"NVIDIA_REQUIRE_CUDA=cuda>=13.0", "NVIDIA_REQUIRE_CUDA=cuda>=12.0"}).outcome ==
        Outcome::satisfied);
  CHECK(check({"NVIDIA_REQUIRE_CUDA=cuda>=13.0", "NVIDIA_REQUIRE_CUDA"}).outcome ==
        Outcome::satisfied);
}

TEST_CASE("NVIDIA_DISABLE_REQUIRE counts where Go would call it true, and only with that name") {
  const RequireFacts facts = machine("535.54", "12.2", {kGeForce});
  for (const char* value : {"1", "t", "T", "true", "TRUE", "True"}) {
    const RequireVerdict verdict = check_nvidia_require(
        {"NVIDIA_REQUIRE_CUDA=cuda>=13.0", std::string("NVIDIA_DISABLE_REQUIRE=") + value}, facts);
    CHECK(verdict.outcome == Outcome::satisfied);
    CHECK(verdict.disabled);
  }
  for (const char* line : {"NVIDIA_DISABLE_REQUIRE=0", "NVIDIA_DISABLE_REQUIRE=yes",
                           "NVIDIA_DISABLE_REQUIRE=", "NVIDIA_DISABLE_REQUIRES=1"}) {
    CHECK(check_nvidia_require({"NVIDIA_REQUIRE_CUDA=cuda>=13.0", line}, facts).outcome ==
          Outcome::unsatisfied);
  }
}

TEST_CASE("an image from before the variable demands its CUDA_VERSION, without the patch") {
  const RequireVerdict legacy =
      check_nvidia_require({"CUDA_VERSION=8.0.61"}, machine("367.48", "7.5", {kTesla}));
  CHECK(legacy.outcome == Outcome::unsatisfied);
  CHECK(legacy.condition == "cuda>=8.0");
  CHECK(check_nvidia_require({"CUDA_VERSION=8.0.61"}, machine("375.26", "8.0", {kTesla})).outcome ==
        Outcome::satisfied);
  CHECK(check_nvidia_require({"CUDA_VERSION=13.0.1", "NVIDIA_REQUIRE_CUDA=cuda>=9.0"},
                             machine("535.54", "12.2", {kTesla}))
            .outcome == Outcome::satisfied);
}

TEST_CASE("brands follow from product lines") {
  using Brands = std::vector<std::string>;
  CHECK(gpu_brands("NVIDIA GeForce RTX 3090", false) == Brands{"geforce", "geforcertx"});
  CHECK(gpu_brands("NVIDIA GeForce GTX 1080 Ti", false) == Brands{"geforce"});
  CHECK(gpu_brands("TITAN V", false) == Brands{"titan"});
  CHECK(gpu_brands("Quadro RTX 6000", false) == Brands{"quadro", "quadrortx"});
  CHECK(gpu_brands("Tesla V100-SXM2-16GB", true) == Brands{"tesla", "nvidia"});
  CHECK(gpu_brands("NVIDIA A100-SXM4-80GB", true) == Brands{"tesla", "nvidia"});
  CHECK(gpu_brands("NVIDIA RTX A6000", false) == Brands{"quadro", "quadrortx", "nvidiartx"});
  CHECK(gpu_brands("GRID A100-10C", true).empty());
  CHECK(gpu_brands("NVIDIA A40-48Q", true).empty());
  CHECK(gpu_brands("sm_86", false).empty());
  CHECK(gpu_brands("", false).empty());
}
