// The rules alone, with catalogues of a few rows.
#include "resolver/base_image.hpp"
#include "resolver/driver_rules.hpp"
#include "resolver/gpu_rules.hpp"
#include "resolver/python_rules.hpp"
#include "support/catch.hpp"

using namespace berth;
using namespace berth::resolver;

namespace {

CudaVersion cuda(const char* text) {
  return CudaVersion::parse(text).value();
}
DriverVersion driver(const char* text) {
  return DriverVersion::parse(text).value();
}

Catalog small_catalogue() {
  Catalog catalog;
  catalog.toolkits = {{cuda("10.2"), "", driver("440.33"), {}, {"t"}},
                      {cuda("11.8.0"), "", driver("520.61.05"), {}, {"t"}},
                      {cuda("12.4.0"), "", driver("550.54.14"), {}, {"t"}}};
  catalog.minor_floors = {{11, driver("450.80.02"), {"floor"}},
                          {12, driver("525.60.13"), {"floor"}}};
  catalog.driver_branches = {{440, cuda("10.2"), "", "", {"b"}},
                             {470, cuda("11.4"), "", "", {"b"}},
                             {535, cuda("12.2"), "", "", {"b"}},
                             {550, cuda("12.4"), "", "", {"b"}}};
  catalog.forward_compatibility = {
      {cuda("12.4"), 470, ForwardCompatibility::Verdict::compatible, {"f"}}};
  catalog.coverage = {{cuda("12.4"), {5, 0}, {9, 0}, {"c"}}};
  return catalog;
}

Machine machine_with(const char* version, const Catalog& catalog, bool data_center = false) {
  Machine machine;
  machine.uses_gpu = true;
  machine.origin = "test";
  machine.driver = driver(version);
  machine.native_cuda = catalog.native_cuda(*machine.driver);
  machine.gpus = {{0, "GPU", ComputeCapability{8, 0}, data_center, "test"}};
  return machine;
}

GpuFit fit(std::vector<std::string> architectures, ComputeCapability capability,
           const char* toolkit = "12.4") {
  static const Catalog catalog = small_catalogue();
  FrameworkBuild build;
  build.cuda = cuda(toolkit);
  build.architectures = std::move(architectures);
  return gpu_fit(build, {0, "GPU", capability, false, "test"}, catalog);
}

PythonRequests python_requests(const char* specifiers) {
  return {{pep440::SpecifierSet::parse(specifiers).value(), Origin{"test"}}};
}

}  // namespace

TEST_CASE("a cubin runs on its major with an equal or higher minor, and the nearest is taken") {
  CHECK(fit({"sm_80", "sm_86", "sm_90"}, {8, 9}).covered_by == "sm_86");
  CHECK(fit({"sm_80", "sm_86"}, {8, 0}).covered_by == "sm_80");
  CHECK(fit({"sm_86"}, {8, 0}).coverage == Coverage::none);
  CHECK(fit({"sm_80"}, {9, 0}).coverage == Coverage::none);
  CHECK(fit({"sm_100"}, {12, 0}).coverage == Coverage::none);
  CHECK(fit({"sm_90a"}, {9, 0}).coverage == Coverage::cubin);
  CHECK(fit({"sm_100a"}, {10, 3}).coverage == Coverage::none);
  CHECK(fit({"sm_86"}, {8, 0}).reason.rule == "gpu-too-old");
  CHECK(fit({"sm_80"}, {9, 0}).reason.rule == "gpu-too-new");
}

TEST_CASE("PTX runs on anything newer, machine code is preferred") {
  CHECK(fit({"sm_80", "compute_80"}, {12, 0}).coverage == Coverage::ptx);
  CHECK(fit({"sm_80", "compute_80"}, {12, 0}).covered_by == "compute_80");
  CHECK(fit({"sm_80", "compute_86"}, {8, 6}).covered_by == "sm_80");
  CHECK(fit({"compute_86"}, {8, 0}).coverage == Coverage::none);
}

TEST_CASE("without a list of code the CUDA's own range is all that can be said") {
  CHECK(fit({}, {8, 6}).coverage == Coverage::presumed);
  CHECK(fit({}, {3, 5}).reason.rule == "gpu-too-old");
  CHECK(fit({}, {12, 0}).reason.rule == "gpu-too-new");
  CHECK(fit({}, {8, 6}, "12.7").coverage == Coverage::unknown);
}

TEST_CASE("drivers: native, by minor version, forward, too old") {
  const Catalog catalog = small_catalogue();
  const auto mode = [&](const char* toolkit, const char* version, bool jit = false) {
    return driver_fit({cuda(toolkit), jit, false, {}, {}}, machine_with(version, catalog), catalog);
  };
  CHECK(mode("12.4", "550.54.14").mode == DriverMode::native);
  CHECK(mode("11.8", "535.104.05").mode == DriverMode::native);
  CHECK(mode("12.4", "535.104.05").mode == DriverMode::minor);
  CHECK(mode("12.4", "535.104.05").required->text() == "525.60.13");
  CHECK(mode("11.8", "470.86").mode == DriverMode::minor);
  CHECK_FALSE(mode("12.4", "470.86").fits);
  CHECK(mode("12.4", "470.86").reason.rule == "driver-too-old");
  CHECK_FALSE(mode("10.2", "418.39").fits);  // below the oldest branch: nothing native is known
  CHECK(mode("10.2", "440.33").mode == DriverMode::native);
}

TEST_CASE("PTX of a newer toolkit is not covered by minor-version compatibility") {
  const Catalog catalog = small_catalogue();
  const DriverFit refused =
      driver_fit({cuda("12.4"), true, false, {}, {}}, machine_with("535.104.05", catalog), catalog);
  CHECK_FALSE(refused.fits);
  CHECK(refused.reason.rule == "driver-ptx");
  CHECK(refused.required->text() == "550.54.14");
  CHECK(driver_fit({cuda("12.4"), true, false, {}, {}}, machine_with("550.54.14", catalog), catalog)
            .fits);
}

TEST_CASE(
    "forward compatibility needs the table, a data-centre GPU and an image with cuda-compat") {
  const Catalog catalog = small_catalogue();
  const DriverNeeds needs{cuda("12.4"), false, true, {}, {}};
  CHECK(driver_fit(needs, machine_with("470.86", catalog, true), catalog).mode ==
        DriverMode::forward);
  CHECK_FALSE(driver_fit(needs, machine_with("470.86", catalog, false), catalog).fits);
  DriverNeeds plain = needs;
  plain.holds_compat = false;
  CHECK_FALSE(driver_fit(plain, machine_with("470.86", catalog, true), catalog).fits);
  DriverNeeds absent = needs;
  absent.cuda = cuda("12.5");
  CHECK_FALSE(driver_fit(absent, machine_with("470.86", catalog, true), catalog).fits);
}

TEST_CASE("a project's own floor counts beside the table") {
  const Catalog catalog = small_catalogue();
  const DriverNeeds needs{cuda("12.4"), false, false, driver("545"), "project"};
  CHECK_FALSE(driver_fit(needs, machine_with("535.104.05", catalog), catalog).fits);
  CHECK(driver_fit(needs, machine_with("550.54.14", catalog), catalog).required->text() == "545");
}

TEST_CASE("Python: `==3.10` is the series, and a series may have the patch asked for") {
  CHECK(python_satisfies(python_requests("==3.10"), "3.10.14"));
  CHECK(python_satisfies(python_requests("==3.10"), "3.10"));
  CHECK_FALSE(python_satisfies(python_requests("==3.10"), "3.11"));
  CHECK(python_satisfies(python_requests(">=3.10.2"), "3.10"));
  CHECK_FALSE(python_satisfies(python_requests(">=3.10.2"), "3.10.1"));
  CHECK_FALSE(python_satisfies(python_requests(">=3.10,<3.11"), "3.11.0rc1"));
  CHECK_FALSE(python_satisfies(python_requests(">3.9,!=3.10.*"), "3.10"));
  CHECK(python_satisfies(python_requests("==3.10.12"), "3.10"));
  CHECK_FALSE(python_satisfies(python_requests("==3.10.12,<3.10.5"), "3.10"));
  CHECK(python_satisfies({}, "2.7"));
}

TEST_CASE("the shared Python is the highest that is certain, else the lowest that is possible") {
  const auto python = [](const char* text) { return PythonVersion::parse(text).value(); };
  const std::vector<PythonVersion> pythons{python("3.8"), python("3.9"), python("3.10"),
                                           python("3.11")};
  FrameworkRelease bounded;
  bounded.python_min = python("3.8");
  bounded.python_max = python("3.10");
  FrameworkRelease open;
  open.python_min = python("3.9");
  const std::vector<const FrameworkRelease*> one{&bounded};
  const std::vector<const FrameworkRelease*> both{&bounded, &open};
  CHECK(shared_python(one, pythons) == "3.10");
  CHECK(shared_python(both, pythons) == "3.9");
  const std::vector<PythonVersion> late{python("3.10"), python("3.11")};
  CHECK(shared_python(both, late) == "3.10");
  const std::vector<PythonVersion> none{python("3.11")};
  CHECK_FALSE(shared_python(both, none).has_value());
}

TEST_CASE(
    "the base image: cuDNN first, then the nearest minor, the highest patch, the Ubuntu wished") {
  Catalog catalog = small_catalogue();
  const auto add = [&](const char* tag, const char* version, const char* cudnn, const char* os,
                       Evidence evidence = Evidence::listed) {
    ImageTag image;
    image.repository = "nvidia/cuda";
    image.tag = tag;
    image.source = ImageSource::cuda_base;
    image.cuda = cuda(version);
    image.cudnn = cudnn;
    image.os = os;
    image.evidence = evidence;
    catalog.images.edit().push_back(image);
  };
  add("12.1.0-8-22", "12.1.0", "8", "ubuntu22.04");
  add("12.1.1-8-20", "12.1.1", "8", "ubuntu20.04");
  add("12.1.1-8-22", "12.1.1", "8", "ubuntu22.04");
  add("12.1.1-8-ubi", "12.1.1", "8", "ubi9");
  add("12.2.2-9-22", "12.2.2", "9", "ubuntu22.04");
  add("12.3.0-8-gone", "12.3.0", "8", "ubuntu22.04", Evidence::withdrawn);
  add("10.1-7", "10.1", "7", "ubuntu18.04");
  const BaseImages images(catalog);
  const auto nearest = [&](const char* version, const char* cudnn, const char* os) {
    const BaseChoice choice = images.nearest({cuda(version), cudnn, Flavor::runtime, os, "amd64"});
    return choice.image != nullptr ? choice.image->tag : std::string();
  };
  CHECK(nearest("12.1", "8", "") == "12.1.1-8-22");
  CHECK(nearest("12.1", "8", "ubuntu20.04") == "12.1.1-8-20");
  CHECK(nearest("12.1.0", "8", "") == "12.1.0-8-22");
  CHECK(nearest("12.3", "8", "") == "12.1.1-8-22");
  CHECK(nearest("12.1", "9", "") == "12.2.2-9-22");
  CHECK(nearest("10.2", "7", "").empty());
  CHECK(nearest("13.0", "9", "").empty());
  CHECK_FALSE(images.nearest({cuda("12.3"), "8", Flavor::runtime, "", "amd64"}).warning.empty());
  CHECK(images.nearest({cuda("12.1"), "8", Flavor::runtime, "", "amd64"}).warning.empty());
  CHECK(images.nearest({cuda("12.1"), "8", Flavor::runtime, "", "arm64"}).image == nullptr);
}
