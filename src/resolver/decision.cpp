// Explains a choice: frameworks, CUDA, Python, driver, GPUs, base image, each with its reason and
// its source.
#include "resolver/decision.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "resolver/doubts.hpp"
#include "resolver/local_substitute.hpp"

namespace berth::resolver {

namespace {

bool holds(const Option& option, const Variant& variant) {
  return option.source != ImageSource::cuda_base && option.image != nullptr &&
         option.image->frameworks.contains(variant.wanted->framework->name);
}

FrameworkChoice choice_of(const Variant& variant, bool in_image) {
  FrameworkChoice choice;
  choice.name = variant.wanted->framework->name;
  choice.requirement = variant.wanted->specifiers();
  choice.version = variant.version_text;
  choice.build = variant.build->name;
  choice.index_url = variant.build->index_url;
  choice.origin = variant.wanted->origins();
  choice.in_image = in_image;
  return choice;
}

// Of the image, where that is not what the build was made with: a base image near to it.
std::string cuda_text(const Option& option) {
  if (!option.cuda) {
    return {};
  }
  if (option.source == ImageSource::cuda_base && option.image != nullptr && option.image->cuda) {
    return option.image->cuda->major_minor();
  }
  return option.cuda->major_minor();
}

std::string cudnn_text(const Option& option) {
  const unsigned major = cudnn_major(option.cudnn);
  return major == 0 ? std::string() : std::to_string(major);
}

std::string_view evidence_text(Evidence evidence) {
  switch (evidence) {
    case Evidence::live:
      return "a registry listing shows it";
    case Evidence::listed:
      return "its publisher lists it, or public files use it";
    case Evidence::inferred:
      return "it follows from the publisher's naming rule alone";
    case Evidence::withdrawn:
      return "it is known to be gone";
  }
  return "nothing is known of it";
}

class Explanation {
 public:
  Explanation(const Search& search, const ResolveRequest& request, const Machine& machine)
      : search_(search),
        request_(request),
        machine_(machine),
        chosen_(search.satisfying().front()) {}

  Decision decision() {
    fill_in();
    for (const Variant* variant : chosen_.variants) {
      explain_release(*variant);
      explain_build(*variant);
    }
    explain_libraries();
    explain_driver();
    explain_gpus();
    explain_image();
    explain_python();
    const std::string base_warning = add_base_image();
    decision_.warnings = doubts_of(search_, request_, machine_, base_warning);
    decision_.substitute = local_substitute(search_.satisfying(), machine_);
    list_others();
    return std::move(decision_);
  }

 private:
  void fill_in() {
    decision_.image = chosen_.image->reference();
    decision_.source = chosen_.source;
    decision_.cuda = cuda_text(chosen_);
    decision_.cudnn = cudnn_text(chosen_);
    decision_.python = chosen_.python;
    for (const Variant* variant : chosen_.variants) {
      decision_.frameworks.push_back(choice_of(*variant, holds(chosen_, *variant)));
    }
  }

  void reason(std::string rule, std::string text, std::string source) {
    decision_.reasons.push_back({std::move(rule), std::move(text), std::move(source)});
  }

  void explain_release(const Variant& variant) {
    if (request_.image) {
      reason("image-given",
             fmt::format("{} is asked for by {}; it holds {}", request_.image->value,
                         request_.image->origin.text, variant.name()),
             chosen_.image->fact.source);
      return;
    }
    if (is_preferred_here()) {
      reason("image-here",
             fmt::format("{} is in an image that the engine has, which {} puts first",
                         variant.name(), request_.prefer.origin.text),
             chosen_.image->fact.source);
      return;
    }
    const std::string& name = variant.wanted->framework->name;
    const std::string asked = variant.wanted->text();
    std::set<std::string> newer;
    for (const Option& option : search_.rejected()) {
      for (const Variant* other : option.variants) {
        if (other->wanted->framework == variant.wanted->framework &&
            other->version > variant.version) {
          newer.insert(other->version_text);
        }
      }
    }
    std::string text = fmt::format("{} {} is the newest release that satisfies {}", name,
                                   variant.version_text, asked.empty() ? "the request" : asked);
    if (!newer.empty()) {
      text += fmt::format(" and this machine ({} newer rejected)", newer.size());
    }
    reason("newest-release", std::move(text),
           variant.release != nullptr ? variant.release->fact.source : variant.build->fact.source);
  }

  // Then neither the release nor its build was chosen for what it is.
  bool is_preferred_here() const {
    return request_.prefer.value == Preference::local && is_complete_here(chosen_);
  }

  void explain_build(const Variant& variant) {
    if (request_.image || is_preferred_here()) {
      return;
    }
    if (variant.release == nullptr) {
      reason("image-build", fmt::format("{} is the image's own build", variant.name()),
             variant.build->fact.source);
      return;
    }
    const std::vector<FrameworkBuild>& builds = variant.release->builds;
    const auto fallback = std::find_if(
        builds.begin(), builds.end(), [](const FrameworkBuild& build) { return build.is_default; });
    if (variant.build->is_default) {
      reason("default-build",
             fmt::format("{} is the default build of that release", variant.build->name),
             variant.build->fact.source);
    } else if (fallback != builds.end()) {
      reason("other-build",
             fmt::format("{} instead of the default {}: {}", variant.build->name, fallback->name,
                         why_not(variant, *fallback)),
             fallback->fact.source);
    } else {
      reason("highest-cuda",
             fmt::format("{} is the build with the highest CUDA that fits", variant.build->name),
             variant.build->fact.source);
    }
  }

  // What speaks against another build of the chosen release.
  std::string why_not(const Variant& chosen, const FrameworkBuild& other) const {
    if (!chosen.wanted->accepts(chosen.version, other.name, true)) {
      return fmt::format("{} asks for it", chosen.wanted->text());
    }
    for (const Option& option : search_.rejected()) {
      for (const Variant* variant : option.variants) {
        const bool same = variant->build == &other || (variant->release == chosen.release &&
                                                       variant->build->name == other.name);
        if (same && !option.rejected.empty() && option.source == chosen_.source) {
          return option.rejected.front().text;
        }
      }
    }
    for (const Option& option : search_.rejected()) {
      if (!option.variants.empty() && option.variants.front()->build == &other &&
          !option.rejected.empty()) {
        return option.rejected.front().text;
      }
    }
    return "no image of it is known";
  }

  void explain_libraries() {
    for (const ChosenLibrary& library : chosen_.libraries) {
      const Library& row = *library.wanted->library;
      reason("library",
             fmt::format("{} {} goes with {}{}", row.name, library.version_text, row.framework,
                         library.release->framework.text()),
             library.release->fact.source);
      decision_.libraries.push_back({row.name, library.version_text, library.wanted->specifiers(),
                                     library.wanted->origins(),
                                     row.bundled && chosen_.source != ImageSource::cuda_base});
    }
  }

  void explain_driver() {
    if (!machine_.uses_gpu) {
      reason("cpu-run",
             machine_.cpu_wanted
                 ? fmt::format("the CPU is asked for by {}", request_.gpus.origin.text)
                 : fmt::format("{} has no GPU: runs on the CPU", machine_.origin),
             {});
      return;
    }
    decision_.driver.found = machine_.driver;
    if (!chosen_.cuda) {
      decision_.driver.mode = DriverMode::unknown;
      return;
    }
    decision_.driver.required = chosen_.driver.required;
    decision_.driver.mode = chosen_.driver.mode;
    decision_.reasons.push_back(chosen_.driver.reason);
  }

  void explain_gpus() {
    for (std::size_t i = 0; i < machine_.gpus.size(); ++i) {
      const MachineGpu& gpu = machine_.gpus[i];
      const GpuFit* fit = i < chosen_.gpus.size() ? &chosen_.gpus[i] : nullptr;
      decision_.gpus.push_back(
          {gpu.name, gpu.capability, fit != nullptr ? fit->covered_by : std::string()});
      if (fit != nullptr) {
        decision_.reasons.push_back(fit->reason);
      }
    }
  }

  void explain_image() {
    const ImageTag& image = *chosen_.image;
    const std::string_view evidence =
        chosen_.here ? "the engine has it" : evidence_text(image.evidence);
    std::string text;
    switch (chosen_.source) {
      case ImageSource::official:
        text = fmt::format("{} is the project's own image; {}", image.reference(), evidence);
        break;
      case ImageSource::ngc:
        text = fmt::format("{} is NVIDIA's container; {}", image.reference(), evidence);
        break;
      case ImageSource::cuda_base:
      case ImageSource::given:
        text = fmt::format(
            "{} is a CUDA image to install the rest on: no image that holds all of it fits; {}",
            image.reference(), evidence);
        break;
    }
    if (chosen_.variants.empty() || (request_.source && request_.source->value == chosen_.source)) {
      text = fmt::format("{}: {}", image.reference(), evidence);
    }
    reason("image", std::move(text), image.fact.source);
  }

  void explain_python() {
    if (decision_.python.empty()) {
      return;
    }
    const bool installed =
        chosen_.source == ImageSource::cuda_base && chosen_.image->python.empty();
    const std::string own =
        chosen_.is_systems_python
            ? fmt::format(", and {} has it among its packages", chosen_.image->os)
            : std::string();
    reason("python",
           installed ? fmt::format("Python {} serves all that is wanted{}; the image has none",
                                   decision_.python, own)
                     : fmt::format("the image has Python {}", decision_.python),
           chosen_.image->fact.source);
  }

  // What is not exact about it.
  std::string add_base_image() {
    if (chosen_.source == ImageSource::cuda_base) {
      decision_.base_image = decision_.image;
      return {};
    }
    if (!chosen_.cuda) {
      return {};  // a CPU image is made from no CUDA image
    }
    const BaseWish wish{*chosen_.cuda, chosen_.cudnn,
                        chosen_.image->flavor == Flavor::devel ? Flavor::devel : Flavor::runtime,
                        chosen_.image->os, machine_.architecture};
    const BaseChoice base = search_.base_images().nearest(wish);
    if (base.image != nullptr) {
      decision_.base_image = base.image->reference();
      reason("base-image",
             base.warning.empty()
                 ? fmt::format("{} matches CUDA, cuDNN and flavour", decision_.base_image)
                 : base.warning,
             base.image->fact.source);
    }
    return base.warning;
  }

  void list_others() {
    for (std::size_t i = 1; i < search_.satisfying().size(); ++i) {
      decision_.alternatives.push_back(candidate_from(search_.satisfying()[i]));
    }
    for (const Option& option : search_.rejected()) {
      decision_.rejected.push_back(candidate_from(option));
    }
  }

  const Search& search_;
  const ResolveRequest& request_;
  const Machine& machine_;
  const Option& chosen_;
  Decision decision_;
};

}  // namespace

Candidate candidate_from(const Option& option) {
  Candidate candidate;
  candidate.image = option.image != nullptr ? option.image->reference() : std::string();
  candidate.source = option.source;
  candidate.cuda = cuda_text(option);
  candidate.python = option.python;
  for (const Variant* variant : option.variants) {
    candidate.frameworks.push_back(choice_of(*variant, holds(option, *variant)));
  }
  candidate.rejected = option.rejected;
  return candidate;
}

Decision decision_from(const Search& search, const ResolveRequest& request,
                       const Machine& machine) {
  return Explanation(search, request, machine).decision();
}

}  // namespace berth::resolver
