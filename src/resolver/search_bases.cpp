// Lists the CUDA base images that the frameworks can be installed on.
#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "resolver/install_rules.hpp"
#include "resolver/library_rules.hpp"
#include "resolver/python_rules.hpp"
#include "resolver/search.hpp"

namespace berth::resolver {

namespace {

std::vector<Group> groups_of(const std::vector<std::vector<const Variant*>>& known,
                             const Catalog& catalog) {
  std::set<std::tuple<CudaGroup, unsigned, bool>> seen;
  std::vector<Group> groups;
  for (const std::vector<const Variant*>& variants : known) {
    for (const Variant* variant : variants) {
      if (!variant->build->cuda || !variant->rejected.empty()) {
        continue;
      }
      const CudaGroup cuda = group_of(*variant->build, catalog);
      const unsigned cudnn = cudnn_major(variant->build->cudnn);
      for (const bool shares_cudnn : {true, false}) {
        if (seen.emplace(cuda, cudnn, shares_cudnn).second) {
          groups.push_back({cuda, cudnn, shares_cudnn});
        }
      }
    }
  }
  return groups;
}

// Whether each library that is asked for with the framework has a release for that build and
// Python.
bool libraries_fit(const Variant& variant, const PythonVersion& python) {
  const std::vector<WantedLibrary>& wanted = variant.wanted->libraries;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::vector<const WantedLibrary::Accepted*>& beside = variant.libraries[i];
    const bool fits = std::any_of(
        beside.begin(), beside.end(),
        [&](const WantedLibrary::Accepted* one) { return runs_on(*one->release, python); });
    if (!fits && library_decides(wanted[i])) {
      return false;
    }
  }
  return true;
}

// Those that all the releases are known to run on.
std::vector<PythonVersion> certain_pythons(std::vector<PythonVersion> pythons,
                                           const std::vector<const Variant*>& chosen) {
  std::erase_if(pythons, [&](const PythonVersion& python) {
    return std::any_of(chosen.begin(), chosen.end(), [&](const Variant* variant) {
      return python_support(*variant->release, python) != Support::yes;
    });
  });
  return pythons;
}

bool all_bring_cudnn(const std::vector<const Variant*>& chosen) {
  return std::all_of(chosen.begin(), chosen.end(), [](const Variant* variant) {
    return variant->wanted->framework->brings_cudnn;
  });
}

}  // namespace

bool Group::holds(const Variant& variant) const {
  const unsigned own = cudnn_major(variant.build->cudnn);
  const bool brings_it = !shares_cudnn && variant.wanted->framework->brings_cudnn;
  return cuda.holds(*variant.build) && (cudnn == 0 || own == 0 || own == cudnn || brings_it);
}

// A machine without a GPU gets what one with a GPU would, unless somebody asks for the CPU.
bool takes_cpu_builds(const World& world, const Machine& machine) {
  return !machine.uses_gpu && (machine.cpu_wanted || world.names_cpu_build());
}

void Search::add_cuda_bases(const World& world, const std::vector<Choice>& known) {
  const bool for_cpu = takes_cpu_builds(world, given_.machine);
  for (const Variant* variant : known.front()) {
    const bool can_be = variant->build->cuda || (for_cpu && is_cpu_build(*variant->build));
    if (can_be && !given_.is_decided(variant->rejected)) {
      add_cuda_base(world, {variant});
    }
  }
}

std::vector<PythonVersion> Search::pythons_in(const World& world) const {
  std::vector<PythonVersion> pythons = pythons_;
  std::erase_if(pythons, [&](const PythonVersion& python) { return !world.covers(python.text()); });
  return pythons;
}

std::vector<PythonVersion> Search::pythons_for(const World& world, const Choice& chosen) const {
  std::vector<PythonVersion> pythons = pythons_in(world);
  std::erase_if(pythons, [&](const PythonVersion& python) {
    return std::any_of(chosen.begin(), chosen.end(),
                       [&](const Variant* variant) { return !libraries_fit(*variant, python); });
  });
  return pythons;
}

bool Search::driver_runs(const Variant& variant) const {
  if (!given_.machine.uses_gpu) {
    return true;
  }
  const std::optional<DriverVersion>& own_floor = variant.build->min_driver;
  const DriverQuestion question{*variant.build->cuda, variant.jit, allows_forward(given_.machine),
                                own_floor ? &*own_floor : nullptr};
  return fits(driver_rule(question, given_.machine, given_.catalog));
}

// The best of a framework's builds that can live in the group with that Python.
const Variant* Search::best_in(const Group& group, const Choice& variants,
                               const PythonVersion& python) const {
  const auto rank = [this](const Variant& one) {
    const int minor = one.build->cuda ? static_cast<int>(one.build->cuda->minor()) : 0;
    const bool has_wheels = are_for(one.build->processors, given_.machine.architecture);
    return std::make_tuple(!has_wheels, one.companion_unknown, one.newer, !one.build->is_default,
                           -minor);
  };
  const Variant* best = nullptr;
  for (const Variant* variant : variants) {
    if (!variant->rejected.empty() || !group.holds(*variant) ||
        python_support(*variant->release, python) == Support::no ||
        !libraries_fit(*variant, python)) {
      continue;
    }
    if (driver_runs(*variant) && (best == nullptr || rank(*variant) < rank(*best))) {
      best = variant;
    }
  }
  return best;
}

// Frameworks side by side: within a group and for one Python each can be chosen alone, and the
// newest that fits is.
void Search::add_shared_cuda_bases(const World& world, const std::vector<Choice>& known) {
  std::set<Choice> seen;
  std::vector<Group> groups = groups_of(known, given_.catalog);
  if (takes_cpu_builds(world, given_.machine)) {
    groups.push_back({});
  }
  for (const Group& group : groups) {
    for (auto python = pythons_.rbegin(); python != pythons_.rend(); ++python) {
      if (!world.covers(python->text())) {
        continue;
      }
      Choice chosen;
      for (const Choice& variants : known) {
        if (const Variant* best = best_in(group, variants, *python)) {
          chosen.push_back(best);
        }
      }
      if (chosen.size() == known.size() && seen.insert(chosen).second) {
        add_cuda_base(world, chosen);
      }
    }
  }
}

const BaseChoice& Search::base_for(const CudaVersion& cuda, unsigned cudnn, bool brings_cudnn) {
  const auto [place, absent] =
      bases_.try_emplace(fmt::format("{} {} {}", cuda.text(), cudnn, brings_cudnn));
  if (absent) {
    place->second = base_images_.nearest({cuda,
                                          cudnn == 0 ? std::string() : std::to_string(cudnn),
                                          given_.request.devel ? Flavor::devel : Flavor::runtime,
                                          {},
                                          given_.machine.architecture,
                                          brings_cudnn});
  }
  return place->second;
}

// One that the base image's own packages bring is there in seconds and from wherever apt is; any
// other is fetched as a program of its own.
std::optional<std::string> Search::python_on(const ImageTag* base, const World& world,
                                             const Choice& chosen) const {
  const std::vector<PythonVersion> all = pythons_for(world, chosen);
  if (base != nullptr) {
    const std::vector<PythonVersion>& own = given_.catalog.pythons_of_system(base->os);
    const std::vector<PythonVersion> certain = certain_pythons(all, chosen);
    std::vector<PythonVersion> near;
    std::set_intersection(certain.begin(), certain.end(), own.begin(), own.end(),
                          std::back_inserter(near));
    if (!near.empty()) {
      return near.back().text();
    }
  }
  std::vector<const FrameworkRelease*> releases;
  for (const Variant* variant : chosen) {
    releases.push_back(variant->release);
  }
  // Where no release of a library fits any, that is for the library to say.
  return shared_python(releases, all.empty() ? pythons_in(world) : all);
}

// The cuDNN of the image: that of those who find theirs there, else the lowest.
unsigned Search::cudnn_for(Option& option, const Choice& chosen) const {
  unsigned lowest = 0;
  const Variant* finder = nullptr;  // one that finds it in the image
  for (const Variant* variant : chosen) {
    const unsigned own = cudnn_major(variant->build->cudnn);
    if (own == 0) {
      continue;
    }
    option.rank.cudnn_clash = option.rank.cudnn_clash || (lowest != 0 && own != lowest);
    lowest = lowest == 0 ? own : std::min(lowest, own);
    if (variant->wanted->framework->brings_cudnn) {
      continue;
    }
    if (finder != nullptr && cudnn_major(finder->build->cudnn) != own) {
      const auto text = [&] {
        return fmt::format("{} needs cuDNN {} in the image, and {} cuDNN {}", finder->name(),
                           cudnn_major(finder->build->cudnn), variant->name(), own);
      };
      option.rejected.push_back(given_.reason("cudnn", text, variant->build->fact.source));
    }
    finder = variant;
  }
  return finder != nullptr ? cudnn_major(finder->build->cudnn) : lowest;
}

void Search::add_cuda_base(const World& world, Choice chosen) {
  Option option;
  option.source = ImageSource::cuda_base;
  for (const Variant* variant : chosen) {
    const std::optional<CudaVersion>& own_cuda = variant->build->cuda;
    if (own_cuda && (!option.cuda || *own_cuda > *option.cuda)) {
      option.cuda = own_cuda;
    }
  }
  const auto any_minor = [](const Variant* variant) { return names_a_major(*variant->build); };
  if (given_.request.cuda && option.cuda && std::all_of(chosen.begin(), chosen.end(), any_minor)) {
    option.cuda = given_.request.cuda->value;
  }
  const unsigned cudnn = cudnn_for(option, chosen);
  const BaseChoice base =
      option.cuda ? base_for(*option.cuda, cudnn, all_bring_cudnn(chosen))
                  : base_images_.for_cpu(given_.request.devel, given_.machine.architecture,
                                         certain_pythons(pythons_for(world, chosen), chosen));
  option.image = base.image;
  option.cudnn = cudnn == 0 ? std::string() : std::to_string(cudnn);
  const std::optional<std::string> python = python_on(base.image, world, chosen);
  option.python = python.value_or("");
  if (python && base.image != nullptr) {
    const std::vector<PythonVersion>& own = given_.catalog.pythons_of_system(base.image->os);
    option.is_systems_python = std::any_of(
        own.begin(), own.end(), [&](const PythonVersion& one) { return one.text() == *python; });
  }
  option.variants = std::move(chosen);
  if (base.image == nullptr) {
    option.rejected.push_back({"base-image", base.warning, {}});
  } else if (!base.warning.empty()) {
    option.warnings.push_back(base.warning);
  }
  if (!python) {
    option.rejected.push_back({"python-request", "no Python serves all that is wanted", {}});
  }
  add(std::move(option), world);
}

}  // namespace berth::resolver
