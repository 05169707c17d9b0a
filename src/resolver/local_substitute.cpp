#include "resolver/local_substitute.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <utility>

#include "berth/base/bytes.hpp"
#include "berth/base/text.hpp"
#include "berth/resolver/local_images.hpp"
#include "resolver/given_image.hpp"

namespace berth::resolver {

namespace {

// About a year of torch's releases.
constexpr std::size_t kFewReleases = 4;

bool is_slightly_older(const Option& option, const Option& chosen) {
  return option.source == chosen.source && option.rank.newer <= chosen.rank.newer + kFewReleases &&
         option.rank.forward == chosen.rank.forward &&
         option.rank.companion_unknown == chosen.rank.companion_unknown &&
         option.rank.cudnn_clash == chosen.rank.cudnn_clash;
}

std::string cuda_text(const Option& option) {
  return option.cuda ? "CUDA " + option.cuda->major_minor() : std::string("no CUDA");
}

std::vector<std::string> differences(const Option& option, const Option& chosen) {
  std::vector<std::string> texts;
  for (const Variant* variant : option.variants) {
    for (const Variant* other : chosen.variants) {
      if (variant->wanted->framework == other->wanted->framework &&
          variant->version_text != other->version_text) {
        texts.push_back(fmt::format("{} {} instead of {}", variant->wanted->framework->name,
                                    variant->version_text, other->version_text));
      }
    }
  }
  const auto compare = [&texts](const std::string& has, const std::string& other) {
    if (has != other) {
      texts.push_back(fmt::format("{} instead of {}", has, other));
    }
  };
  compare(cuda_text(option), cuda_text(chosen));
  if (!option.python.empty() && !chosen.python.empty()) {
    compare("Python " + option.python, "Python " + chosen.python);
  }
  const unsigned cudnn = cudnn_major(option.cudnn);
  const unsigned other_cudnn = cudnn_major(chosen.cudnn);
  if (cudnn != 0 && other_cudnn != 0) {
    compare(fmt::format("cuDNN {}", cudnn), fmt::format("cuDNN {}", other_cudnn));
  }
  if (option.rank.devel && !chosen.rank.devel) {
    texts.emplace_back("with compilers");
  }
  return texts;
}

}  // namespace

std::optional<LocalSubstitute> local_substitute(const std::vector<Option>& satisfying,
                                                const Machine& machine) {
  const Option& chosen = satisfying.front();
  const auto local = std::find_if(satisfying.begin(), satisfying.end(), is_complete_here);
  if (chosen.here || local == satisfying.end() || !is_slightly_older(*local, chosen)) {
    return std::nullopt;
  }
  const std::string image = local->image->reference();
  return LocalSubstitute{image, machine.images.at(image), differences(*local, chosen)};
}

}  // namespace berth::resolver

namespace berth {

std::vector<LocalImage> known_images(const std::vector<LocalImage>& images,
                                     const Catalog& catalog) {
  std::map<const ImageTag*, std::uint64_t> known;
  for (const LocalImage& image : images) {
    if (const ImageTag* tag = resolver::find_image(catalog, image.reference)) {
      known.emplace(tag, image.bytes);
    }
  }
  std::vector<LocalImage> result;
  for (const auto& [tag, bytes] : known) {
    result.push_back({tag->reference(), bytes});
  }
  return result;
}

std::string substitute_note(const Decision& decision) {
  const std::optional<ImageFacts>& facts = decision.image_facts;
  if (!decision.substitute || (facts && facts->from == ImageFacts::From::engine)) {
    return {};
  }
  const LocalSubstitute& substitute = *decision.substitute;
  std::string saved = "the download";
  if (facts && facts->download_bytes) {
    saved = "a download of " + format_bytes(*facts->download_bytes);
  } else if (substitute.bytes > 0) {  // what is unpacked of the one is about that of the other
    saved = fmt::format("the download, about {} unpacked", format_bytes(substitute.bytes));
  }
  return fmt::format("the engine has {}, which would do{}: `--prefer local` takes it and saves {}",
                     substitute.image,
                     substitute.differences.empty()
                         ? std::string()
                         : " (" + join(substitute.differences, ", ") + ")",
                     saved);
}

}  // namespace berth
