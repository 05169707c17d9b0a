// Judges an option against the request and the machine, and gives it its place in the order.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "berth/resolver/image_rules.hpp"
#include "resolver/held_build.hpp"
#include "resolver/library_rules.hpp"
#include "resolver/search.hpp"

namespace berth::resolver {

namespace {

// nvidia/cuda and what is made from it have cuda-compat; official runtime images are made from
// plain Ubuntu.
bool holds_compat(const Option& option) {
  return option.source != ImageSource::official ||
         (option.image != nullptr && option.image->flavor == Flavor::devel);
}

std::string image_name(const Option& option) {
  return option.image != nullptr ? option.image->reference() : "an nvidia/cuda image";
}

int series_number(const std::string& python) {
  const std::optional<PythonVersion> series = series_version(python);
  return series ? static_cast<int>(series->major() * 1000 + series->minor()) : 0;
}

// What a verdict asks of the driver.
std::pair<bool, int> strength(const DriverFit& fit) {
  return {!fit.fits, fit.mode == DriverMode::forward ? 2 : fit.mode == DriverMode::minor ? 1 : 0};
}

// Of all verdicts the one that asks for most, and what all of them need; equal ones: the last.
DriverFit strictest(const std::vector<const DriverFit*>& fits) {
  const DriverFit* chosen = fits.front();
  const DriverFit* neediest = fits.front();
  for (const DriverFit* fit : fits) {
    chosen = strength(*fit) >= strength(*chosen) ? fit : chosen;
    const bool needs_more =
        fit->required && (!neediest->required || *fit->required > *neediest->required);
    neediest = needs_more ? fit : neediest;
  }
  DriverFit strictest = *chosen;
  strictest.required = neediest->required;
  return strictest;
}

}  // namespace

// The framework that the image is of; what is installed beside it follows.
const Variant& lead_of(const Option& option) {
  for (const Variant* variant : option.variants) {
    if (option.image != nullptr &&
        option.image->frameworks.contains(variant->wanted->framework->name)) {
      return *variant;
    }
  }
  return *option.variants.front();
}

bool is_complete_here(const Option& option) {
  return option.here && (option.source != ImageSource::cuda_base || option.variants.empty());
}

void Search::judge(Option& option, const World& world) {
  for (const Variant* variant : option.variants) {
    option.rejected.insert(option.rejected.end(), variant->rejected.begin(),
                           variant->rejected.end());
  }
  const bool given =
      given_.request.image.has_value();  // nothing is chosen then: only what cannot work counts
  if (!given && given_.request.source && given_.request.source->value != option.source) {
    const auto text = [&] {
      return fmt::format("{} is of source {}; {} is asked for by {}", image_name(option),
                         name_of(option.source), name_of(given_.request.source->value),
                         given_.request.source->origin.text);
    };
    option.rejected.push_back(given_.reason("source-request", text, {}));
  }
  if (option.image != nullptr && !given_.is_decided(option.rejected)) {
    judge_image(option);
    judge_installation(option);
  }
  if (!given_.is_decided(option.rejected)) {
    judge_python(option, world);
  }
  if (!given_.is_decided(option.rejected)) {
    judge_libraries(option);
  }
  if (!given_.is_decided(option.rejected)) {
    judge_driver(option);
  }
}

void Search::judge_image(Option& option) const {
  const ImageTag& image = *option.image;
  const auto reject = [&](std::string_view rule, const auto& text) {
    option.rejected.push_back(given_.reason(rule, text, image.fact.source));
  };
  const bool given = given_.request.image.has_value();
  if (image.evidence == Evidence::withdrawn && given) {
    const std::string live = nearest_image(given_.catalog, image.reference());
    option.warnings.push_back(fmt::format(
        "{} is known to be gone from its registry ({}){}", image.reference(), image.fact.source,
        live.empty() ? "" : "; the nearest that is there is " + live));
  } else if (image.evidence == Evidence::withdrawn) {
    reject("tag-withdrawn",
           [&] { return fmt::format("{} is known to be gone", image.reference()); });
  }
  if (!has_architecture(image, given_.machine.architecture)) {
    reject("architecture", [&] {
      return fmt::format("{} is not known to exist for {}", image.reference(),
                         given_.machine.architecture);
    });
  }
  if (!given && given_.request.devel && image.flavor != Flavor::devel) {
    reject("devel-request", [&] {
      return fmt::format("{} has no compilers, and `--devel` asks for them", image.reference());
    });
  }
  for (const MachineGpu& gpu : given_.machine.gpus) {
    if (image.min_capability && gpu.capability && *gpu.capability < *image.min_capability) {
      reject("gpu-too-old", [&] {
        return fmt::format("{} needs compute capability {}; {} is older", image.reference(),
                           image.min_capability->text(), describe(gpu));
      });
    }
  }
}

// What speaks against installing on the image what is not in it.
void Search::judge_installation(Option& option) const {
  for (const Variant* variant : option.variants) {
    const FrameworkBuild& build = *variant->build;
    if (option.image->frameworks.contains(variant->wanted->framework->name)) {
      continue;
    }
    if (!are_for(build.processors, given_.machine.architecture)) {
      const auto text = [&] {
        return fmt::format("there are no wheels of {} for {}, only for {}", variant->name(),
                           given_.machine.architecture, fmt::join(build.processors.names, ", "));
      };
      option.rejected.push_back(given_.reason("no-wheels", text, build.processors.source));
    }
    if (!finds_its_libraries(build, *option.image)) {
      const auto text = [&] {
        return fmt::format("{} loads the libraries of CUDA {} and of no other, and {} has others",
                           variant->name(), build.cuda->major_minor(), option.image->reference());
      };
      option.rejected.push_back(given_.reason("exact-cuda", text, build.fact.source));
    }
  }
}

bool Search::python_is_asked(const std::string& python) {
  const auto [place, absent] = python_asked_.try_emplace(python, false);
  if (absent) {
    place->second = python_satisfies(given_.request.python, python);
  }
  return place->second;
}

void Search::judge_python(Option& option, const World& world) {
  if (!option.python.empty()) {
    const std::string source = option.image != nullptr ? option.image->fact.source : std::string();
    if (!python_is_asked(option.python)) {
      const auto text = [&] {
        std::vector<std::string> parts;
        for (const Sourced<pep440::SpecifierSet>& set : given_.request.python) {
          parts.push_back(fmt::format("`{}` ({})", set.value.text(), set.origin.text));
        }
        return fmt::format("{} has Python {}; asked for is {}", image_name(option), option.python,
                           fmt::join(parts, " and "));
      };
      option.rejected.push_back(given_.reason("python-request", text, source));
    } else if (!world.covers(option.python)) {
      const auto text = [&] {
        return fmt::format("with Python {} other requirement lines apply", option.python);
      };
      option.rejected.push_back(given_.reason("marker", text, source));
    }
    return;
  }
  option.rank.python_unknown = true;
  if (option.variants.empty() || option.variants.front()->release == nullptr) {
    return;
  }
  // Nobody says which Python the image has; at least the release must run on one that is asked for.
  const std::vector<const FrameworkRelease*> releases{option.variants.front()->release};
  const bool possible = shared_python(releases, pythons_).has_value();
  if (!possible && option.source != ImageSource::cuda_base) {
    option.rejected.push_back(
        {"python-release",
         fmt::format("{} runs on no Python that is asked for", option.variants.front()->name()),
         option.variants.front()->release->fact.source});
  }
}

void Search::judge_libraries(Option& option) const {
  for (const Variant* variant : option.variants) {
    if (variant->wanted->libraries.empty()) {
      continue;
    }
    const std::optional<PythonVersion> python = series_version(option.python);
    for (std::size_t i = 0; i < variant->libraries.size(); ++i) {
      const WantedLibrary& wanted = variant->wanted->libraries[i];
      const LibraryFit fit = library_fit(wanted, variant->libraries[i], python, variant->name());
      const bool decides = library_decides(wanted);
      if (fit.release == nullptr) {
        option.rank.companion_unknown = option.rank.companion_unknown || !decides;
        if (decides) {
          option.rejected.push_back(fit.reason);
        }
        continue;
      }
      if (!variant->is_known()) {  // some release may go with it, and nobody can say which
        option.rank.companion_unknown = true;
        continue;
      }
      option.rank.newer += fit.newer;
      option.libraries.push_back({&wanted, fit.release, fit.version_text});
    }
  }
}

// Hundreds of images have a few dozen CUDAs and demands.
const DriverFit& Search::driver_fit_for(const CudaVersion& cuda, bool compat,
                                        const Variant* variant) {
  const bool jit = variant != nullptr && variant->jit;
  const FrameworkBuild* demanding =
      variant != nullptr && variant->build->min_driver ? variant->build : nullptr;
  const auto [place, absent] =
      driver_fits_.try_emplace({cuda.major(), cuda.minor(), jit, compat, demanding});
  if (absent) {
    DriverNeeds needs{*CudaVersion::parse(cuda.major_minor()), jit, compat, std::nullopt, {}};
    if (demanding != nullptr) {
      needs.own_floor = demanding->min_driver;
      needs.own_floor_source = demanding->fact.source;
    }
    place->second = driver_fit(needs, given_.machine, given_.catalog);
  }
  return place->second;
}

// Each build for itself, and the image with its own libraries: the PTX of one is not the other's.
void Search::judge_driver(Option& option) {
  if (!given_.machine.uses_gpu) {
    return;
  }
  if (!option.cuda) {
    option.warnings.push_back(
        fmt::format("the driver is not checked: the CUDA in {} is not known", image_name(option)));
    return;
  }
  const bool compat = holds_compat(option);
  const bool has_image = option.image != nullptr && option.image->cuda;
  const CudaVersion& image_cuda = has_image ? *option.image->cuda : *option.cuda;
  std::vector<const DriverFit*> fits{&driver_fit_for(image_cuda, compat, nullptr)};
  for (const Variant* variant : option.variants) {
    const CudaVersion& own = variant->build->cuda ? *variant->build->cuda : image_cuda;
    fits.push_back(&driver_fit_for(own, compat, variant));
  }
  option.driver = strictest(fits);
  if (!option.driver.fits) {
    Reason reason = option.driver.reason;
    reason.text = fmt::format(
        "{}: {}", option.variants.empty() ? image_name(option) : option.variants.front()->name(),
        reason.text);
    option.rejected.push_back(std::move(reason));
  }
  if (option.variants.empty()) {
    judge_toolkit_alone(option);
  } else {
    option.gpus = lead_of(option).gpus;
  }
}

// Nothing but CUDA itself: what it can make code for.
void Search::judge_toolkit_alone(Option& option) const {
  for (const MachineGpu& gpu : given_.machine.gpus) {
    FrameworkBuild toolkit;
    toolkit.cuda = option.cuda;
    option.gpus.push_back(gpu_fit(toolkit, gpu, given_.catalog));
    if (option.gpus.back().coverage == Coverage::none) {
      option.rejected.push_back(option.gpus.back().reason);
    }
  }
}

void Search::rank(Option& option) const {
  Rank& rank = option.rank;
  for (const Variant* variant : option.variants) {
    rank.newer += variant->newer;
    rank.companion_unknown = rank.companion_unknown || variant->companion_unknown;
    const bool only_build = variant->release != nullptr && variant->release->builds.size() == 1;
    rank.not_default = rank.not_default || !(variant->build->is_default || only_build);
  }
  rank.forward =
      option.driver.fits && option.driver.mode == DriverMode::forward && given_.machine.uses_gpu;
  rank.minor = given_.machine.uses_gpu && option.driver.mode == DriverMode::minor;
  rank.source = option.source == ImageSource::official ? 0
                : option.source == ImageSource::ngc    ? 1
                                                       : 2;
  rank.cuda =
      option.cuda ? -static_cast<int>(option.cuda->major() * 1000 + option.cuda->minor()) : 0;
  rank.other_purpose =
      !given_.machine.uses_gpu && option.cuda.has_value() == given_.machine.cpu_wanted;
  rank.python = -series_number(option.python);
  if (option.image != nullptr) {
    rank.reference = option.image->reference();
    option.here = given_.machine.images.contains(rank.reference);
  }
  // Which release is in some of NVIDIA's containers nobody knows: those are not equal.
  const bool known = std::none_of(option.variants.begin(), option.variants.end(),
                                  [](const Variant* variant) { return !variant->is_known(); });
  rank.elsewhere = !(option.here && known);
  if (option.image != nullptr) {
    rank.inferred = option.image->evidence == Evidence::inferred && rank.elsewhere;
    rank.unseen = rank.inferred && !option.image->sibling_seen;
    rank.devel = option.image->flavor == Flavor::devel && !given_.request.devel;
    rank.evidence = static_cast<int>(option.image->evidence);
    rank.cuda_patch = option.image->cuda ? -static_cast<int>(option.image->cuda->part(2)) : 0;
    rank.ubuntu = -static_cast<int>(ubuntu_number(option.image->os));
    if (option.source == ImageSource::ngc) {
      const std::optional<CudaVersion> month =
          CudaVersion::parse(option.image->tag.substr(0, option.image->tag.find('-')));
      rank.month = month ? -static_cast<int>(month->major() * 100 + month->minor()) : 0;
    }
    rank.tag_length = option.image->tag.size();
  }
  rank.away = given_.request.prefer.value == Preference::local && !is_complete_here(option);
  // Different builds on one base image still have an order.
  for (const Variant* variant : option.variants) {
    rank.reference += " " + variant->name();
  }
}

}  // namespace berth::resolver
