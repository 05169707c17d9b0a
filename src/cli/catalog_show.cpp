#include "cli/catalog_show.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/base/pep508.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "cli/catalog_libraries.hpp"
#include "cli/catalog_sections.hpp"

namespace berth::cli {

namespace {

using Sections = std::vector<CatalogSection>;
using Found = Result<std::optional<Sections>>;

constexpr unsigned kOldestDriver = 100;  // below it a number is a CUDA's

// "torch==2.3.1", "torchvision"; a name alone is all of its releases.
Found release_of(const Catalog& catalog, const std::string& thing) {
  const Result<pep508::Requirement> requirement = pep508::Requirement::parse(thing);
  if (!requirement) {
    return std::nullopt;
  }
  const std::vector<std::string> libraries = library_names(catalog);
  const Framework* framework = catalog.find_framework(requirement->name);
  const bool is_library =
      catalog.find_library(requirement->name) != nullptr ||
      std::find(libraries.begin(), libraries.end(), requirement->name) != libraries.end();
  if (framework == nullptr && !is_library) {
    return std::nullopt;
  }
  CatalogQuery query;
  query.topic = framework != nullptr ? framework->name : requirement->name;
  if (!requirement->specifiers.empty()) {
    const std::optional<pep440::Version> version = requirement->specifiers.pinned();
    if (!version) {
      return fail(
          Error{Errc::usage, fmt::format("`{}` is no single release", printable(thing))}.hint(
              fmt::format("`berth catalog show {0}` shows all, `{0}==VERSION` one", query.topic)));
    }
    query.release = version->public_version().text();
  }
  BERTH_TRY(CatalogReport report, make_catalog_report(catalog, query));
  return std::move(report.sections);
}

std::optional<Sections> images_of(const Catalog& catalog, std::string thing) {
  constexpr std::string_view kHub = "docker.io/";
  if (thing.starts_with(kHub)) {
    thing.erase(0, kHub.size());
  }
  thing = thing.substr(0, thing.find('@'));
  std::vector<const ImageTag*> exact;
  std::vector<const ImageTag*> begun;
  for (const ImageTag& image : catalog.images) {
    const std::string reference = image.reference();
    if (reference == thing) {
      exact.push_back(&image);
    } else if (thing.find('/') != std::string::npos && reference.starts_with(thing)) {
      begun.push_back(&image);
    }
  }
  if (exact.empty() && begun.empty()) {
    return std::nullopt;
  }
  return Sections{images_section(exact.empty() ? begun : exact)};
}

// The tables of a catalogue with nothing else in it.
std::optional<Sections> gpu_of(const Catalog& catalog, const std::string& thing) {
  Catalog only;
  only.capabilities = catalog.capabilities;
  const std::optional<ComputeCapability> capability = ComputeCapability::parse(thing);
  if (capability &&
      (thing.find('_') != std::string::npos || thing.find('.') != std::string::npos) &&
      catalog.find_capability(*capability) != nullptr) {
    std::copy_if(catalog.gpus.begin(), catalog.gpus.end(), std::back_inserter(only.gpus),
                 [&](const GpuModel& gpu) { return gpu.capability == *capability; });
  } else if (const GpuModel* gpu = catalog.find_gpu(thing)) {
    only.gpus.push_back(*gpu);
  }
  return only.gpus.empty() ? std::nullopt : std::optional<Sections>({gpus_section(only)});
}

std::optional<Sections> driver_of(const Catalog& catalog, const std::string& thing) {
  const std::optional<DriverVersion> driver = DriverVersion::parse(thing);
  const DriverBranch* branch =
      driver && driver->major() >= kOldestDriver ? catalog.find_branch(*driver) : nullptr;
  if (branch == nullptr) {
    return std::nullopt;
  }
  Catalog only;
  only.driver_branches = {*branch};
  std::copy_if(
      catalog.forward_compatibility.begin(), catalog.forward_compatibility.end(),
      std::back_inserter(only.forward_compatibility),
      [&](const ForwardCompatibility& row) { return row.driver_branch == branch->branch; });
  return driver_sections(only);
}

std::optional<Sections> cuda_of(const Catalog& catalog, const std::string& thing) {
  const std::optional<CudaVersion> cuda = CudaVersion::parse(thing);
  if (!cuda) {
    return std::nullopt;
  }
  Catalog only;
  only.minor_floors = catalog.minor_floors;
  std::copy_if(catalog.toolkits.begin(), catalog.toolkits.end(), std::back_inserter(only.toolkits),
               [&](const Toolkit& row) { return cuda->covers(row.cuda); });
  std::copy_if(
      catalog.coverage.begin(), catalog.coverage.end(), std::back_inserter(only.coverage),
      [&](const CudaCoverage& row) { return cuda->covers(row.cuda) || row.cuda.covers(*cuda); });
  return only.toolkits.empty() ? std::nullopt : std::optional<Sections>(cuda_sections(only));
}

Failure unknown(const Catalog& catalog, const std::string& thing) {
  std::vector<std::string> names = catalog.framework_names();
  for (const GpuModel& gpu : catalog.gpus) {
    names.push_back(gpu.name);
  }
  const std::vector<std::string> libraries = library_names(catalog);
  names.insert(names.end(), libraries.begin(), libraries.end());
  Error error{Errc::not_found, fmt::format("`{}` is not in the catalogue", printable(thing))};
  if (const std::optional<std::string> meant = nearest(thing, names)) {
    error.note(fmt::format("did you mean `{}`?", *meant));
  }
  error.note(
      "a release (torch==2.3.1, torchvision==0.18.1), an image, a GPU, a driver or a CUDA can be "
      "shown");
  return fail(std::move(error).hint("`berth catalog` shows what is in it"));
}

Result<Sections> sections_about(const Catalog& catalog, const std::string& thing) {
  BERTH_TRY(std::optional<Sections> release, release_of(catalog, thing));
  if (release) {
    return std::move(*release);
  }
  for (const auto& find : {images_of(catalog, thing), driver_of(catalog, thing)}) {
    if (find) {
      return *find;
    }
  }
  // 12.1 is a CUDA and a compute capability; the first is what people ask for.
  std::optional<Sections> cuda = cuda_of(catalog, thing);
  if (!cuda) {
    cuda = gpu_of(catalog, thing);
  }
  return cuda ? Result<Sections>(std::move(*cuda)) : unknown(catalog, thing);
}

}  // namespace

Result<CatalogReport> show_in_catalog(const Catalog& catalog, const std::string& thing) {
  CatalogReport report;
  report.topic = thing;
  report.version = catalog.version;
  BERTH_TRY(report.sections, sections_about(catalog, thing));
  return report;
}

}  // namespace berth::cli
