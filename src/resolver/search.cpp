// Lists the options: framework images that hold all that is wanted, and (search_bases.cpp) CUDA
// base images to install it on.
#include "resolver/search.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "resolver/cuda_minor.hpp"
#include "resolver/held_build.hpp"
#include "resolver/library_rules.hpp"

namespace berth::resolver {

Search::Search(const ResolveRequest& request, const Machine& machine, const Catalog& catalog,
               Reasons reasons)
    : given_{request, machine, catalog, reasons == Reasons::in_words},
      base_images_(catalog),
      pythons_(catalog.pythons) {
  std::erase_if(pythons_, [&](const PythonVersion& python) {
    return !python_satisfies(request.python, python.text());
  });
}

void Search::run(const std::vector<World>& worlds) {
  for (const World& world : worlds) {
    std::vector<Choice> known;
    for (const Wanted& wanted : world.frameworks) {
      Choice& choice = known.emplace_back();
      for (Variant& variant : variants_of(wanted, given_)) {
        choice.push_back(&variants_.emplace_back(std::move(variant)));
      }
    }
    add_framework_images(world, known);
    if (known.size() == 1) {
      add_cuda_bases(world, known);
    } else {
      add_shared_cuda_bases(world, known);
    }
  }
  const auto before = [](const Option& a, const Option& b) { return a.rank < b.rank; };
  std::sort(satisfying_.begin(), satisfying_.end(), before);
  std::sort(rejected_.begin(), rejected_.end(), before);
}

void Search::run_on(const ImageTag& image, const std::vector<World>& worlds) {
  World& world = worlds_.emplace_back();
  Option option;
  for (const auto& [name, version] : image.frameworks) {
    const Framework* framework = given_.catalog.find_framework(name);
    if (framework == nullptr) {
      continue;
    }
    Wanted wanted{framework};
    for (const World& asked : worlds) {
      for (const Wanted& one : asked.frameworks) {
        if (one.framework == framework && (image.python.empty() || asked.covers(image.python))) {
          wanted = one;
        }
      }
    }
    world.frameworks.push_back(std::move(wanted));
  }
  for (const Wanted& wanted : world.frameworks) {
    option.variants.push_back(given_variant(wanted, image));
  }
  for (const World& asked : worlds) {
    for (const Wanted& one : asked.frameworks) {
      if (!image.frameworks.contains(one.framework->name)) {
        option.warnings.push_back(fmt::format("{} is not known to hold {}, which is asked for: {}",
                                              image.reference(), one.framework->name, one.text()));
      }
    }
  }
  option.image = &image;
  option.source = image.source;
  option.cuda = image.cuda;
  option.cudnn = image.cudnn;
  option.python = image.python;
  add(std::move(option), world);
}

// The version in the image, whatever is asked for; another one than that is a reason to refuse.
const Variant* Search::given_variant(const Wanted& wanted, const ImageTag& image) {
  const auto version = image.versions.find(wanted.framework->name);
  const Variant* known = own_variant(wanted, image);
  if (version == image.versions.end() || wanted.accepts(version->second, build_name(image), true)) {
    return known;
  }
  Variant& judged = variants_.emplace_back(*known);
  judged.rejected.push_back(
      {"requirement",
       fmt::format("{} holds {} {}; asked for is {}", image.reference(), wanted.framework->name,
                   image.frameworks.at(wanted.framework->name), wanted.text()),
       image.fact.source});
  return &judged;
}

void Search::run_without_framework() {
  std::set<std::pair<unsigned, unsigned>> seen;
  const World everything;
  for (const ImageTag& image : given_.catalog.images) {
    if (image.source != ImageSource::cuda_base || !image.cuda || !given_.request.cuda ||
        !agrees(given_.request.cuda->value, *image.cuda) ||
        !seen.emplace(image.cuda->major(), image.cuda->minor()).second) {
      continue;
    }
    const CudaVersion series = *CudaVersion::parse(image.cuda->major_minor());
    const bool patch_asked = given_.request.cuda->value.size() > 2;
    const BaseChoice base =
        base_images_.nearest({patch_asked ? given_.request.cuda->value : series,
                              {},
                              given_.request.devel ? Flavor::devel : Flavor::runtime,
                              {},
                              given_.machine.architecture});
    if (base.image != nullptr && same_minor(*base.image->cuda, series)) {
      Option option;
      option.image = base.image;
      option.source = ImageSource::cuda_base;
      option.cuda = base.image->cuda;
      option.cudnn = base.image->cudnn;
      option.python = base.image->python;
      add(std::move(option), everything);
    }
  }
  std::sort(satisfying_.begin(), satisfying_.end(),
            [](const Option& a, const Option& b) { return a.rank < b.rank; });
}

void Search::add_framework_images(const World& world, const std::vector<Choice>& known) {
  for (const ImageTag& image : given_.catalog.images) {
    if (image.source == ImageSource::cuda_base) {
      continue;
    }
    const auto in_image = [&](const Wanted& wanted) {
      return image.frameworks.contains(wanted.framework->name);
    };
    const bool holds_all =
        std::any_of(world.frameworks.begin(), world.frameworks.end(), in_image) &&
        std::all_of(world.frameworks.begin(), world.frameworks.end(), [&](const Wanted& wanted) {
          return wanted.framework->beside || in_image(wanted);
        });
    // Without its CUDA neither driver nor GPU can be checked: only for those who ask for NVIDIA's
    // containers.
    const bool checkable = image.cuda || image.is_cpu || ngc_is_asked(given_.request);
    if (holds_all && checkable) {
      add_framework_image(world, known, image);
    }
  }
}

void Search::add_framework_image(const World& world, const std::vector<Choice>& known,
                                 const ImageTag& image) {
  Option option;
  option.image = &image;
  option.source = image.source;
  option.cuda = image.cuda;
  option.cudnn = image.cudnn;
  option.python = image.python;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const bool held = image.frameworks.contains(world.frameworks[i].framework->name);
    const Variant* variant =
        held ? variant_for(world.frameworks[i], known[i], image) : best_beside(image, known[i]);
    if (variant == nullptr) {
      return;  // another version than the one wanted: not a candidate at all
    }
    option.variants.push_back(variant);
  }
  if (option.cudnn.empty() && image.cuda) {
    option.cudnn = option.variants.front()->build->cudnn;
  }
  add(std::move(option), world);
}

// What can be installed into another framework's image: of its CUDA and cuDNN.
const Variant* Search::best_beside(const ImageTag& image, const Choice& known) const {
  if (!image.cuda || !image.python_series) {
    return nullptr;
  }
  return best_in({group_of(*image.cuda, given_.catalog), cudnn_major(image.cudnn)}, known,
                 *image.python_series);
}

const Variant* Search::variant_for(const Wanted& wanted, const Choice& known,
                                   const ImageTag& image) {
  const auto held = image.versions.find(wanted.framework->name);
  const bool ngc_asked = ngc_is_asked(given_.request);
  if (held == image.versions.end()) {
    // NGC containers of which nobody has written down the version: only where any will do, and NGC
    // is asked for.
    const bool any_will_do = wanted.specifiers().empty() && ngc_asked;
    return any_will_do ? own_variant(wanted, image) : nullptr;
  }
  const pep440::Version& version = held->second;
  if (!wanted.accepts(version, build_name(image), ngc_asked)) {
    return nullptr;
  }
  if (image.source == ImageSource::official) {
    for (const Variant* variant : known) {
      if (variant->version == version && is_build_of(*variant->build, image)) {
        return variant;
      }
    }
  }
  return own_variant(wanted, image);
}

const Variant* Search::own_variant(const Wanted& wanted, const ImageTag& image) {
  HeldBuild held = held_build(*wanted.framework, image);
  builds_.push_back(std::move(held.build));
  variants_.push_back(variant_in_image(wanted, held.release, held.version_text, held.version,
                                       builds_.back(), given_));
  return &variants_.back();
}

void Search::add(Option option, const World& world) {
  judge(option, world);
  if (!given_.is_decided(option.rejected)) {
    rank(option);
  }
  (option.rejected.empty() ? satisfying_ : rejected_).push_back(std::move(option));
}

}  // namespace berth::resolver
