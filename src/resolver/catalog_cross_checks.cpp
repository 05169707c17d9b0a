#include "resolver/catalog_cross_checks.hpp"

#include <spdlog/fmt/fmt.h>

#include <map>

#include "resolver/cuda_minor.hpp"

namespace berth::detail {

namespace {

using Level = CatalogFinding::Level;

class CrossChecks {
 public:
  explicit CrossChecks(const Catalog& catalog) : catalog_(catalog) {}

  std::vector<CatalogFinding> list() {
    check_toolkits();
    check_gpus();
    check_packages();
    return std::move(findings_);
  }

 private:
  void tell(Level level, std::string code, std::string row, std::string text) {
    findings_.push_back({level, std::move(code), {}, std::move(row), std::move(text)});
  }

  // The driver that a toolkit needs is of a branch that runs its CUDA.
  void check_toolkits() {
    for (const Toolkit& toolkit : catalog_.toolkits) {
      const DriverBranch* branch =
          toolkit.min_driver ? catalog_.find_branch(*toolkit.min_driver) : nullptr;
      if (branch != nullptr && !resolver::reaches_minor(branch->max_cuda, toolkit.cuda)) {
        tell(Level::error, "toolkit-beyond-driver", "toolkits",
             fmt::format("CUDA {} needs driver {}, and branch {} is said to run CUDA {} at most",
                         toolkit.cuda.text(), toolkit.min_driver->text(), branch->branch,
                         branch->max_cuda.text()));
      }
    }
  }

  // A name that means another row can never be asked for.
  void check_gpus() {
    for (const GpuModel& gpu : catalog_.gpus) {
      const GpuModel* found = catalog_.find_gpu(gpu.name);
      if (found != nullptr && found != &gpu) {
        tell(Level::error, "gpu-names-alike", "models",
             fmt::format("`{}` and `{}` are one name to those who ask", found->name, gpu.name));
      }
    }
  }

  void check_packages() {
    std::map<std::string, std::string> owners;
    const auto claim = [&](const std::vector<std::string>& packages, const std::string& owner) {
      for (const std::string& package : packages) {
        const auto [known, is_new] = owners.emplace(package, owner);
        if (!is_new && known->second != owner) {
          tell(Level::error, "package-twice", "packages",
               fmt::format("the package `{}` means {} and {}", package, known->second, owner));
        }
      }
    };
    for (const Framework& framework : catalog_.frameworks) {
      claim(framework.packages, framework.name);
    }
    for (const Library& library : catalog_.libraries) {
      claim(library.packages, library.name);
    }
  }

  const Catalog& catalog_;
  std::vector<CatalogFinding> findings_{};
};

}  // namespace

std::vector<CatalogFinding> check_across(const Catalog& catalog) {
  return CrossChecks(catalog).list();
}

}  // namespace berth::detail
