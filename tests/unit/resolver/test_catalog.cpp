#include <string>
#include <vector>

#include "berth/resolver/catalog.hpp"
#include "support/catch.hpp"

namespace {

const berth::Catalog& catalog() {
  static const berth::Catalog kCatalog = [] {
    berth::Result<berth::Catalog> loaded = berth::load_catalog(berth::embedded_files());
    return loaded ? std::move(*loaded) : berth::Catalog{};
  }();
  return kCatalog;
}

std::string gpu(std::string_view name) {
  const berth::GpuModel* found = catalog().find_gpu(name);
  return found ? found->name + " " + found->capability.text() : "unknown";
}

std::string native(std::string_view driver) {
  const auto cuda = catalog().native_cuda(*berth::DriverVersion::parse(driver));
  return cuda ? cuda->text() : "unknown";
}

std::string native_driver(std::string_view cuda) {
  const auto driver = catalog().native_driver(*berth::CudaVersion::parse(cuda));
  return driver ? driver->text() : "unknown";
}

std::string minor_driver(std::string_view cuda) {
  const auto driver = catalog().minor_driver(*berth::CudaVersion::parse(cuda));
  return driver ? driver->text() : "unknown";
}

}  // namespace

TEST_CASE("a GPU is found by its name as people type it") {
  for (const std::string name :
       {"RTX 3090", "rtx3090", "rtx-3090", "NVIDIA GeForce RTX 3090", "GEFORCE RTX 3090"}) {
    INFO(name);
    REQUIRE(gpu(name) == "GeForce RTX 3090 8.6");
  }
  REQUIRE(gpu("T4") == "Tesla T4 7.5");
  REQUIRE(gpu("Tesla T4") == "Tesla T4 7.5");
  REQUIRE(gpu("GTX 1080") == "GeForce GTX 1080 6.1");
  REQUIRE(gpu("v100") == "Tesla V100 7.0");
}

TEST_CASE("a GPU is found by its name as nvidia-smi prints it") {
  REQUIRE(gpu("NVIDIA GeForce RTX 3090 Ti") == "GeForce RTX 3090 Ti 8.6");
  REQUIRE(gpu("NVIDIA GeForce RTX 4090 Laptop GPU") == "GeForce RTX 4090 8.9");
  REQUIRE(gpu("A100-SXM4-80GB") == "A100 8.0");
  REQUIRE(gpu("NVIDIA A100 80GB PCIe") == "A100 8.0");
  REQUIRE(gpu("NVIDIA H100 80GB HBM3") == "H100 9.0");
  REQUIRE(gpu("H100 PCIe") == "H100 9.0");
  REQUIRE(gpu("NVIDIA GH200 480GB") == "GH200 9.0");
  REQUIRE(gpu("Tesla V100-SXM2-16GB") == "Tesla V100 7.0");
  REQUIRE(gpu("Orin (nvgpu)") == "Jetson Orin 8.7");
  REQUIRE(gpu("TITAN X (Pascal)") == "TITAN X (Pascal) 6.1");
}

TEST_CASE("a GPU's name does not match another model") {
  REQUIRE(gpu("RTX 4000") == "Quadro RTX 4000 7.5");
  REQUIRE(gpu("RTX 4000 Ada") == "RTX 4000 Ada 8.9");
  REQUIRE(gpu("NVIDIA RTX 4000 Ada Generation") == "RTX 4000 Ada 8.9");
  REQUIRE(gpu("NVIDIA RTX PRO 4000 Blackwell") == "RTX PRO 4000 Blackwell 12.0");
  REQUIRE(gpu("RTX A1000") == "RTX A1000 8.6");
  REQUIRE(gpu("Quadro M2000M") == "Quadro M2000M 5.0");
  REQUIRE(gpu("Quadro M2000") == "Quadro M2000 5.2");
  REQUIRE(gpu("P1000") == "Quadro P1000 6.1");
  REQUIRE(gpu("P100") == "Tesla P100 6.0");
  REQUIRE(gpu("H20") == "H20 9.0");
  REQUIRE(gpu("A1000") == "unknown");  // neither A100 nor, for certain, RTX A1000
}

TEST_CASE("a name that several models begin with is known where they agree") {
  REQUIRE(gpu("RTX PRO 6000") == "RTX PRO 6000 Blackwell 12.0");
  REQUIRE(gpu("TITAN") == "unknown");
  REQUIRE(gpu("RTX") == "unknown");
  REQUIRE(gpu("") == "unknown");
  REQUIRE(gpu("NVIDIA") == "unknown");
  REQUIRE(gpu(std::string(100000, 'x')) == "unknown");
}

TEST_CASE("every GPU of the catalogue is found by its own name") {
  for (const berth::GpuModel& model : catalog().gpus) {
    INFO(model.name);
    REQUIRE(gpu(model.name) == model.name + " " + model.capability.text());
    REQUIRE(gpu("NVIDIA " + model.name) == model.name + " " + model.capability.text());
  }
}

TEST_CASE("forward compatibility is for data-centre cards") {
  REQUIRE(catalog().find_gpu("A100")->data_center);
  REQUIRE(catalog().find_gpu("Tesla T4")->data_center);
  REQUIRE(catalog().find_gpu("RTX PRO 6000 Blackwell Server Edition")->data_center);
  REQUIRE_FALSE(catalog().find_gpu("RTX 3090")->data_center);
  REQUIRE_FALSE(catalog().find_gpu("RTX A6000")->data_center);
}

TEST_CASE("a framework is found by catalogue name and by package name") {
  REQUIRE(catalog().find_framework("torch")->name == "torch");
  REQUIRE(catalog().find_framework("PyTorch")->name == "torch");
  REQUIRE(catalog().find_framework("tensorflow_gpu")->name == "tensorflow");
  REQUIRE(catalog().find_framework("jax")->name == "jax");
  REQUIRE(catalog().find_framework("torchvision") == nullptr);
  REQUIRE(catalog().find_framework("") == nullptr);
}

TEST_CASE("a driver runs what its branch reports, an unlisted branch what the one below does") {
  REQUIRE(native("535.104.05") == "12.2");
  REQUIRE(native("470.86") == "11.4");
  REQUIRE(native("551.78") == "12.4");  // between 550 and 555
  REQUIRE(native("999.1") == "13.4");
  REQUIRE(native("304.137") == "unknown");
}

TEST_CASE("a CUDA needs the driver of its toolkit, or that of its major") {
  REQUIRE(native_driver("12.1") == "530.30.02");
  REQUIRE(native_driver("12.1.1") == "530.30.02");
  REQUIRE(native_driver("10.2") == "440.33");
  REQUIRE(native_driver("12.7") == "565");  // no such toolkit: the first branch that reports it
  REQUIRE(native_driver("13.4") == "615");  // the branch is all that is documented
  REQUIRE(native_driver("99.0") == "unknown");
  REQUIRE(minor_driver("12.1") == "525.60.13");
  REQUIRE(minor_driver("11.8") == "450.80.02");
  REQUIRE(minor_driver("13.2") == "580.65.06");
  REQUIRE(minor_driver("10.2") == "unknown");  // not before CUDA 11
}

TEST_CASE("the native driver of every CUDA runs it by the branch table too") {
  for (const berth::Toolkit& toolkit : catalog().toolkits) {
    INFO(toolkit.cuda.text());
    const auto driver = catalog().native_driver(toolkit.cuda);
    REQUIRE(driver);
    const auto cuda = catalog().native_cuda(*driver);
    REQUIRE(cuda);
    REQUIRE(*cuda >= *berth::CudaVersion::parse(toolkit.cuda.major_minor()));
  }
}

TEST_CASE("names of evidence and flavours are those of the files") {
  REQUIRE(berth::name_of(berth::Evidence::live) == "live");
  REQUIRE(berth::name_of(berth::Evidence::withdrawn) == "withdrawn");
  REQUIRE(berth::name_of(berth::Flavor::devel) == "devel");
}
