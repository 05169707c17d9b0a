// NVIDIA_REQUIRE_*: what an image demands of the driver and of the GPUs. NVIDIA's runtime hook
// refuses to start the container where it is not met. Pure.
//
// The language: blanks separate alternatives, commas join conditions; a condition is a property
// (cuda, driver, arch, brand), an operator (= != < <= > >=) and a value. All variables must hold,
// for each GPU that the container sees. Source: NVIDIA/libnvidia-container src/cli/dsl.c and
// configure.c, nvidia-container-toolkit internal/config/image/cuda_image.go.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/dotted_version.hpp"

namespace berth {

// A GPU as conditions see it.
struct RequireGpu {
  std::string name{};
  std::optional<ComputeCapability> capability{};
  // The brands that a driver may report for it, in lower case, that of old drivers first:
  // "geforce", "geforcertx". Empty: not known.
  std::vector<std::string> brands{};
};

// Of the machine. A condition on a version that is not known holds, as with a driver that does not
// report it.
struct RequireFacts {
  std::optional<DriverVersion> driver{};
  std::optional<CudaVersion> cuda{};  // that the driver reports
  // That the container sees. Without any, conditions on arch and brand hold.
  std::vector<RequireGpu> gpus{};
};

struct RequireVerdict {
  enum class Outcome {
    satisfied,
    unsatisfied,
    unclear,    // it depends on the brand, which is not known
    malformed,  // `condition` is none: the hook refuses it where it gets that far
  };
  Outcome outcome = Outcome::satisfied;
  bool disabled = false;    // by NVIDIA_DISABLE_REQUIRE; then it is satisfied
  std::string variable{};   // "NVIDIA_REQUIRE_CUDA"; CUDA_VERSION of a legacy image
  std::string condition{};  // the first alternative, which is all that NVIDIA's message names
  std::string gpu{};        // that does not satisfy it
  // What is not as demanded, of the alternatives that lack least: "`driver>=535`: this is 525.60".
  std::string shortfall{};
  bool of_gpu = false;  // and some of it is about the GPU itself, not about the driver
};

// `environment` is the container's: the image's, then the run's; the last of a name counts.
RequireVerdict check_nvidia_require(const std::vector<std::string>& environment,
                                    const RequireFacts& facts);

// By the product's name. Where NVIDIA has two brands for one line, or renamed one (Tesla, Quadro),
// both are named, since it is the driver that decides. Empty for names of no known line, and for
// virtual GPUs, whose brand is that of the licence.
std::vector<std::string> gpu_brands(std::string_view name, bool data_center);

}  // namespace berth
