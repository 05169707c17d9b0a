#include "resolver/exclusions.hpp"

#include <algorithm>
#include <set>

#include "resolver/driver_rules.hpp"
#include "resolver/gpu_rules.hpp"
#include "resolver/held_build.hpp"
#include "resolver/library_rules.hpp"
#include "resolver/python_rules.hpp"
#include "resolver/variants.hpp"

namespace berth::resolver {

namespace {

bool ngc_is_asked(const ResolveRequest& request) {
  return request.source && request.source->value == ImageSource::ngc;
}

// Builds that can live in one image: of one CUDA major where its minors are compatible, of one
// minor elsewhere.
using CudaGroup = std::pair<unsigned, unsigned>;  // minor 0 for a whole major

CudaGroup group_of(const CudaVersion& cuda, const Catalog& catalog) {
  const bool whole_major = catalog.minor_driver(cuda).has_value();
  return {cuda.major(), whole_major ? 0 : cuda.minor()};
}

}  // namespace

bool Exclusions::excluded(const Exclusion& exclusion, FactSet kept) {
  return std::any_of(exclusion.begin(), exclusion.end(),
                     [&](FactSet facts) { return (facts & kept) == facts; });
}

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

bool Exclusions::open(const Way& way, FactSet kept) {
  return !excluded(way.excluded_by, kept) &&
         std::all_of(way.libraries.begin(), way.libraries.end(),
                     [&](const std::vector<Exclusion>& releases) {
                       return std::any_of(
                           releases.begin(), releases.end(),
                           [&](const Exclusion& release) { return !excluded(release, kept); });
                     });
}

Exclusions::Exclusions(const ResolveRequest& request, const Machine& machine,
                       const Catalog& catalog, const std::vector<World>& worlds, const Facts& facts)
    : request_(request),
      machine_(machine),
      catalog_(catalog),
      facts_(facts),
      bases_(catalog),
      pythons_(known_pythons(catalog)) {
  for (const World& world : worlds) {
    for (const Wanted& wanted : world.frameworks) {
      FactSet& wanted_by = wanted_by_.at(number_of(*wanted.framework));
      wanted_by |= facts.bit(Fact::Kind::wanted, wanted.framework);
      for (const WantedLibrary& library : wanted.libraries) {
        wanted_by |= facts.bit(Fact::Kind::wanted, library.library);
      }
    }
  }
  for (const World& world : worlds) {
    add_images(world);
    add_bases(world);
  }
}

std::size_t Exclusions::number_of(const Framework& framework) {
  const auto found = std::find(frameworks_.begin(), frameworks_.end(), &framework);
  if (found != frameworks_.end()) {
    return static_cast<std::size_t>(found - frameworks_.begin());
  }
  frameworks_.push_back(&framework);
  wanted_by_.push_back(0);
  return frameworks_.size() - 1;
}

bool Exclusions::solvable(FactSet kept) const {
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < wanted_by_.size(); ++i) {
    if ((wanted_by_[i] & kept) != 0) {
      asked.push_back(i);
    }
  }
  if (asked.empty()) {
    return true;
  }
  return std::any_of(places_.begin(), places_.end(), [&](const Place& place) {
    return !excluded(place.excluded_by, kept) &&
           std::all_of(asked.begin(), asked.end(), [&](std::size_t i) {
             const Ways& ways = place.frameworks[i];
             return std::any_of(ways.begin(), ways.end(),
                                [&](const Way& way) { return open(way, kept); });
           });
  });
}

void Exclusions::add_images(const World& world) {
  for (const ImageTag& image : catalog_.images) {
    const bool checkable = image.cuda || image.is_cpu || ngc_is_asked(request_);
    if (image.source != ImageSource::cuda_base && image.evidence != Evidence::withdrawn &&
        checkable && (image.python.empty() || world.covers(image.python))) {
      add_image(world, image);
    }
  }
}

void Exclusions::add_image(const World& world, const ImageTag& image) {
  Place place{of_image(image), std::vector<Ways>(frameworks_.size(), not_wanted())};
  bool serves = false;
  const bool compat = image.source != ImageSource::official || image.flavor == Flavor::devel;
  for (const Wanted& wanted : world.frameworks) {
    Ways& ways = place.frameworks[number_of(*wanted.framework)];
    ways.clear();
    if (!image.frameworks.contains(wanted.framework->name)) {
      if (wanted.framework->beside) {
        ways = ways_beside(wanted, image);
      }
      continue;
    }
    const HeldBuild held = held_build(*wanted.framework, image);
    const Candidate candidate{held.release, &held.build, held.version, held.version_known};
    Way way{of_build(wanted, candidate), of_libraries(wanted, candidate, image.python)};
    if (machine_.uses_gpu && image.cuda) {
      add_driver(way.excluded_by, *image.cuda, nullptr, compat);
      add_driver(way.excluded_by, held.build.cuda ? *held.build.cuda : *image.cuda, &held.build,
                 compat);
    }
    if (image.python.empty() && held.release != nullptr) {
      add_unknown_python(way.excluded_by, *held.release);
    }
    ways.push_back(std::move(way));
    serves = true;
  }
  if (serves) {
    places_.push_back(std::move(place));
  }
}

// Builds that can be installed into another framework's image: of its CUDA and cuDNN.
Exclusions::Ways Exclusions::ways_beside(const Wanted& wanted, const ImageTag& image) const {
  Ways ways;
  const std::optional<PythonVersion> python = PythonVersion::parse(python_series(image.python));
  if (!image.cuda || !python) {
    return ways;
  }
  const CudaGroup group = group_of(*image.cuda, catalog_);
  const unsigned cudnn = cudnn_major(image.cudnn);
  for (const FrameworkRelease& release : wanted.framework->releases) {
    for (const FrameworkBuild& build : release.builds) {
      const unsigned own = cudnn_major(build.cudnn);
      if (!build.cuda || group_of(*build.cuda, catalog_) != group ||
          (cudnn != 0 && own != 0 && own != cudnn) ||
          python_support(release, *python) == Support::no) {
        continue;
      }
      const Candidate candidate{&release, &build, release.version, true};
      Way way{of_build(wanted, candidate), of_libraries(wanted, candidate, image.python)};
      if (machine_.uses_gpu) {
        add_driver(way.excluded_by, *build.cuda, &build, true);
      }
      if (std::find(ways.begin(), ways.end(), way) == ways.end()) {
        ways.push_back(std::move(way));
      }
    }
  }
  return ways;
}

Exclusions::Exclusion Exclusions::of_image(const ImageTag& image) const {
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
  for (std::size_t i = 0; i < machine_.gpus.size(); ++i) {
    const std::optional<ComputeCapability>& capability = machine_.gpus[i].capability;
    if (image.min_capability && capability && *capability < *image.min_capability) {
      add(exclusion, facts_.bit(Fact::Kind::gpu, nullptr, i));
    }
  }
  return exclusion;
}

Exclusions::Exclusion Exclusions::of_python(const std::string& python) const {
  Exclusion exclusion;
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
  const bool series = candidate.release != nullptr && candidate.release->whole_series;
  const auto accepts = [&](const std::vector<WantedLine>& lines) {
    return version_in_row(candidate.version, series, lines, candidate.build->name, ngc).has_value();
  };
  FactSet together = 0;
  for (const WantedLine& line : wanted.lines) {
    const FactSet fact = facts_.bit(Fact::Kind::line, line.source);
    together |= fact;
    const bool unknown = !candidate.version_known && !line.specifiers.empty();
    if (unknown || !accepts({line}) || line.unserved_extra(candidate.build->cuda)) {
      add(exclusion, fact);
    }
  }
  if (exclusion.empty() && !wanted.lines.empty() && !accepts(wanted.lines)) {
    add(exclusion, together);
  }
  if (!ngc &&
      (!candidate.version_known || (wanted.lines.empty() && candidate.version.is_prerelease()))) {
    add(exclusion, 0);
  }
  for (const WantedLine& line : wanted.companions) {
    if (candidate.release != nullptr && companion_is_known(line, *wanted.framework) &&
        companion_fit(line, *candidate.release, candidate.build->name) == CompanionFit::differs) {
      add(exclusion, facts_.bit(Fact::Kind::line, line.source));
    }
  }
  return exclusion;
}

Exclusions::Exclusion Exclusions::of_build(const Wanted& wanted, const Candidate& candidate) const {
  const FrameworkBuild& build = *candidate.build;
  Exclusion exclusion = of_lines(wanted, candidate);
  if (request_.cuda && (!build.cuda || !agrees(request_.cuda->value, *build.cuda))) {
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

// A CUDA base image for that build: that there is one, and that the driver runs its own CUDA.
void Exclusions::add_base(Exclusion& exclusion, const FrameworkBuild& build) const {
  const auto nearest = [&](bool devel, const std::string& architecture) {
    const unsigned cudnn = cudnn_major(build.cudnn);
    return bases_
        .nearest({*build.cuda,
                  cudnn == 0 ? std::string() : std::to_string(cudnn),
                  devel ? Flavor::devel : Flavor::runtime,
                  {},
                  architecture})
        .image;
  };
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
    const Wanted& wanted, const Candidate& candidate, const std::string& python) const {
  const LibraryGround ground{candidate.version, candidate.build->cuda,
                             PythonVersion::parse(python_series(python))};
  std::vector<std::vector<Exclusion>> libraries;
  for (const WantedLibrary& library : wanted.libraries) {
    if (!library_decides(library) || !candidate.version_known) {
      continue;
    }
    std::vector<Exclusion>& releases = libraries.emplace_back();
    releases.push_back({facts_.bit(Fact::Kind::wanted, library.library)});
    if (library.library->sparse) {
      releases.push_back(of_pins(library));
    }
    for (const LibraryRelease& release : library.library->releases) {
      if (library_obstacle(release, ground) != LibraryObstacle::none) {
        continue;
      }
      Exclusion exclusion = of_library_release(library, release);
      if (std::find(releases.begin(), releases.end(), exclusion) == releases.end()) {
        releases.push_back(std::move(exclusion));
      }
    }
  }
  return libraries;
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
  const auto accepts = [&](const std::vector<WantedLine>& lines) {
    return version_in_row(release.version, release.whole_series, lines, "", false).has_value();
  };
  for (const WantedLine& line : wanted.lines) {
    const FactSet fact = facts_.bit(Fact::Kind::line, line.source);
    together |= fact;
    if (!accepts({line})) {
      add(exclusion, fact);
    }
  }
  if (exclusion.empty() && !accepts(wanted.lines)) {
    add(exclusion, together);
  }
  for (std::size_t i = 0; i < machine_.gpus.size(); ++i) {
    const std::optional<ComputeCapability>& capability = machine_.gpus[i].capability;
    if (release.min_capability && capability && *capability < *release.min_capability) {
      add(exclusion, facts_.bit(Fact::Kind::gpu, nullptr, i));
    }
  }
  return exclusion;
}

void Exclusions::add_bases(const World& world) {
  struct OnBase {
    const Wanted* wanted;
    Candidate candidate;
    CudaGroup group;
    Exclusion excluded_by;
  };
  std::vector<OnBase> builds;
  std::set<CudaGroup> groups;
  for (const Wanted& wanted : world.frameworks) {
    for (const FrameworkRelease& release : wanted.framework->releases) {
      for (const FrameworkBuild& build : release.builds) {
        if (!build.cuda) {
          continue;
        }
        const Candidate candidate{&release, &build, release.version, true};
        Exclusion exclusion = of_build(wanted, candidate);
        if (machine_.uses_gpu) {
          add_driver(exclusion, *build.cuda, &build, true);
        }
        add_base(exclusion, build);
        if (exclusion == Exclusion{0}) {
          continue;
        }
        builds.push_back({&wanted, candidate, group_of(*build.cuda, catalog_), exclusion});
        groups.insert(builds.back().group);
      }
    }
  }
  for (const PythonVersion& python : pythons_) {
    if (!world.covers(python.text())) {
      continue;
    }
    Exclusion excluded_by = of_python(python.text());
    if (request_.source && request_.source->value != ImageSource::cuda_base) {
      add(excluded_by, facts_.bit(Fact::Kind::source));
    }
    for (const CudaGroup& group : groups) {
      Place place{excluded_by, std::vector<Ways>(frameworks_.size(), not_wanted())};
      for (const Wanted& wanted : world.frameworks) {
        place.frameworks[number_of(*wanted.framework)].clear();
      }
      for (const OnBase& one : builds) {
        if (one.group != group || python_support(*one.candidate.release, python) == Support::no) {
          continue;
        }
        Way way{one.excluded_by, of_libraries(*one.wanted, one.candidate, python.text())};
        Ways& ways = place.frameworks[number_of(*one.wanted->framework)];
        if (std::find(ways.begin(), ways.end(), way) == ways.end()) {
          ways.push_back(std::move(way));
        }
      }
      places_.push_back(std::move(place));
    }
  }
}

}  // namespace berth::resolver
