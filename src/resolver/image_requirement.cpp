#include "resolver/image_requirement.hpp"

#include <spdlog/fmt/fmt.h>

#include <utility>

#include "resolver/given_image.hpp"

namespace berth::resolver {

namespace {

using Outcome = RequireVerdict::Outcome;

// What is made from nvidia/cuda has its variables, too: the devel images of pytorch, those of
// tensorflow (NVIDIA/nvidia-docker#1512), and all of NVIDIA's own. The runtime images of pytorch
// are made from plain Ubuntu.
bool made_from_cuda(const ImageTag& image) {
  return image.source != ImageSource::official || image.flavor == Flavor::devel ||
         image.repository == "tensorflow/tensorflow";
}

// Of NVIDIA's recipe for the base image; none where it is not known, and of NVIDIA's containers,
// which may set it anew.
const CudaRequirement* requirement_of(const ImageTag& image, const Decision& decision,
                                      const Catalog& catalog) {
  if (image.source == ImageSource::ngc) {
    return nullptr;
  }
  const ImageTag* base = find_image(catalog, decision.base_image);
  return base != nullptr && base->cuda ? catalog.find_requirement(*base->cuda) : nullptr;
}

std::string what_helps(bool certain) {
  return fmt::format(
      "{} to start it, and `-e NVIDIA_DISABLE_REQUIRE=1` lets it run by minor-version "
      "compatibility",
      certain ? "NVIDIA's runtime hook refuses" : "where NVIDIA's runtime hook refuses");
}

}  // namespace

RequireFacts require_facts(const Decision& decision, const Host& host, const Catalog& catalog) {
  RequireFacts facts;
  facts.driver = host.driver;
  facts.cuda = host.driver_cuda;
  if (!facts.cuda && host.driver) {
    facts.cuda = catalog.native_cuda(*host.driver);
  }
  for (const GpuVerdict& gpu : decision.gpus) {
    const GpuModel* model = catalog.find_gpu(gpu.name);
    // Of a GPU described as "RTX 3090" the catalogue knows the whole name.
    facts.gpus.push_back({gpu.name, gpu.compute_capability,
                          gpu_brands(model != nullptr ? model->name + " " + gpu.name : gpu.name,
                                     model != nullptr && model->data_center)});
  }
  return facts;
}

std::string driver_offer(const RequireFacts& facts) {
  return fmt::format("{} offers CUDA {}",
                     facts.driver ? "driver " + facts.driver->text() : std::string("the driver"),
                     facts.cuda ? facts.cuda->text() : std::string("of an unknown version"));
}

void suppose_requirement(Decision& decision, const Host& host, const Catalog& catalog) {
  const ImageTag* image = find_image(catalog, decision.image);
  const RequireFacts facts = require_facts(decision, host, catalog);
  if (decision.driver.mode != DriverMode::minor || image == nullptr || !made_from_cuda(*image) ||
      !facts.cuda) {
    return;
  }
  const CudaRequirement* requirement = requirement_of(*image, decision, catalog);
  std::string text;
  if (requirement == nullptr) {
    text = fmt::format("{} may demand cuda>={} (NVIDIA_REQUIRE_CUDA), and {}: {}", decision.image,
                       decision.cuda, driver_offer(facts), what_helps(false));
  } else {
    const RequireVerdict verdict =
        check_nvidia_require({"NVIDIA_REQUIRE_CUDA=" + requirement->text()}, facts);
    if (verdict.outcome == Outcome::satisfied) {
      return;
    }
    text = fmt::format(
        "{} demands {} (NVIDIA_REQUIRE_CUDA, by NVIDIA's recipe for CUDA {}), and {}: {}",
        decision.image, verdict.condition, requirement->cuda.text(), driver_offer(facts),
        what_helps(verdict.outcome == Outcome::unsatisfied));
    decision.reasons.push_back({"image-requirement",
                                fmt::format("NVIDIA's images of CUDA {} demand {}",
                                            requirement->cuda.text(), verdict.condition),
                                requirement->fact.source});
  }
  decision.warnings.push_back(text);
  decision.supposed_requirement = std::move(text);
}

}  // namespace berth::resolver
