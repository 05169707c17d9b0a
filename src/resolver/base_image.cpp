// Chooses among the tags of nvidia/cuda. Tag conventions: docs/resolver.md.
#include "resolver/base_image.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <tuple>

namespace berth::resolver {

namespace {

unsigned leading_number(std::string_view text) {
  unsigned number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

unsigned cudnn_major(const std::string& cudnn) {
  return leading_number(cudnn);
}

unsigned ubuntu_number(const std::string& os) {
  constexpr std::string_view kUbuntu = "ubuntu";
  const std::size_t dot = os.find('.');
  if (!os.starts_with(kUbuntu) || dot == std::string::npos) {
    return 0;
  }
  return leading_number(std::string_view(os).substr(kUbuntu.size())) * 100 +
         leading_number(std::string_view(os).substr(dot + 1));
}

bool has_architecture(const ImageTag& image, const std::string& architecture) {
  if (image.architectures.empty()) {
    return architecture == "amd64";
  }
  return std::find(image.architectures.begin(), image.architectures.end(), architecture) !=
         image.architectures.end();
}

BaseImages::BaseImages(const Catalog& catalog) : catalog_(catalog) {
  for (const MinorVersionFloor& floor : catalog.minor_floors) {
    majors_with_minor_compatibility_.push_back(floor.cuda_major);
  }
  for (const ImageTag& image : catalog.images) {
    if (image.source != ImageSource::cuda_base || image.evidence == Evidence::withdrawn ||
        !image.cuda) {
      continue;
    }
    if (const unsigned ubuntu = ubuntu_number(image.os); ubuntu > 0) {
      by_major_[image.cuda->major()].push_back(
          {&image, image.cuda->minor(), image.cuda->part(2), cudnn_major(image.cudnn), ubuntu});
    }
  }
}

BaseChoice BaseImages::nearest(const BaseWish& wish) const {
  BaseChoice none{nullptr, fmt::format("no nvidia/cuda image of CUDA {} can be pulled any more",
                                       wish.cuda.major_minor())};
  const auto found = by_major_.find(wish.cuda.major());
  if (found == by_major_.end()) {
    return none;
  }
  const bool minors_compatible =
      std::find(majors_with_minor_compatibility_.begin(), majors_with_minor_compatibility_.end(),
                wish.cuda.major()) != majors_with_minor_compatibility_.end();
  const unsigned cudnn = cudnn_major(wish.cudnn);
  const unsigned ubuntu = ubuntu_number(wish.os);
  const auto rank = [&](const Tag& tag) {
    const bool right_cudnn = cudnn == 0 ? tag.cudnn > 0 : tag.cudnn == cudnn;
    const unsigned away = tag.minor > wish.cuda.minor() ? tag.minor - wish.cuda.minor()
                                                        : wish.cuda.minor() - tag.minor;
    const bool right_patch = wish.cuda.size() < 3 || tag.patch == wish.cuda.part(2);
    const unsigned far = wish.brings_cudnn ? away : 0;
    return std::make_tuple(far, !right_cudnn, !right_cudnn && tag.cudnn > 0, away,
                           tag.minor < wish.cuda.minor(), tag.image->evidence == Evidence::inferred,
                           !right_patch, -static_cast<int>(tag.patch),
                           ubuntu != 0 && tag.ubuntu != ubuntu, -static_cast<int>(tag.ubuntu),
                           -static_cast<int>(tag.cudnn), tag.image->evidence, tag.image->tag.size(),
                           std::string_view(tag.image->tag));
  };
  const Tag* best = nullptr;
  for (const Tag& tag : found->second) {
    if (tag.image->flavor != wish.flavor || !has_architecture(*tag.image, wish.architecture) ||
        (!minors_compatible && tag.minor != wish.cuda.minor())) {
      continue;
    }
    if (best == nullptr || rank(tag) < rank(*best)) {
      best = &tag;
    }
  }
  if (best == nullptr) {
    return none;
  }
  BaseChoice choice{best->image, {}};
  if (best->minor != wish.cuda.minor()) {
    choice.warning =
        fmt::format("{} is the nearest to CUDA {}{} that can be pulled", best->image->reference(),
                    wish.cuda.major_minor(), cudnn > 0 ? fmt::format(" with cuDNN {}", cudnn) : "");
  } else if (cudnn > 0 && best->cudnn != cudnn && !wish.brings_cudnn) {
    choice.warning = fmt::format("{} has no cuDNN {}: no nvidia/cuda image of CUDA {}.x has",
                                 best->image->reference(), cudnn, wish.cuda.major());
  }
  return choice;
}

BaseChoice BaseImages::for_cpu(bool devel, const std::string& architecture,
                               const std::vector<PythonVersion>& pythons) const {
  const auto has_python = [&](const Tag& tag) {
    const std::vector<PythonVersion>& own = catalog_.pythons_of_system(tag.image->os);
    return std::find_first_of(own.begin(), own.end(), pythons.begin(), pythons.end()) != own.end();
  };
  const auto rank = [&](const Tag& tag) {
    return std::make_tuple(
        !has_python(tag), tag.image->flavor, tag.image->evidence == Evidence::inferred,
        tag.image->fact.uncertain, tag.image->tag.size(), -static_cast<int>(tag.ubuntu),
        -static_cast<int>(tag.image->cuda->major()), -static_cast<int>(tag.minor),
        -static_cast<int>(tag.patch), std::string_view(tag.image->tag));
  };
  const Tag* best = nullptr;
  for (const auto& [major, tags] : by_major_) {
    for (const Tag& tag : tags) {
      const bool would_do = !devel || tag.image->flavor == Flavor::devel;
      if (would_do && has_architecture(*tag.image, architecture) &&
          (best == nullptr || rank(tag) < rank(*best))) {
        best = &tag;
      }
    }
  }
  return best != nullptr ? BaseChoice{best->image, {}}
                         : BaseChoice{nullptr, "no nvidia/cuda image can be pulled any more"};
}

}  // namespace berth::resolver
