// The places that could serve, and whether any is open. What the rules say of each:
// exclusion_rules.cpp.
#include "resolver/exclusions.hpp"

#include <algorithm>
#include <set>
#include <span>

#include "resolver/held_build.hpp"
#include "resolver/install_rules.hpp"
#include "resolver/python_rules.hpp"
#include "resolver/search.hpp"
#include "resolver/variants.hpp"

namespace berth::resolver {

bool Exclusions::excluded(const Exclusion& exclusion, FactSet kept) {
  return std::any_of(exclusion.begin(), exclusion.end(),
                     [&](FactSet facts) { return (facts & kept) == facts; });
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
      pythons_(catalog.pythons) {
  for (const World& world : worlds) {
    for (const Wanted& wanted : world.frameworks) {
      WantedBy& wanted_by = wanted_by_.at(number_of(*wanted.framework));
      wanted_by.always |= facts.bit(Fact::Kind::wanted, wanted.framework);
      for (const WantedLibrary& library : wanted.libraries) {
        wanted_by.always |= asking_for_framework(library);
        wanted_by.alone |= facts.bit(Fact::Kind::wanted, library.library);
        know_library(library);
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
  wanted_by_.emplace_back();
  return frameworks_.size() - 1;
}

// A library of which some release works without its framework asks for it by the lines that leave
// none of those.
FactSet Exclusions::asking_for_framework(const WantedLibrary& wanted) const {
  const std::vector<LibraryRelease>& releases = wanted.library->releases;
  const auto leaves_one = [&](std::span<const WantedLine> lines) {
    return std::any_of(releases.begin(), releases.end(), [&](const LibraryRelease& release) {
      return release.optional && version_in_row(release, lines).has_value();
    });
  };
  const FactSet itself = facts_.bit(Fact::Kind::wanted, wanted.library);
  if (!leaves_one({})) {
    return itself;
  }
  FactSet asking = 0;
  for (const WantedLine& line : wanted.lines) {
    asking |= leaves_one({&line, 1}) ? 0 : facts_.bit(Fact::Kind::line, line.source);
  }
  return asking != 0 || leaves_one(wanted.lines) ? asking : itself;
}

std::vector<std::size_t> Exclusions::asked_for(FactSet kept, FactSet WantedBy::*by) const {
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < wanted_by_.size(); ++i) {
    if ((wanted_by_[i].*by & kept) != 0) {
      asked.push_back(i);
    }
  }
  return asked;
}

bool Exclusions::solvable(FactSet kept) const {
  std::vector<std::size_t> asked = asked_for(kept, &WantedBy::always);
  if (asked.empty()) {
    asked = asked_for(kept, &WantedBy::alone);
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
    Way way{of_build(wanted, candidate), of_libraries(wanted, candidate, image.python_series)};
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
  if (!image.cuda || !image.python_series) {
    return ways;
  }
  const CudaGroup group = group_of(*image.cuda, catalog_);
  const unsigned cudnn = cudnn_major(image.cudnn);
  for (const FrameworkRelease& release : wanted.framework->releases) {
    for (const FrameworkBuild& build : release.builds) {
      const unsigned own = cudnn_major(build.cudnn);
      if (!build.cuda || !group.holds(build) || (cudnn != 0 && own != 0 && own != cudnn) ||
          python_support(release, *image.python_series) == Support::no) {
        continue;
      }
      const Candidate candidate{&release, &build, release.version, true};
      Way way{of_build(wanted, candidate), of_libraries(wanted, candidate, image.python_series)};
      if (machine_.uses_gpu) {
        add_driver(way.excluded_by, *build.cuda, &build, true);
      }
      add_other_processors(way.excluded_by, build.processors);
      if (std::find(ways.begin(), ways.end(), way) == ways.end()) {
        ways.push_back(std::move(way));
      }
    }
  }
  return ways;
}

void Exclusions::add_bases(const World& world) {
  const bool for_cpu = takes_cpu_builds(world, machine_);
  std::vector<OnBase> builds;
  std::set<CudaGroup> groups;
  for (const Wanted& wanted : world.frameworks) {
    for (const FrameworkRelease& release : wanted.framework->releases) {
      for (const FrameworkBuild& build : release.builds) {
        if (!build.cuda && !(for_cpu && is_cpu_build(build))) {
          continue;
        }
        const Candidate candidate{&release, &build, release.version, true};
        Exclusion exclusion = of_build(wanted, candidate);
        if (machine_.uses_gpu) {
          add_driver(exclusion, *build.cuda, &build, true);
        }
        add_base(exclusion, build, wanted.framework->brings_cudnn);
        if (exclusion == Exclusion{0}) {
          continue;
        }
        builds.push_back({&wanted, candidate, exclusion});
        groups.insert(build.cuda ? group_of(build, catalog_) : CudaGroup());
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
      for (const unsigned cudnn : cudnns_in(group, builds)) {
        add_base_place(world, excluded_by, {group, cudnn, python}, builds);
      }
    }
  }
}

// The cuDNN majors of which the image must have one, where several frameworks find theirs there; 0:
// any will do.
std::set<unsigned> Exclusions::cudnns_in(const CudaGroup& group,
                                         const std::vector<OnBase>& builds) {
  std::set<const Wanted*> finders;
  std::set<unsigned> cudnns;
  for (const OnBase& one : builds) {
    if (group.holds(*one.candidate.build) && !one.wanted->framework->brings_cudnn) {
      finders.insert(one.wanted);
      cudnns.insert(cudnn_major(one.candidate.build->cudnn));
    }
  }
  cudnns.erase(0);
  return finders.size() < 2 || cudnns.empty() ? std::set<unsigned>{0} : cudnns;
}

void Exclusions::add_base_place(const World& world, const Exclusion& excluded_by, const Base& base,
                                const std::vector<OnBase>& builds) {
  Place place{excluded_by, std::vector<Ways>(frameworks_.size(), not_wanted())};
  for (const Wanted& wanted : world.frameworks) {
    place.frameworks[number_of(*wanted.framework)].clear();
  }
  for (const OnBase& one : builds) {
    const unsigned own = cudnn_major(one.candidate.build->cudnn);
    const bool finds_cudnn =
        one.wanted->framework->brings_cudnn || base.cudnn == 0 || own == 0 || own == base.cudnn;
    if (!finds_cudnn || !base.group.holds(*one.candidate.build) ||
        python_support(*one.candidate.release, base.python) == Support::no) {
      continue;
    }
    Way way{one.excluded_by, of_libraries(*one.wanted, one.candidate, base.python)};
    Ways& ways = place.frameworks[number_of(*one.wanted->framework)];
    if (std::find(ways.begin(), ways.end(), way) == ways.end()) {
      ways.push_back(std::move(way));
    }
  }
  places_.push_back(std::move(place));
}

}  // namespace berth::resolver
