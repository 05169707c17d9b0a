// The GPU rules. Source: CUDA C++ programming guide, "binary compatibility" and "PTX
// compatibility": a cubin runs on the same major with an equal or higher minor, PTX on anything
// newer; targets with the suffix `a` on exactly one.
#include "resolver/gpu_rules.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/text.hpp"

namespace berth::resolver {

namespace {

struct Target {
  ComputeCapability value;
  bool ptx = false;
  bool exact = false;  // sm_90a
};

std::optional<Target> parse_target(const std::string& text) {
  const std::optional<ComputeCapability> value = ComputeCapability::parse(text);
  if (!value) {
    return std::nullopt;
  }
  return Target{*value, text.starts_with("compute_"), text.ends_with('a')};
}

bool runs(const Target& target, ComputeCapability gpu) {
  if (target.exact) {
    return target.value == gpu;
  }
  return target.ptx ? target.value <= gpu
                    : target.value.major == gpu.major && target.value.minor <= gpu.minor;
}

const CudaCoverage* coverage_row(const Catalog& catalog, const CudaVersion& cuda) {
  for (const CudaCoverage& row : catalog.coverage) {
    if (row.cuda.major() == cuda.major() && row.cuda.minor() == cuda.minor()) {
      return &row;
    }
  }
  return nullptr;
}

GpuFit refused(std::string rule, std::string text, std::string source) {
  return {Coverage::none, {}, {std::move(rule), std::move(text), std::move(source)}};
}

GpuFit by_cuda_alone(const FrameworkBuild& build, const MachineGpu& gpu, const Catalog& catalog) {
  const CudaCoverage* row = build.cuda ? coverage_row(catalog, *build.cuda) : nullptr;
  if (row == nullptr) {
    return {Coverage::unknown,
            {},
            {"gpu-unknown", "the build's GPU code is not known", build.fact.source}};
  }
  const std::string range = fmt::format("CUDA {} makes code for compute capability {} to {}",
                                        row->cuda.major_minor(), row->min.text(), row->max.text());
  if (*gpu.capability < row->min) {
    return refused("gpu-too-old", fmt::format("{}; {} is older", range, describe(gpu)),
                   row->fact.source);
  }
  if (gpu.capability->major > row->max.major) {  // within the major its code would run
    return refused("gpu-too-new", fmt::format("{}; {} is newer", range, describe(gpu)),
                   row->fact.source);
  }
  return {Coverage::presumed,
          {},
          {"gpu-coverage",
           fmt::format("the build's GPU code is not known; {}, so {} can be covered", range,
                       describe(gpu)),
           row->fact.source}};
}

// What the driver loads: the nearest below the GPU, machine code before PTX.
const Target* best_of(const std::vector<Target>& targets, ComputeCapability gpu) {
  const Target* best = nullptr;
  for (const Target& target : targets) {
    const bool better = best == nullptr || (best->ptx && !target.ptx) ||
                        (best->ptx == target.ptx && target.value > best->value);
    if (runs(target, gpu) && better) {
      best = &target;
    }
  }
  return best;
}

std::vector<Target> targets_of(const FrameworkBuild& build) {
  std::vector<Target> targets;
  for (const std::string& architecture : build.architectures) {
    if (const std::optional<Target> target = parse_target(architecture)) {
      targets.push_back(*target);
    }
  }
  return targets;
}

}  // namespace

Coverage coverage_of(const FrameworkBuild& build, const MachineGpu& gpu, const Catalog& catalog) {
  if (!gpu.capability) {
    return Coverage::unknown;
  }
  if (build.min_capability && *gpu.capability < *build.min_capability) {
    return Coverage::none;
  }
  const std::vector<Target> targets = targets_of(build);
  if (!targets.empty()) {
    const Target* best = best_of(targets, *gpu.capability);
    return best == nullptr ? Coverage::none : best->ptx ? Coverage::ptx : Coverage::cubin;
  }
  const CudaCoverage* row = build.cuda ? coverage_row(catalog, *build.cuda) : nullptr;
  if (row == nullptr) {
    return Coverage::unknown;
  }
  const bool within = *gpu.capability >= row->min && gpu.capability->major <= row->max.major;
  return within ? Coverage::presumed : Coverage::none;
}

GpuFit gpu_fit(const FrameworkBuild& build, const MachineGpu& gpu, const Catalog& catalog) {
  const std::string& source = build.fact.source;
  if (!gpu.capability) {
    return {Coverage::unknown,
            {},
            {"gpu-unknown", fmt::format("{}: compute capability not known", describe(gpu)),
             gpu.source}};
  }
  if (build.min_capability && *gpu.capability < *build.min_capability) {
    return refused("gpu-too-old",
                   fmt::format("it needs compute capability {}; {} is older",
                               build.min_capability->text(), describe(gpu)),
                   source);
  }
  const std::vector<Target> targets = targets_of(build);
  if (targets.empty()) {
    return by_cuda_alone(build, gpu, catalog);
  }
  const Target* best = best_of(targets, *gpu.capability);
  if (best == nullptr) {
    const bool too_old = std::all_of(targets.begin(), targets.end(), [&](const Target& target) {
      return target.value > *gpu.capability;
    });
    return refused(too_old ? "gpu-too-old" : "gpu-too-new",
                   fmt::format("it has code for {}, none of which runs on {} (GPU {})",
                               join(build.architectures, " "), gpu.capability->sm(), gpu.index),
                   source);
  }
  if (best->ptx) {
    const std::string name = fmt::format("compute_{}{}", best->value.major, best->value.minor);
    return {
        Coverage::ptx,
        name,
        {"gpu-ptx",
         fmt::format("{} runs the build's PTX for {}, compiled by the driver at the first start",
                     describe(gpu), name),
         source}};
  }
  return {
      Coverage::cubin,
      best->value.sm(),
      {"gpu-cubin", fmt::format("{} runs the build's code for {}", describe(gpu), best->value.sm()),
       source}};
}

}  // namespace berth::resolver
