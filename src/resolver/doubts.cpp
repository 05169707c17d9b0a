// The doubts, from the machine's and the option's own to those about frameworks, libraries, GPUs,
// Python, image and driver.
#include "resolver/doubts.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace berth::resolver {

namespace {

class Doubts {
 public:
  Doubts(const Search& search, const ResolveRequest& request, const Machine& machine)
      : search_(search),
        request_(request),
        machine_(machine),
        chosen_(search.satisfying().front()) {}

  std::vector<std::string> list(const std::string& base_warning) {
    texts_ = machine_.warnings;
    texts_.insert(texts_.end(), chosen_.warnings.begin(), chosen_.warnings.end());
    for (const Variant* variant : chosen_.variants) {
      warn_about(*variant);
    }
    for (const ChosenLibrary& library : chosen_.libraries) {
      warn_about(library);
    }
    warn_about_gpus();
    warn_about_others();
    warn_about_python();
    if (!base_warning.empty()) {
      warn(base_warning);
    }
    warn_about_image();
    warn_about_driver();
    return std::move(texts_);
  }

 private:
  void warn_about(const Variant& variant) {
    if (variant.release != nullptr && variant.release->version != variant.version) {
      warn(fmt::format("{} {} has no row in the catalogue: taken as {}",
                       variant.wanted->framework->name, variant.version_text,
                       variant.release->version_text));
    }
    if (machine_.architecture != "amd64" &&
        !chosen_.image->frameworks.contains(variant.wanted->framework->name)) {
      warn(fmt::format(
          "{}what is known of the code in the wheels of {} is that of amd64; `--source ngc` takes "
          "NVIDIA's containers, which are made for both",
          variant.build->processors.names.empty()
              ? fmt::format("whether there are wheels for {} is not known, and ",
                            machine_.architecture)
              : "",
          variant.name()));
    }
    if (variant.build->fact.uncertain) {
      warn(fmt::format("what is known of {} is uncertain{}", variant.name(),
                       variant.build->fact.note.empty() ? "" : ": " + variant.build->fact.note));
    }
    for (const WantedLine& line : variant.wanted->lines) {
      if (!line.source->value.url.empty() && line.specifiers.empty()) {
        warn(fmt::format("which release {} is, its address does not say: {} is assumed",
                         line.text(), variant.version_text));
      }
      if (line.source->value.name.ends_with("-cpu") && !is_cpu_build(*variant.build)) {
        warn(
            fmt::format("{} names the build for the CPU, and the image has that for GPUs: `--gpus "
                        "none` runs on the CPU",
                        line.text()));
      }
    }
    for (const WantedLine& line : variant.wanted->companions) {
      if (!line.decides) {
        warn(fmt::format("{} is not known to the catalogue: whether it goes with {} is not checked",
                         line.text(), variant.name()));
      } else if (variant.companion_unknown) {
        warn(fmt::format("nothing is known of {} and {}", line.text(), variant.name()));
      }
    }
    for (const WantedLibrary& library : variant.wanted->libraries) {
      const bool chosen =
          std::any_of(chosen_.libraries.begin(), chosen_.libraries.end(),
                      [&](const ChosenLibrary& one) { return one.wanted == &library; });
      if (!chosen) {
        warn(fmt::format(
            "nothing in the catalogue says whether a release of {} that {} accepts goes "
            "with {}: not checked",
            library.library->name, library.text(), variant.name()));
      }
    }
  }

  void warn_about(const ChosenLibrary& library) {
    const Fact& fact = library.release->fact;
    if (library.release->compiled && !request_.devel) {
      warn(
          fmt::format("{} {} is compiled while it is installed: `--devel` takes an image with "
                      "compilers",
                      library.wanted->library->name, library.version_text));
    }
    if (fact.uncertain || !fact.note.empty()) {
      const std::string doubt = fact.uncertain ? "what is known of it is uncertain" : "";
      warn(fmt::format("{} {}: {}{}{}", library.wanted->library->name, library.version_text, doubt,
                       doubt.empty() || fact.note.empty() ? "" : "; ", fact.note));
    }
  }

  void warn_about_gpus() {
    for (std::size_t i = 0; i < machine_.gpus.size(); ++i) {
      const MachineGpu& gpu = machine_.gpus[i];
      if (!gpu.capability) {
        continue;
      }
      if (i >= chosen_.gpus.size()) {
        warn(fmt::format("whether {} runs on {} is not known", chosen_.image->reference(),
                         describe(gpu)));
      } else if (const GpuFit& fit = chosen_.gpus[i];
                 fit.coverage == Coverage::presumed || fit.coverage == Coverage::unknown) {
        warn(fit.reason.text);
      }
    }
  }

  // What is installed beside the lead: no reasons for each GPU, but what is in doubt.
  void warn_about_others() {
    for (const Variant* variant : chosen_.variants) {
      const bool lead = variant == &lead_of(chosen_);
      for (const GpuFit& fit : lead ? std::vector<GpuFit>() : variant->gpus) {
        if (fit.coverage == Coverage::presumed) {
          warn(fmt::format("{}: {}", variant->name(), fit.reason.text));
        }
      }
    }
  }

  void warn_about_python() {
    if (chosen_.python.empty()) {
      if (!request_.python.empty()) {
        warn(fmt::format("the Python in {} is not known: `{}` is not checked",
                         chosen_.image->reference(), request_.python.front().value.text()));
      }
      return;
    }
    const std::optional<pep440::Version> python = pep440::Version::parse(chosen_.python);
    if (python && python->is_prerelease()) {
      warn(fmt::format("the image has Python {}, a pre-release: some packages refuse it",
                       chosen_.python));
    }
  }

  void warn_about_image() {
    const ImageTag& image = *chosen_.image;
    if (image.evidence == Evidence::inferred && !chosen_.here) {
      warn(fmt::format(
          "{}: nobody was seen using this tag; it follows from the publisher's naming rule",
          image.reference()));
    }
    // What a note says of the Python is a patch release, or that nobody has looked: of that, only
    // those hear who asked for a Python.
    const bool idle_remark = image.fact.note.starts_with("Python ") &&
                             (!image.fact.uncertain || request_.python.empty());
    if (!image.fact.note.empty() && !idle_remark && chosen_.source != ImageSource::cuda_base) {
      warn(fmt::format("{}: {}", image.reference(), image.fact.note));
    }
    if (chosen_.rank.cudnn_clash) {
      warn(
          fmt::format("the frameworks need different cuDNN majors: the image has cuDNN {}, the "
                      "other must come with a wheel",
                      cudnn_major(chosen_.cudnn)));
    }
    if (!machine_.uses_gpu && !machine_.cpu_wanted && chosen_.cuda) {
      warn_about_cpu_image();
    }
  }

  // A CUDA image does on the CPU what the CPU image does, where the framework finds its CUDA at run
  // time.
  void warn_about_cpu_image() {
    for (const Option& option : search_.satisfying()) {
      if (!option.cuda && !option.variants.empty() && !chosen_.variants.empty() &&
          option.variants.front()->version == chosen_.variants.front()->version) {
        warn(fmt::format("`--gpus none` takes {}, which is made for the CPU",
                         option.image->reference()));
        return;
      }
    }
  }

  void warn_about_driver() {
    if (!machine_.uses_gpu) {
      return;
    }
    const ImageTag& image = *chosen_.image;
    if (chosen_.driver.mode == DriverMode::forward) {
      warn(
          fmt::format("forward compatibility is the last resort: the image must load its "
                      "cuda-compat libraries; {} or newer "
                      "would do without",
                      chosen_.driver.required ? "driver " + chosen_.driver.required->text()
                                              : std::string("a driver")));
    }
    if (image.min_driver && machine_.driver && !machine_.driver->reaches(*image.min_driver)) {
      warn(fmt::format("{} is documented for driver {} or newer ({}); found is {}",
                       image.reference(), image.min_driver->text(), image.fact.source,
                       machine_.driver->text()));
    }
  }

  void warn(std::string text) {
    if (std::find(texts_.begin(), texts_.end(), text) == texts_.end()) {
      texts_.push_back(std::move(text));
    }
  }

  const Search& search_;
  const ResolveRequest& request_;
  const Machine& machine_;
  const Option& chosen_;
  std::vector<std::string> texts_;
};

}  // namespace

std::vector<std::string> doubts_of(const Search& search, const ResolveRequest& request,
                                   const Machine& machine, const std::string& base_warning) {
  return Doubts(search, request, machine).list(base_warning);
}

}  // namespace berth::resolver
