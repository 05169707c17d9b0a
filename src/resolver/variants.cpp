// Lists and judges the builds of a framework: requirement lines, extras, companions, --cuda, GPUs.
#include "resolver/variants.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "resolver/held_build.hpp"
#include "resolver/install_rules.hpp"
#include "resolver/library_rules.hpp"

namespace berth::resolver {

namespace {

std::string companion_refusal(const Variant& variant, const WantedLine& line) {
  const std::string& name = line.source->value.name;
  if (variant.release == nullptr) {
    return fmt::format("{} is made for another release than {}", line.text(), variant.name());
  }
  const auto own = variant.release->companions.find(name);
  return own == variant.release->companions.end()
             ? fmt::format("no {} is known for {}, and {} is made for another release", name,
                           variant.name(), line.text())
             : fmt::format("{} goes with {} {}, not with {}", variant.name(), name, own->second,
                           line.text());
}

void judge_lines(Variant& variant, const Circumstances& given) {
  const Wanted& wanted = *variant.wanted;
  for (const WantedLine& line : wanted.lines) {
    if (const std::optional<std::string> extra = line.unserved_extra(variant.build->cuda)) {
      variant.rejected.push_back(given.reason(
          "extra",
          [&] {
            return fmt::format("the extra `{}` asks for another CUDA than that of {}", *extra,
                               variant.name());
          },
          variant.build->fact.source));
      break;
    }
  }
  for (const WantedLine& line : wanted.companions) {
    if (!line.decides) {
      continue;
    }
    const CompanionFit fit = variant.release != nullptr
                                 ? companion_fit(line, *variant.release, variant.build->name)
                                 : companion_fit_in_image(line, *wanted.framework, variant.version);
    if (fit == CompanionFit::unknown) {
      variant.companion_unknown = true;
    } else if (fit == CompanionFit::differs) {
      variant.rejected.push_back(given.reason(
          "companion", [&] { return companion_refusal(variant, line); },
          variant.release != nullptr ? variant.release->fact.source : variant.build->fact.source));
    }
  }
}

void judge_cuda(Variant& variant, const Circumstances& given) {
  const std::optional<CudaVersion>& cuda = variant.build->cuda;
  const std::string& source = variant.build->fact.source;
  if (given.request.cuda && !is_of_cuda(*variant.build, given.request.cuda->value)) {
    const auto text = [&] {
      const std::string built_for = cuda                           ? "CUDA " + cuda->text()
                                    : is_cpu_build(*variant.build) ? "the CPU"
                                                                   : "a CUDA that is not known";
      return fmt::format("{} is built for {}; CUDA {} is asked for by {}", variant.name(),
                         built_for, given.request.cuda->value.text(),
                         given.request.cuda->origin.text);
    };
    variant.rejected.push_back(given.reason("cuda-request", text, source));
  }
  if (is_cpu_build(*variant.build) && given.machine.uses_gpu) {
    const auto text = [&] {
      return fmt::format("{} is built for the CPU, and the run uses GPUs", variant.name());
    };
    variant.rejected.push_back(given.reason("cpu-build", text, source));
  }
}

void judge_gpus_quietly(Variant& variant, const Circumstances& given) {
  for (const MachineGpu& gpu : given.machine.gpus) {
    const Coverage coverage = coverage_of(*variant.build, gpu, given.catalog);
    variant.jit = variant.jit || coverage == Coverage::ptx;
    if (coverage == Coverage::none) {
      variant.rejected.push_back({"gpu-not-covered", {}, {}});
      return;
    }
  }
}

void judge_gpus(Variant& variant, const Circumstances& given) {
  if (!variant.build->cuda) {
    return;
  }
  if (!given.explains) {
    judge_gpus_quietly(variant, given);
    return;
  }
  for (const MachineGpu& gpu : given.machine.gpus) {
    GpuFit fit = gpu_fit(*variant.build, gpu, given.catalog);
    variant.jit = variant.jit || fit.coverage == Coverage::ptx;
    if (fit.coverage == Coverage::none) {
      Reason reason = fit.reason;
      reason.text = fmt::format("{}: {}", variant.name(), reason.text);
      variant.rejected.push_back(std::move(reason));
    }
    variant.gpus.push_back(std::move(fit));
  }
}

void judge(Variant& variant, const Circumstances& given) {
  judge_lines(variant, given);
  judge_cuda(variant, given);
  if (given.is_decided(variant.rejected)) {
    return;
  }
  judge_gpus(variant, given);
  const pep440::Version* version = variant.is_known() ? &variant.version : nullptr;
  for (const WantedLibrary& library : variant.wanted->libraries) {
    variant.libraries.push_back(
        releases_beside(library, version, variant.build->cuda, given.machine));
  }
}

}  // namespace

std::string Variant::name() const {
  return fmt::format("{} {} ({})", wanted->framework->name, version_text, build->name);
}

bool Variant::is_known() const {
  return version_text != kUnknownVersion;
}

bool is_cpu_build(const FrameworkBuild& build) {
  return !build.cuda && build.name == kCpuBuild;
}

bool ngc_is_asked(const ResolveRequest& request) {
  return request.source && request.source->value == ImageSource::ngc;
}

bool agrees(const CudaVersion& asked, const CudaVersion& have) {
  for (std::size_t i = 0; i < std::min(asked.size(), have.size()); ++i) {
    if (asked.part(i) != have.part(i)) {
      return false;
    }
  }
  return true;
}

std::deque<Variant> variants_of(const Wanted& wanted, const Circumstances& given) {
  std::deque<Variant> variants;
  std::size_t newer = 0;
  for (const FrameworkRelease& release : wanted.framework->releases) {
    for (const FrameworkBuild& build : release.builds) {
      if (!wanted.accepts(release.version, build.name)) {
        continue;
      }
      Variant variant{&wanted, &release, &build, release.version, release.version_text, newer};
      judge(variant, given);
      variants.push_back(std::move(variant));
    }
    ++newer;
  }
  return variants;
}

Variant variant_in_image(const Wanted& wanted, const FrameworkRelease* release,
                         const std::string& version_text, const pep440::Version& version,
                         const FrameworkBuild& build, const Circumstances& given) {
  const std::vector<FrameworkRelease>& releases = wanted.framework->releases;
  const std::ptrdiff_t newer =
      std::count_if(releases.begin(), releases.end(),
                    [&](const FrameworkRelease& other) { return other.version > version; });
  Variant variant{&wanted, release, &build, version, version_text, static_cast<std::size_t>(newer)};
  judge(variant, given);
  return variant;
}

}  // namespace berth::resolver
