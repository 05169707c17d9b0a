// What of a lock cannot be true at once, or is not what the catalogue knows: a bad merge, or a hand
// that changed one line of two.
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/text.hpp"
#include "berth/resolver/lock.hpp"
#include "resolver/base_image.hpp"
#include "resolver/cuda_minor.hpp"
#include "resolver/given_image.hpp"
#include "resolver/library_rules.hpp"

namespace berth {

namespace {

class Contradictions {
 public:
  Contradictions(const Lock& lock, const Catalog& catalog) : lock_(lock), catalog_(catalog) {}

  std::vector<std::string> list() {
    for (const LockedFramework& framework : lock_.frameworks) {
      check_cuda(framework);
      check_build(framework);
    }
    if (const ImageTag* image = resolver::find_image(catalog_, lock_.image)) {
      check_image(*image);
    }
    for (const LockedLibrary& library : lock_.libraries) {
      check_library(library);
    }
    return std::move(found_);
  }

 private:
  static std::string name(const LockedFramework& framework) {
    return fmt::format("{} {} ({})", framework.name, framework.version, framework.build);
  }

  void check_cuda(const LockedFramework& framework) {
    if (framework.cuda && lock_.cuda && framework.cuda->major() != lock_.cuda->major()) {
      found_.push_back(fmt::format("{} is of CUDA {}, and the lock's `cuda` is {}", name(framework),
                                   framework.cuda->text(), lock_.cuda->text()));
    }
  }

  void check_build(const LockedFramework& framework) {
    const Framework* known = catalog_.find_framework(framework.name);
    const std::optional<pep440::Version> version = pep440::Version::parse(framework.version);
    if (known == nullptr || !version || !framework.cuda) {
      return;
    }
    for (const FrameworkRelease& release : known->releases) {
      for (const FrameworkBuild& build : release.builds) {
        if (release.version == *version && build.name == framework.build && build.cuda) {
          compare(framework, build);
        }
      }
    }
  }

  void compare(const LockedFramework& framework, const FrameworkBuild& build) {
    if (!resolver::same_minor(*build.cuda, *framework.cuda)) {
      found_.push_back(fmt::format("{} is of CUDA {}, and the lock says {}", name(framework),
                                   build.cuda->text(), framework.cuda->text()));
    }
    if (lock_.catalog != catalog_.version) {
      return;  // a later catalogue may know it better
    }
    if (framework.capabilities != build.architectures) {
      found_.push_back(fmt::format("{} has code for {}, and the lock says {}", name(framework),
                                   join(build.architectures, " "),
                                   join(framework.capabilities, " ")));
    }
    if (framework.index_url != build.index_url) {
      found_.push_back(fmt::format("{} is from {}, and the lock says {}", name(framework),
                                   place(build.index_url), place(framework.index_url)));
    }
  }

  static std::string place(const std::string& index) { return index.empty() ? "PyPI" : index; }

  void check_image(const ImageTag& image) {
    if (lock_.source != image.source && lock_.source != ImageSource::given) {
      found_.push_back(fmt::format("{} is of source {}, and the lock says {}", lock_.image,
                                   name_of(image.source), name_of(lock_.source)));
    }
    const unsigned cudnn = resolver::cudnn_major(image.cudnn);
    const unsigned locked_cudnn = resolver::cudnn_major(lock_.cudnn);
    if (cudnn != 0 && locked_cudnn != 0 && cudnn != locked_cudnn &&
        image.source != ImageSource::cuda_base) {
      found_.push_back(
          fmt::format("{} has cuDNN {}, and the lock says {}", lock_.image, cudnn, locked_cudnn));
    }
    // Frameworks that are installed on a base image may be of another minor than it.
    const bool holds_frameworks = image.source != ImageSource::cuda_base;
    if (image.cuda && lock_.cuda &&
        (holds_frameworks ? !resolver::same_minor(*image.cuda, *lock_.cuda)
                          : image.cuda->major() != lock_.cuda->major())) {
      found_.push_back(fmt::format("{} has CUDA {}, and the lock says {}", lock_.image,
                                   image.cuda->text(), lock_.cuda->text()));
    }
    if (holds_frameworks && !image.python.empty() && !lock_.python.empty() &&
        image.python != lock_.python) {
      found_.push_back(fmt::format("{} has Python {}, and the lock says {}", lock_.image,
                                   image.python, lock_.python));
    }
    for (const LockedFramework& framework : lock_.frameworks) {
      const auto held = image.versions.find(framework.name);
      const std::optional<pep440::Version> version = pep440::Version::parse(framework.version);
      if (!image.frameworks.contains(framework.name) && framework.in_image) {
        found_.push_back(
            fmt::format("{} does not hold {}, and the lock says so", lock_.image, framework.name));
      } else if (framework.in_image && version && held != image.versions.end() &&
                 held->second != *version) {
        found_.push_back(fmt::format("{} holds {} {}, and the lock says {}", lock_.image,
                                     framework.name, held->second.text(), framework.version));
      }
    }
  }

  void check_library(const LockedLibrary& locked) {
    const Library* library = catalog_.find_library(locked.name);
    const std::optional<pep440::Version> version = pep440::Version::parse(locked.version);
    if (library == nullptr || !version) {
      return;
    }
    const auto of = std::find_if(
        lock_.frameworks.begin(), lock_.frameworks.end(),
        [&](const LockedFramework& framework) { return framework.name == library->framework; });
    const auto row =
        std::find_if(library->releases.begin(), library->releases.end(),
                     [&](const LibraryRelease& release) { return release.version == *version; });
    if (of == lock_.frameworks.end() || row == library->releases.end()) {
      return;
    }
    const std::optional<pep440::Version> framework = pep440::Version::parse(of->version);
    if (framework && !resolver::goes_with(*row, &*framework, of->cuda)) {
      found_.push_back(fmt::format("{} {} goes with {}{}, and locked is {}", locked.name,
                                   locked.version, library->framework, row->framework.text(),
                                   name(*of)));
    }
  }

  const Lock& lock_;
  const Catalog& catalog_;
  std::vector<std::string> found_{};
};

}  // namespace

std::vector<std::string> lock_contradictions(const Lock& lock, const Catalog& catalog) {
  return Contradictions(lock, catalog).list();
}

}  // namespace berth
