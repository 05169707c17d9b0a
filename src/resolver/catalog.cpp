// Lookups in the catalogue: frameworks by package name, GPUs by marketing name, drivers by branch.
#include "berth/resolver/catalog.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "berth/base/pep508.hpp"
#include "resolver/cuda_minor.hpp"

namespace berth {

namespace {

using Words = std::vector<std::string>;

// A brand says nothing about the model, and is left out as often as not.
bool is_brand(std::string_view word) {
  constexpr std::array<std::string_view, 6> kBrands = {"nvidia", "geforce", "quadro",
                                                       "tesla",  "jetson",  "tegra"};
  return std::find(kBrands.begin(), kBrands.end(), word) != kBrands.end();
}

// Letters and digits are words of their own, so that "rtx3090" is "RTX 3090" and A1000 does not
// begin with A100.
Words words_of(std::string_view name) {
  Words words;
  std::string word;
  const auto flush = [&] {
    if (!word.empty() && !is_brand(word)) {
      words.push_back(word);
    }
    word.clear();
  };
  for (const char raw : name) {
    const auto byte = static_cast<unsigned char>(raw);
    if (std::isalnum(byte) == 0) {
      flush();
      continue;
    }
    const bool digit = std::isdigit(byte) != 0;
    if (!word.empty() && (std::isdigit(static_cast<unsigned char>(word.back())) != 0) != digit) {
      flush();
    }
    word.push_back(static_cast<char>(std::tolower(byte)));
  }
  flush();
  return words;
}

bool begins(const Words& whole, const Words& start) {
  return start.size() <= whole.size() && std::equal(start.begin(), start.end(), whole.begin());
}

}  // namespace

std::string_view name_of(Evidence evidence) {
  switch (evidence) {
    case Evidence::live:
      return "live";
    case Evidence::listed:
      return "listed";
    case Evidence::inferred:
      return "inferred";
    case Evidence::withdrawn:
      return "withdrawn";
  }
  return "inferred";
}

std::string_view name_of(Flavor flavor) {
  switch (flavor) {
    case Flavor::base:
      return "base";
    case Flavor::runtime:
      return "runtime";
    case Flavor::devel:
      return "devel";
  }
  return "runtime";
}

const Framework* Catalog::find_framework(std::string_view name) const {
  const std::string wanted = pep508::normalised_name(name);
  for (const Framework& framework : frameworks) {
    if (framework.name == wanted || std::find(framework.packages.begin(), framework.packages.end(),
                                              wanted) != framework.packages.end()) {
      return &framework;
    }
  }
  return nullptr;
}

const Library* Catalog::find_library(std::string_view name) const {
  const std::string wanted = pep508::normalised_name(name);
  for (const Library& library : libraries) {
    if (std::find(library.packages.begin(), library.packages.end(), wanted) !=
        library.packages.end()) {
      return &library;
    }
  }
  return nullptr;
}

std::vector<std::string> Catalog::framework_names() const {
  std::vector<std::string> names;
  for (const Framework& framework : frameworks) {
    names.push_back(framework.name);
  }
  return names;
}

const GpuModel* Catalog::find_gpu(std::string_view name) const {
  const Words wanted = words_of(name);
  if (wanted.empty()) {
    return nullptr;
  }
  const GpuModel* beginning = nullptr;  // the longest catalogue name that begins the wanted one
  std::size_t beginning_size = 0;
  const GpuModel* longer = nullptr;  // the shortest catalogue name that the wanted one begins
  std::size_t longer_size = 0;
  bool longer_agree = true;
  for (const GpuModel& gpu : gpus) {
    const Words words = words_of(gpu.name);
    if (words == wanted) {
      return &gpu;
    }
    if (!words.empty() && begins(wanted, words) && words.size() > beginning_size) {
      beginning = &gpu;
      beginning_size = words.size();
    }
    if (begins(words, wanted)) {
      longer_agree = longer_agree && (!longer || longer->capability == gpu.capability);
      if (!longer || words.size() < longer_size) {
        longer = &gpu;
        longer_size = words.size();
      }
    }
  }
  if (beginning) {
    return beginning;
  }
  return longer_agree ? longer : nullptr;
}

const Capability* Catalog::find_capability(ComputeCapability value) const {
  const auto found =
      std::find_if(capabilities.begin(), capabilities.end(),
                   [&](const Capability& capability) { return capability.value == value; });
  return found == capabilities.end() ? nullptr : &*found;
}

const DriverBranch* Catalog::find_branch(const DriverVersion& driver) const {
  const auto above = std::upper_bound(
      driver_branches.begin(), driver_branches.end(), driver.major(),
      [](unsigned branch, const DriverBranch& row) { return branch < row.branch; });
  return above == driver_branches.begin() ? nullptr : &*std::prev(above);
}

std::optional<CudaVersion> Catalog::native_cuda(const DriverVersion& driver) const {
  const DriverBranch* branch = find_branch(driver);
  if (branch == nullptr) {
    return std::nullopt;
  }
  // An early driver of a branch may be older than the one that its CUDA was released with.
  const std::optional<DriverVersion> released_with = toolkit_driver(branch->max_cuda);
  if (!released_with || driver.reaches(*released_with)) {
    return branch->max_cuda;
  }
  std::optional<CudaVersion> highest;
  for (const Toolkit& toolkit : toolkits) {  // ascending
    if (toolkit.min_driver && driver.reaches(*toolkit.min_driver)) {
      highest = CudaVersion::parse(toolkit.cuda.major_minor());
    }
  }
  return highest;
}

std::optional<DriverVersion> Catalog::toolkit_driver(const CudaVersion& cuda) const {
  std::optional<DriverVersion> lowest;
  for (const Toolkit& toolkit : toolkits) {
    if (toolkit.min_driver && resolver::same_minor(toolkit.cuda, cuda) &&
        (!lowest || *toolkit.min_driver < *lowest)) {
      lowest = toolkit.min_driver;
    }
  }
  return lowest;
}

std::optional<DriverVersion> Catalog::native_driver(const CudaVersion& cuda) const {
  if (std::optional<DriverVersion> lowest = toolkit_driver(cuda)) {
    return lowest;
  }
  // No toolkit of this minor, or none with a driver (12.7): the first branch that reports as much.
  const auto branch = std::find_if(
      driver_branches.begin(), driver_branches.end(),
      [&](const DriverBranch& row) { return resolver::reaches_minor(row.max_cuda, cuda); });
  return branch == driver_branches.end() ? std::nullopt
                                         : DriverVersion::parse(std::to_string(branch->branch));
}

std::optional<DriverVersion> Catalog::minor_driver(const CudaVersion& cuda) const {
  const auto found = std::find_if(
      minor_floors.begin(), minor_floors.end(),
      [&](const MinorVersionFloor& floor) { return floor.cuda_major == cuda.major(); });
  return found == minor_floors.end() ? std::nullopt : std::optional(found->min_driver);
}

const std::vector<PythonVersion>& Catalog::pythons_of_system(std::string_view os) const {
  static const std::vector<PythonVersion> kUnknown;
  const auto found = std::find_if(base_systems.begin(), base_systems.end(),
                                  [&](const BaseSystem& system) { return system.os == os; });
  return found == base_systems.end() ? kUnknown : found->pythons;
}

const CudaRequirement* Catalog::find_requirement(const CudaVersion& cuda) const {
  const CudaRequirement* best = nullptr;
  for (const CudaRequirement& requirement : requirements) {  // ascending
    if (requirement.cuda == cuda) {
      return &requirement;
    }
    if (requirement.cuda.major_minor() == cuda.major_minor()) {
      best = &requirement;
    }
  }
  return best;
}

std::string CudaRequirement::text() const {
  std::string written = value;
  for (const unsigned branch : branches) {
    for (const std::string& brand : brands) {
      written += fmt::format(" brand={},driver>={},driver<{}", brand, branch, branch + 1);
    }
  }
  return written;
}

}  // namespace berth
