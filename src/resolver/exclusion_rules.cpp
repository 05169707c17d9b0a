// The rules without their words: the facts that stand against an image, a build, a library.
#include <algorithm>

#include "resolver/driver_rules.hpp"
#include "resolver/exclusions.hpp"
#include "resolver/gpu_rules.hpp"
#include "resolver/install_rules.hpp"
#include "resolver/library_rules.hpp"
#include "resolver/python_rules.hpp"
#include "resolver/variants.hpp"

namespace berth::resolver {

// Keeps none that another one contains.
void Exclusions::add(Exclusion& exclusion, FactSet facts) {
  for (const FactSet other : exclusion) {
    if ((other & facts) == other) {
      return;
    }
  }
  std::erase_if(exclusion, [&](FactSet other) { return (other & facts) == facts; });
  exclusion.push_back(facts);
}

Exclusions::Exclusion Exclusions::of_image(const ImageTag& image) {
  Exclusion exclusion = image.python.empty() ? Exclusion{} : of_python(image.python);
  if (!has_architecture(image, machine_.architecture)) {
    add(exclusion, facts_.bit(Fact::Kind::architecture));
  }
  if (request_.devel && image.flavor != Flavor::devel) {
    add(exclusion, facts_.bit(Fact::Kind::devel));
  }
  if (request_.source && request_.source->value != image.source) {
    add(exclusion, facts_.bit(Fact::Kind::source));
  }
  add_older_gpus(exclusion, image.min_capability);
  return exclusion;
}

void Exclusions::add_older_gpus(Exclusion& exclusion,
                                const std::optional<ComputeCapability>& lowest) const {
  for (std::size_t i = 0; lowest && i < machine_.gpus.size(); ++i) {
    const std::optional<ComputeCapability>& capability = machine_.gpus[i].capability;
    if (capability && *capability < *lowest) {
      add(exclusion, facts_.bit(Fact::Kind::gpu, nullptr, i));
    }
  }
}

// Two thousand images have a dozen Pythons.
const Exclusions::Exclusion& Exclusions::of_python(const std::string& python) {
  const auto [place, absent] = by_python_.try_emplace(python);
  Exclusion& exclusion = place->second;
  if (!absent) {
    return exclusion;
  }
  FactSet together = 0;
  for (std::size_t i = 0; i < request_.python.size(); ++i) {
    const FactSet fact = facts_.bit(Fact::Kind::python, nullptr, i);
    together |= fact;
    if (!python_satisfies({request_.python[i]}, python)) {
      add(exclusion, fact);
    }
  }
  if (exclusion.empty() && !python_satisfies(request_.python, python)) {
    add(exclusion, together);
  }
  return exclusion;
}

// Nobody says which Python the image has; at least the release must run on one that is asked for.
void Exclusions::add_unknown_python(Exclusion& exclusion, const FrameworkRelease& release) const {
  FactSet together = 0;
  for (std::size_t i = 0; i < request_.python.size(); ++i) {
    together |= facts_.bit(Fact::Kind::python, nullptr, i);
  }
  const bool possible =
      std::any_of(pythons_.begin(), pythons_.end(), [&](const PythonVersion& python) {
        return python_support(release, python) != Support::no &&
               python_satisfies(request_.python, python.text());
      });
  if (!possible) {
    add(exclusion, together);
  }
}

Exclusions::Exclusion Exclusions::of_lines(const Wanted& wanted, const Candidate& candidate) const {
  Exclusion exclusion;
  const bool ngc = ngc_is_asked(request_);
  const auto accepts = [&](const WantedLine& line) {
    return line.accepts(candidate.version, candidate.build->name, ngc);
  };
  for (const WantedLine& line : wanted.lines) {
    const FactSet fact = facts_.bit(Fact::Kind::line, line.source);
    const bool unknown = !candidate.version_known && !line.specifiers.empty();
    if (unknown || !accepts(line) || line.unserved_extra(candidate.build->cuda)) {
      add(exclusion, fact);
    }
  }
  if (!ngc &&
      (!candidate.version_known || (wanted.lines.empty() && candidate.version.is_prerelease()))) {
    add(exclusion, 0);
  }
  for (const WantedLine& line : wanted.companions) {
    const CompanionFit fit =
        candidate.release != nullptr
            ? companion_fit(line, *candidate.release, candidate.build->name)
            : companion_fit_in_image(line, *wanted.framework, candidate.version);
    if (line.decides && fit == CompanionFit::differs) {
      add(exclusion, facts_.bit(Fact::Kind::line, line.source));
    }
  }
  return exclusion;
}

Exclusions::Exclusion Exclusions::of_build(const Wanted& wanted, const Candidate& candidate) const {
  const FrameworkBuild& build = *candidate.build;
  Exclusion exclusion = of_lines(wanted, candidate);
  if (request_.cuda && !is_of_cuda(build, request_.cuda->value)) {
    add(exclusion, facts_.bit(Fact::Kind::cuda));
  }
  if (is_cpu_build(build) && machine_.uses_gpu) {
    add(exclusion, 0);
  }
  for (std::size_t i = 0; build.cuda && i < machine_.gpus.size(); ++i) {
    if (coverage_of(build, machine_.gpus[i], catalog_) == Coverage::none) {
      add(exclusion, facts_.bit(Fact::Kind::gpu, nullptr, i));
    }
  }
  return exclusion;
}

// Which facts stand against that CUDA: the driver alone; the driver and a GPU that needs PTX
// compiled; the driver and a GPU that forward compatibility is not for.
void Exclusions::add_driver(Exclusion& exclusion, const CudaVersion& cuda,
                            const FrameworkBuild* build, bool holds_compat) const {
  const FactSet driver = facts_.bit(Fact::Kind::driver);
  FactSet compiling = 0;
  FactSet consumer = 0;
  for (std::size_t i = 0; i < machine_.gpus.size(); ++i) {
    const MachineGpu& gpu = machine_.gpus[i];
    const FactSet fact = facts_.bit(Fact::Kind::gpu, nullptr, i);
    consumer |= gpu.data_center ? 0 : fact;
    if (build != nullptr && coverage_of(*build, gpu, catalog_) == Coverage::ptx) {
      compiling |= fact;
    }
  }
  const auto runs = [&](bool jit, bool forward) {
    const DriverVersion* floor =
        build != nullptr && build->min_driver ? &*build->min_driver : nullptr;
    return fits(driver_rule({cuda, jit, forward && holds_compat, floor}, machine_, catalog_));
  };
  const auto each_of = [](FactSet facts, const auto& call) {
    for (FactSet rest = facts; rest != 0; rest &= rest - 1) {
      call(rest & (~rest + 1));
    }
  };
  const auto forbid = [&](FactSet because, bool jit) {
    if (!runs(jit, true)) {
      add(exclusion, because);
    } else if (!runs(jit, false)) {
      each_of(consumer, [&](FactSet gpu) { add(exclusion, because | gpu); });
    }
  };
  forbid(driver, false);
  each_of(compiling, [&](FactSet gpu) { forbid(driver | gpu, true); });
}

void Exclusions::add_other_processors(Exclusion& exclusion, const Processors& processors) const {
  if (!are_for(processors, machine_.architecture)) {
    add(exclusion, facts_.bit(Fact::Kind::architecture));
  }
}

// A CUDA base image for that build: that there is one, and that the driver runs its own CUDA.
void Exclusions::add_base(Exclusion& exclusion, const FrameworkBuild& build,
                          bool brings_cudnn) const {
  const auto nearest = [&](bool devel, const std::string& architecture) -> const ImageTag* {
    if (!build.cuda) {
      return bases_.for_cpu(devel, architecture, {}).image;
    }
    const unsigned cudnn = cudnn_major(build.cudnn);
    const ImageTag* image = bases_
                                .nearest({*build.cuda,
                                          cudnn == 0 ? std::string() : std::to_string(cudnn),
                                          devel ? Flavor::devel : Flavor::runtime,
                                          {},
                                          architecture,
                                          brings_cudnn})
                                .image;
    return image != nullptr && finds_its_libraries(build, *image) ? image : nullptr;
  };
  add_other_processors(exclusion, build.processors);
  const FactSet devel = facts_.bit(Fact::Kind::devel);
  const FactSet architecture = facts_.bit(Fact::Kind::architecture);
  const ImageTag* image = nearest(request_.devel, machine_.architecture);
  if (image != nullptr) {
    if (machine_.uses_gpu) {
      add_driver(exclusion, *image->cuda, nullptr, true);
    }
    return;
  }
  const bool without_devel = devel != 0 && nearest(false, machine_.architecture) != nullptr;
  const bool on_amd64 = architecture != 0 && nearest(request_.devel, "amd64") != nullptr;
  const bool on_neither = nearest(false, "amd64") != nullptr;
  if (without_devel && on_amd64) {
    add(exclusion, devel | architecture);
  } else if (without_devel || on_amd64) {
    add(exclusion, without_devel ? devel : architecture);
  } else {
    add(exclusion, on_neither && devel != 0 ? devel : 0);
    add(exclusion, on_neither && architecture != 0 ? architecture : 0);
  }
}

std::vector<std::vector<Exclusions::Exclusion>> Exclusions::of_libraries(
    const Wanted& wanted, const Candidate& candidate,
    const std::optional<PythonVersion>& python) const {
  std::vector<std::vector<Exclusion>> libraries;
  if (wanted.libraries.empty()) {
    return libraries;
  }
  const pep440::Version version = candidate.version.public_version();
  const pep440::Version* known_version = candidate.version_known ? &version : nullptr;
  for (const WantedLibrary& library : wanted.libraries) {
    const auto known = of_libraries_.find(&library);
    if (known == of_libraries_.end()) {
      continue;
    }
    std::vector<Exclusion>& releases = libraries.emplace_back();
    releases.push_back(known->second.none);
    if (library.library->sparse) {
      releases.push_back(of_pins(library));
    }
    for (std::size_t i = 0; i < known->second.releases.size(); ++i) {
      const Exclusion& exclusion = known->second.releases[i];
      if (std::find(releases.begin(), releases.end(), exclusion) == releases.end() &&
          runs_on(library.library->releases[i], python) &&
          goes_with(library.library->releases[i], known_version, candidate.build->cuda)) {
        releases.push_back(exclusion);
      }
    }
  }
  return libraries;
}

void Exclusions::know_library(const WantedLibrary& wanted) {
  if (!library_decides(wanted)) {
    return;
  }
  KnownLibrary& known = of_libraries_[&wanted];
  add(known.none, facts_.bit(Fact::Kind::wanted, wanted.library));
  for (FactSet rest = asking_for_framework(wanted); rest != 0; rest &= rest - 1) {
    add(known.none, rest & (~rest + 1));
  }
  for (const LibraryRelease& release : wanted.library->releases) {
    known.releases.push_back(of_library_release(wanted, release));
  }
}

// A release that the catalogue has not got: only where no line pins one.
Exclusions::Exclusion Exclusions::of_pins(const WantedLibrary& wanted) const {
  Exclusion exclusion;
  for (const WantedLine& line : wanted.lines) {
    if (line.specifiers.pinned()) {
      add(exclusion, facts_.bit(Fact::Kind::line, line.source));
    }
  }
  return exclusion;
}

Exclusions::Exclusion Exclusions::of_library_release(const WantedLibrary& wanted,
                                                     const LibraryRelease& release) const {
  Exclusion exclusion;
  FactSet together = 0;
  const auto accepts = [&](std::span<const WantedLine> lines) {
    return version_in_row(release, lines).has_value();
  };
  for (const WantedLine& line : wanted.lines) {
    const FactSet fact = facts_.bit(Fact::Kind::line, line.source);
    together |= fact;
    if (!accepts({&line, 1})) {
      add(exclusion, fact);
    }
  }
  if (exclusion.empty() && !accepts(wanted.lines)) {
    add(exclusion, together);
  }
  add_older_gpus(exclusion, release.min_capability);
  add_other_processors(exclusion, release.processors);
  return exclusion;
}

}  // namespace berth::resolver
