#include "resolver/held_build.hpp"

#include <spdlog/fmt/fmt.h>

#include "resolver/cuda_minor.hpp"
#include "resolver/variants.hpp"

namespace berth::resolver {

namespace {

const FrameworkRelease* row_for(const Framework& framework, const pep440::Version& version) {
  for (const FrameworkRelease& release : framework.releases) {
    if (release.version == version) {
      return &release;
    }
  }
  for (const FrameworkRelease& release : framework.releases) {
    const std::vector<std::uint64_t>& have = release.version.release();
    const std::vector<std::uint64_t>& need = version.release();
    if (have.size() > 1 && need.size() > 1 && have[0] == need[0] && have[1] == need[1]) {
      return &release;
    }
  }
  return nullptr;
}

FrameworkBuild build_in(const ImageTag& image) {
  FrameworkBuild build;
  build.name = build_name(image);
  build.cuda = image.cuda;
  build.cudnn = image.cudnn;
  build.fact = image.fact;
  return build;
}

}  // namespace

std::string build_name(const ImageTag& image) {
  if (image.cuda) {
    return fmt::format("cu{}{}", image.cuda->major(), image.cuda->minor());
  }
  return image.is_cpu ? std::string(kCpuBuild) : "unknown";
}

bool is_build_of(const FrameworkBuild& build, const ImageTag& image) {
  return build.cuda && image.cuda ? same_minor(*build.cuda, *image.cuda)
                                  : is_cpu_build(build) && image.is_cpu;
}

HeldBuild held_build(const Framework& framework, const ImageTag& image) {
  const std::string& text = image.frameworks.at(framework.name);
  const auto version = image.versions.find(framework.name);
  HeldBuild held;
  held.version_known = version != image.versions.end();
  held.version = held.version_known ? version->second : *pep440::Version::parse("0");
  held.version_text = text.empty() ? std::string(kUnknownVersion) : text;
  if (image.source == ImageSource::official) {
    held.release = row_for(framework, held.version);
  }
  if (held.release != nullptr) {
    for (const FrameworkBuild& candidate : held.release->builds) {
      if (is_build_of(candidate, image)) {
        held.build = candidate;
        return held;
      }
    }
  }
  held.build = build_in(image);
  return held;
}

}  // namespace berth::resolver
