// Catalogue files about CUDA, drivers and GPUs.
#include <algorithm>

#include "berth/base/text.hpp"
#include "catalog_tables.hpp"

namespace berth::detail {

namespace {

Result<void> read_toolkit(CatalogRow& row, Catalog& catalog) {
  const auto cuda = row.parsed<CudaVersion>("cuda");
  std::string label = row.text_or_empty("label");
  const auto min_driver = row.parsed_if_any<DriverVersion>("driver");
  const auto bundled_driver = row.parsed_if_any<DriverVersion>("bundled_driver");
  Fact fact = row.fact();
  BERTH_CHECK(row.finish());
  for (const Toolkit& toolkit : catalog.toolkits) {
    if (toolkit.cuda == *cuda) {
      row.wrong(twice(cuda->text()));
    }
  }
  catalog.toolkits.push_back(
      {*cuda, std::move(label), min_driver, bundled_driver, std::move(fact)});
  return row.finish();
}

Result<void> read_minor_floor(CatalogRow& row, Catalog& catalog) {
  const unsigned major = row.number("cuda_major");
  const auto min_driver = row.parsed<DriverVersion>("driver");
  Fact fact = row.fact();
  BERTH_CHECK(row.finish());
  for (const MinorVersionFloor& floor : catalog.minor_floors) {
    if (floor.cuda_major == major) {
      row.wrong(twice(std::to_string(major)));
    }
  }
  catalog.minor_floors.push_back({major, *min_driver, std::move(fact)});
  return row.finish();
}

Result<void> read_coverage(CatalogRow& row, Catalog& catalog) {
  const auto cuda = row.parsed<CudaVersion>("cuda");
  const auto min = row.parsed<ComputeCapability>("min");
  const auto max = row.parsed<ComputeCapability>("max");
  Fact fact = row.fact();
  BERTH_CHECK(row.finish());
  if (*max < *min) {
    row.wrong("`max` is below `min`");
  }
  for (const CudaCoverage& coverage : catalog.coverage) {
    if (coverage.cuda == *cuda) {
      row.wrong(twice(cuda->text()));
    }
  }
  catalog.coverage.push_back({*cuda, *min, *max, std::move(fact)});
  return row.finish();
}

Result<void> read_requirement(CatalogRow& row, Catalog& catalog) {
  const auto cuda = row.parsed<CudaVersion>("cuda");
  std::string value = row.text("value");
  const std::string brands = row.text_or_empty("brands");
  std::vector<unsigned> branches = row.numbers("branches");
  Fact fact = row.fact();
  BERTH_CHECK(row.finish());
  if (brands.empty() != branches.empty()) {
    row.wrong("`brands` and `branches` go together");
  }
  for (const CudaRequirement& other : catalog.requirements) {
    if (other.cuda == *cuda) {
      row.wrong(twice(cuda->text()));
    }
  }
  catalog.requirements.push_back({*cuda, std::move(value),
                                  brands.empty() ? std::vector<std::string>() : split(brands, ' '),
                                  std::move(branches), std::move(fact)});
  return row.finish();
}

Result<void> read_branch(CatalogRow& row, Catalog& catalog) {
  const unsigned branch = row.number("branch");
  const auto max_cuda = row.parsed<CudaVersion>("cuda");
  std::string lifecycle = row.text_or_empty("lifecycle");
  std::string end_of_life = row.date_or_empty("end_of_life");
  Fact fact = row.fact();
  BERTH_CHECK(row.finish());
  for (const DriverBranch& other : catalog.driver_branches) {
    if (other.branch == branch) {
      row.wrong(twice(std::to_string(branch)));
    }
  }
  catalog.driver_branches.push_back(
      {branch, *max_cuda, std::move(lifecycle), std::move(end_of_life), std::move(fact)});
  return row.finish();
}

// One row per package, with a list of driver branches for each verdict.
Result<void> read_forward(CatalogRow& row, Catalog& catalog) {
  using Verdict = ForwardCompatibility::Verdict;
  const auto cuda = row.parsed<CudaVersion>("cuda");
  const std::pair<Verdict, std::vector<unsigned>> lists[] = {
      {Verdict::compatible, row.numbers("compatible")},
      {Verdict::not_needed, row.numbers("not_needed")},
      {Verdict::not_compatible, row.numbers("not_compatible")},
  };
  const Fact fact = row.fact();
  BERTH_CHECK(row.finish());
  for (const auto& [verdict, branches] : lists) {
    for (const unsigned branch : branches) {
      for (const ForwardCompatibility& other : catalog.forward_compatibility) {
        if (other.cuda == *cuda && other.driver_branch == branch) {
          row.wrong(twice(cuda->text() + " on " + std::to_string(branch)));
        }
      }
      catalog.forward_compatibility.push_back({*cuda, branch, verdict, fact});
    }
  }
  return row.finish();
}

Result<void> read_capability(CatalogRow& row, Catalog& catalog) {
  const auto value = row.parsed<ComputeCapability>("value");
  std::string architecture = row.text("architecture");
  const auto first_cuda = row.parsed_if_any<CudaVersion>("first_cuda");
  const auto last_cuda = row.parsed_if_any<CudaVersion>("last_cuda");
  const auto last_driver_branch = row.number_if_any("last_driver_branch");
  Fact fact = row.fact();
  BERTH_CHECK(row.finish());
  if (first_cuda && last_cuda && *last_cuda < *first_cuda) {
    row.wrong("`last_cuda` is below `first_cuda`");
  }
  if (catalog.find_capability(*value)) {
    row.wrong(twice(value->text()));
  }
  catalog.capabilities.push_back({*value, std::move(architecture), first_cuda, last_cuda,
                                  last_driver_branch, std::move(fact)});
  return row.finish();
}

Result<void> read_gpu(CatalogRow& row, Catalog& catalog) {
  std::string name = row.text("name");
  const auto capability = row.parsed<ComputeCapability>("capability");
  const bool data_center = row.flag("data_center");
  std::string processor = row.text_or_empty("processor");
  const bool jetson = row.flag("jetson");
  Fact fact = row.fact();
  BERTH_CHECK(row.finish());
  for (const GpuModel& gpu : catalog.gpus) {
    if (gpu.name == name) {
      row.wrong(twice(name));
    }
  }
  catalog.gpus.push_back(
      {std::move(name), *capability, data_center, std::move(processor), jetson, std::move(fact)});
  return row.finish();
}

}  // namespace

Result<void> read_cuda(CatalogFileReader& file, Catalog& catalog) {
  BERTH_CHECK(
      file.each_row("toolkits", [&](CatalogRow& row) { return read_toolkit(row, catalog); }));
  BERTH_CHECK(file.each_row("minor_version_floors",
                            [&](CatalogRow& row) { return read_minor_floor(row, catalog); }));
  BERTH_CHECK(
      file.each_row("coverage", [&](CatalogRow& row) { return read_coverage(row, catalog); }));
  const auto by_cuda = [](const auto& a, const auto& b) { return a.cuda < b.cuda; };
  std::sort(catalog.toolkits.begin(), catalog.toolkits.end(), by_cuda);
  std::sort(catalog.coverage.begin(), catalog.coverage.end(), by_cuda);
  return {};
}

Result<void> read_cuda_requirements(CatalogFileReader& file, Catalog& catalog) {
  BERTH_CHECK(file.each_row("requirements",
                            [&](CatalogRow& row) { return read_requirement(row, catalog); }));
  std::sort(catalog.requirements.begin(), catalog.requirements.end(),
            [](const CudaRequirement& a, const CudaRequirement& b) { return a.cuda < b.cuda; });
  return {};
}

Result<void> read_drivers(CatalogFileReader& file, Catalog& catalog) {
  BERTH_CHECK(
      file.each_row("branches", [&](CatalogRow& row) { return read_branch(row, catalog); }));
  BERTH_CHECK(file.each_row("forward_compatibility",
                            [&](CatalogRow& row) { return read_forward(row, catalog); }));
  std::sort(catalog.driver_branches.begin(), catalog.driver_branches.end(),
            [](const DriverBranch& a, const DriverBranch& b) { return a.branch < b.branch; });
  return {};
}

Result<void> read_gpus(CatalogFileReader& file, Catalog& catalog) {
  BERTH_CHECK(file.each_row("capabilities",
                            [&](CatalogRow& row) { return read_capability(row, catalog); }));
  BERTH_CHECK(file.each_row("models", [&](CatalogRow& row) { return read_gpu(row, catalog); }));
  std::sort(catalog.capabilities.begin(), catalog.capabilities.end(),
            [](const Capability& a, const Capability& b) { return a.value < b.value; });
  return {};
}

}  // namespace berth::detail
