// The catalogue that is part of the binary: complete, consistent, and right where users are known
// to have been hurt.
#include <algorithm>
#include <map>
#include <string>

#include "berth/resolver/catalog.hpp"
#include "support/catch.hpp"

namespace {

using berth::Evidence;
using berth::ImageTag;

const berth::Catalog& catalog() {
  static const berth::Catalog kCatalog = [] {
    berth::Result<berth::Catalog> loaded = berth::load_catalog(berth::embedded_files());
    if (!loaded) {
      FAIL(loaded.error().message);
    }
    return std::move(*loaded);
  }();
  return kCatalog;
}

std::vector<const ImageTag*> images_of(std::string_view repository) {
  std::vector<const ImageTag*> found;
  for (const ImageTag& image : catalog().images) {
    if (image.repository.starts_with(repository)) {
      found.push_back(&image);
    }
  }
  return found;
}

const ImageTag& image(const std::string& reference) {
  for (const ImageTag& candidate : catalog().images) {
    if (candidate.reference() == reference) {
      return candidate;
    }
  }
  FAIL("no image " + reference);
  std::abort();  // FAIL does not return
}

const berth::FrameworkRelease& release(const std::string& framework, const std::string& version) {
  for (const berth::FrameworkRelease& candidate : catalog().find_framework(framework)->releases) {
    if (candidate.version_text == version) {
      return candidate;
    }
  }
  FAIL("no release " + framework + " " + version);
  std::abort();
}

const berth::FrameworkBuild& build(const std::string& framework, const std::string& version,
                                   const std::string& name) {
  for (const berth::FrameworkBuild& candidate : release(framework, version).builds) {
    if (candidate.name == name) {
      return candidate;
    }
  }
  FAIL("no build " + framework + " " + version + " " + name);
  std::abort();
}

const berth::CudaCoverage* coverage_of(const berth::CudaVersion& cuda) {
  for (const berth::CudaCoverage& coverage : catalog().coverage) {
    if (coverage.cuda.covers(cuda)) {
      return &coverage;
    }
  }
  return nullptr;
}

std::size_t gpu_builds(const std::string& framework) {
  std::size_t count = 0;
  for (const berth::FrameworkRelease& candidate : catalog().find_framework(framework)->releases) {
    count += static_cast<std::size_t>(
        std::count_if(candidate.builds.begin(), candidate.builds.end(),
                      [](const berth::FrameworkBuild& b) { return b.cuda.has_value(); }));
  }
  return count;
}

}  // namespace

TEST_CASE("the catalogue is complete") {
  REQUIRE(catalog().version >= "2026-11-23");
  REQUIRE(catalog().toolkits.size() >= 74);
  REQUIRE(catalog().minor_floors.size() >= 3);
  REQUIRE(catalog().driver_branches.size() >= 37);
  REQUIRE(catalog().capabilities.size() >= 28);
  REQUIRE(catalog().coverage.size() >= 30);
  REQUIRE(catalog().forward_compatibility.size() >= 84 + 14);
  REQUIRE(catalog().find_framework("torch")->releases.size() >= 54);
  REQUIRE(gpu_builds("torch") >= 147);
  REQUIRE(catalog().find_framework("tensorflow")->releases.size() >= 38);
  REQUIRE(catalog().find_framework("jax")->releases.size() >= 87);
  REQUIRE(images_of("nvidia/cuda").size() >= 2115);
  REQUIRE(images_of("pytorch/pytorch").size() >= 185);
  REQUIRE(images_of("nvcr.io/nvidia/").size() >= 107);
}

TEST_CASE("every row names its source") {
  const auto check = [](const auto& rows) {
    for (const auto& row : rows) {
      REQUIRE_FALSE(row.fact.source.empty());
    }
  };
  check(catalog().toolkits);
  check(catalog().minor_floors);
  check(catalog().driver_branches);
  check(catalog().forward_compatibility);
  check(catalog().capabilities);
  check(catalog().gpus);
  check(catalog().coverage);
  check(catalog().images);
  for (const berth::Framework& framework : catalog().frameworks) {
    check(framework.releases);
    for (const berth::FrameworkRelease& row : framework.releases) {
      check(row.builds);
    }
  }
}

TEST_CASE("releases are newest first, their builds in the order of CUDA and the CPU's last") {
  for (const berth::Framework& framework : catalog().frameworks) {
    for (std::size_t i = 1; i < framework.releases.size(); ++i) {
      REQUIRE(framework.releases[i].version < framework.releases[i - 1].version);
    }
    for (const berth::FrameworkRelease& row : framework.releases) {
      INFO(framework.name << " " << row.version_text);
      REQUIRE(row.builds.size() >= 1);
      // onnxruntime-gpu has a package of its own for the CPU.
      const bool has_cpu_build = row.builds.back().name == "cpu";
      REQUIRE(has_cpu_build != framework.beside);
      REQUIRE(row.builds.back().cuda.has_value() != has_cpu_build);
      const std::size_t cuda_builds = row.builds.size() - (has_cpu_build ? 1 : 0);
      for (std::size_t i = 1; i < cuda_builds; ++i) {
        REQUIRE(*row.builds[i - 1].cuda < *row.builds[i].cuda);
      }
      const auto defaults = std::count_if(row.builds.begin(), row.builds.end(),
                                          [](const auto& b) { return b.is_default; });
      REQUIRE(defaults <= 1);
      REQUIRE(row.python_min);
      if (row.python_max) {
        REQUIRE(*row.python_min <= *row.python_max);
      }
    }
  }
}

TEST_CASE("every build's CUDA and architectures are within what that CUDA can compile") {
  for (const berth::Framework& framework : catalog().frameworks) {
    for (const berth::FrameworkRelease& row : framework.releases) {
      for (const berth::FrameworkBuild& candidate : row.builds) {
        if (!candidate.cuda) {
          continue;
        }
        INFO(framework.name << " " << row.version_text << " " << candidate.name);
        const berth::CudaCoverage* coverage = coverage_of(*candidate.cuda);
        REQUIRE(coverage != nullptr);
        REQUIRE(catalog().native_driver(*candidate.cuda));
        for (const std::string& architecture : candidate.architectures) {
          INFO(architecture);
          const auto capability = berth::ComputeCapability::parse(architecture);
          REQUIRE(capability);
          REQUIRE(*capability >= coverage->min);
          REQUIRE(*capability <= coverage->max);
        }
      }
    }
  }
}

TEST_CASE("every GPU's capability is described, and what CUDA covers is too") {
  for (const berth::GpuModel& gpu : catalog().gpus) {
    INFO(gpu.name);
    REQUIRE(catalog().find_capability(gpu.capability) != nullptr);
  }
  for (const berth::CudaCoverage& coverage : catalog().coverage) {
    INFO(coverage.cuda.text());
    REQUIRE(catalog().find_capability(coverage.min) != nullptr);
    REQUIRE(catalog().find_capability(coverage.max) != nullptr);
  }
}

TEST_CASE("every image is of a known framework, and an official one of a known release") {
  for (const ImageTag& row : catalog().images) {
    INFO(row.reference());
    REQUIRE((row.is_cpu || row.cuda || row.source == berth::ImageSource::ngc));
    for (const auto& [name, version] : row.frameworks) {
      const berth::Framework* framework = catalog().find_framework(name);
      REQUIRE(framework != nullptr);
      if (row.source == berth::ImageSource::official) {
        const auto wanted = berth::pep440::Version::parse(version);
        REQUIRE(wanted);
        REQUIRE(std::any_of(framework->releases.begin(), framework->releases.end(),
                            [&](const auto& known) { return known.version == *wanted; }));
      }
    }
  }
}

TEST_CASE("an official image of torch has the CUDA of one of its release's builds") {
  for (const ImageTag* row : images_of("pytorch/pytorch")) {
    INFO(row->reference());
    const auto& builds = release("torch", row->frameworks.at("torch")).builds;
    REQUIRE(std::any_of(builds.begin(), builds.end(),
                        [&](const auto& b) { return b.cuda && *b.cuda == *row->cuda; }));
  }
}

TEST_CASE("evidence of nvidia/cuda: a listing, the documents, or known to be gone") {
  std::map<Evidence, std::size_t> count;
  for (const ImageTag* row : images_of("nvidia/cuda")) {
    ++count[row->evidence];
    INFO(row->tag);
    if (row->cuda->major() <= 10) {
      REQUIRE(row->evidence == Evidence::withdrawn);
    }
  }
  REQUIRE(count[Evidence::live] >= 88);
  REQUIRE(count[Evidence::withdrawn] >= 885);
  REQUIRE(count[Evidence::inferred] == 0);
  REQUIRE(image("nvidia/cuda:12.9.1-cudnn-devel-ubuntu24.04").evidence == Evidence::live);
  REQUIRE(image("nvidia/cuda:11.2.0-cudnn8-devel-ubuntu20.04").evidence == Evidence::withdrawn);
  const ImageTag& unsupported = image("nvidia/cuda:12.2.0-runtime-ubuntu22.04");
  REQUIRE(unsupported.evidence == Evidence::listed);
  REQUIRE(unsupported.fact.uncertain);
}

TEST_CASE("cuDNN of nvidia/cuda is what its label means") {
  const ImageTag& base = image("nvidia/cuda:12.1.1-cudnn8-runtime-ubuntu22.04");
  REQUIRE(base.evidence == Evidence::listed);
  REQUIRE(base.cudnn == "8");
  REQUIRE(base.cudnn_version.starts_with("8.9."));
  REQUIRE(base.flavor == berth::Flavor::runtime);
  REQUIRE(image("nvidia/cuda:12.3.2-cudnn9-runtime-ubuntu22.04").cudnn == "9");
  REQUIRE(image("nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04").cudnn == "9");
  REQUIRE(image("nvidia/cuda:12.1.1-base-ubuntu22.04").cudnn.empty());
}

TEST_CASE("the Python of tensorflow's images is not what their tags suggest") {
  const ImageTag& old = image("tensorflow/tensorflow:1.12.0-gpu-py3");
  REQUIRE(old.python == "3.5");
  REQUIRE(old.cuda->text() == "9.0");
  REQUIRE(old.cudnn == "7");
  REQUIRE(old.evidence == Evidence::listed);
  REQUIRE(image("tensorflow/tensorflow:1.12.0-gpu").python == "2.7");
  REQUIRE(image("tensorflow/tensorflow:2.1.0-gpu").python == "2.7");
  REQUIRE(image("tensorflow/tensorflow:2.1.0-gpu-py3").python == "3.6");
  REQUIRE(image("tensorflow/tensorflow:2.1.1-gpu").python == "3.6");
  REQUIRE(image("tensorflow/tensorflow:2.21.0").is_cpu);
}

TEST_CASE("the builds that decide known traps") {
  REQUIRE(build("torch", "1.8.0", "cu102").is_default);
  REQUIRE(build("torch", "1.8.0", "cu102").architectures.back() == "sm_75");
  REQUIRE(build("torch", "1.8.0", "cu111").architectures.back() == "sm_86");
  REQUIRE(build("torch", "2.6.0", "cu124").architectures.back() == "sm_90");
  REQUIRE(build("torch", "2.7.0", "cu128").architectures.back() == "compute_120");
  REQUIRE(build("torch", "2.8.0", "cu129").architectures.front() == "sm_70");
  REQUIRE(build("torch", "2.3.1", "cu121").is_default);
  REQUIRE(build("torch", "2.3.1", "cu121").index_url == "https://download.pytorch.org/whl/cu121");
  REQUIRE(build("torch", "2.3.1", "cpu").index_url == "https://download.pytorch.org/whl/cpu");
  REQUIRE(release("torch", "2.3.1").companions.at("torchvision") == "0.18.1");
  REQUIRE(build("tensorflow", "2.3.0", "cu101").cudnn == "7.6");
  REQUIRE(build("tensorflow", "1.12.0", "cu90").cuda->text() == "9.0");
  REQUIRE(build("jax", "0.4.30", "cuda12").min_driver->text() == "525.60.13");
  REQUIRE(build("jax", "0.11.0", "cuda13").min_capability->text() == "7.5");
}
