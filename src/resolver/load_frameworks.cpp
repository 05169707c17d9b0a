// Catalogue files about frameworks: releases, and the builds of each for one CUDA.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <unordered_map>

#include "berth/base/pep508.hpp"
#include "berth/base/text.hpp"
#include "catalog_tables.hpp"

namespace berth::detail {

namespace {

// Where wheels are, by the file's own short names; `{build}` stands for the build's name.
using Indexes = std::map<std::string, std::string>;

std::string index_url(CatalogRow& row, const Indexes& indexes, std::string_view build) {
  constexpr std::string_view kPlace = "{build}";
  const std::string key = row.text_or_empty("index");
  if (key.empty()) {
    return "";
  }
  const auto found = indexes.find(key);
  if (found == indexes.end()) {
    row.wrong(fmt::format("`index` is `{}`, which is not among the file's `indexes`", key));
    return "";
  }
  std::string url = found->second;
  if (const std::size_t place = url.find(kPlace); place != std::string::npos) {
    url.replace(place, kPlace.size(), build);
  }
  return url;
}

// "80 86 90a" of `sm` and "120" of `ptx`: sm_80, sm_86, sm_90a, compute_120.
void add_architectures(CatalogRow& row, const char* key, std::string_view prefix,
                       std::vector<std::string>& architectures) {
  const std::string written = row.text_or_empty(key);
  if (written.empty()) {
    return;
  }
  for (const std::string& number : split(written, ' ')) {
    std::string architecture = std::string(prefix) + number;
    if (!ComputeCapability::parse(architecture)) {
      row.wrong(fmt::format("`{}`: `{}` is no compute capability", key, number));
      return;
    }
    architectures.push_back(std::move(architecture));
  }
}

Result<void> read_release(CatalogRow& row, Framework& framework) {
  const std::string version_text = row.text("version");
  const auto version = row.parsed<pep440::Version>("version");
  const auto python_min = row.parsed_if_any<PythonVersion>("python_min");
  const auto python_max = row.parsed_if_any<PythonVersion>("python_max");
  auto companions = row.table("companions");
  std::string released = row.date_or_empty("released");
  Fact fact = row.fact();
  if (python_min && python_max && *python_max < *python_min) {
    row.wrong("`python_max` is below `python_min`");
  }
  BERTH_CHECK(row.finish());
  framework.releases.push_back({*version,
                                version_text,
                                python_min,
                                python_max,
                                {},
                                std::move(companions),
                                std::move(released),
                                std::move(fact)});
  return {};
}

// What a file says of all its rows, where a row says nothing of its own.
struct BuildDefaults {
  Indexes indexes;
  Processors processors;
};

Result<void> read_build(CatalogRow& row, const BuildDefaults& defaults,
                        const std::unordered_map<std::string, std::size_t>& positions,
                        Framework& framework) {
  const std::string release = row.text("release");
  FrameworkBuild build;
  build.name = row.text("name");
  build.cuda = row.parsed<CudaVersion>("cuda");
  build.cudnn = row.text_or_empty("cudnn");
  if (!build.cudnn.empty()) {
    row.parsed<CudnnVersion>("cudnn");
  }
  build.index_url = index_url(row, defaults.indexes, build.name);
  build.is_default = row.flag("default");
  add_architectures(row, "sm", "sm_", build.architectures);
  add_architectures(row, "ptx", "compute_", build.architectures);
  build.min_driver = row.parsed_if_any<DriverVersion>("min_driver");
  build.min_capability = row.parsed_if_any<ComputeCapability>("min_capability");
  build.exact_cuda = row.flag("exact_cuda");
  build.fact = row.fact();
  build.processors = processors_of(row, build.fact, defaults.processors);
  BERTH_CHECK(row.finish());
  const auto position = positions.find(release);
  if (position == positions.end()) {
    row.wrong(fmt::format("`release` is `{}`, which is not among the file's `releases`", release));
    return row.finish();
  }
  std::vector<FrameworkBuild>& builds = framework.releases[position->second].builds;
  for (const FrameworkBuild& other : builds) {
    if (other.name == build.name) {
      row.wrong(twice(release + " " + build.name));
    } else if (other.is_default && build.is_default) {
      row.wrong(fmt::format("{} has a default build already, `{}`", release, other.name));
    }
  }
  builds.push_back(std::move(build));
  return row.finish();
}

// A CPU build exists for every release, where the file says so in one place.
Result<void> add_cpu_builds(CatalogFileReader& file, const Indexes& indexes, Framework& framework) {
  const JsonNode* object = file.top.object_if_any("cpu_build");
  if (!object) {
    return {};
  }
  CatalogRow row(*object, file.context, {"cpu_build", 0});
  FrameworkBuild build;
  build.name = "cpu";
  build.index_url = index_url(row, indexes, build.name);
  build.fact = row.fact();
  BERTH_CHECK(row.finish());
  for (FrameworkRelease& release : framework.releases) {
    release.builds.push_back(build);
  }
  return {};
}

// Newest first; a release that is there twice, in whichever spelling, is an error.
Result<void> sort_releases(CatalogFileReader& file, Framework& framework) {
  std::vector<FrameworkRelease>& releases = framework.releases;
  std::stable_sort(
      releases.begin(), releases.end(),
      [](const FrameworkRelease& a, const FrameworkRelease& b) { return a.version > b.version; });
  const auto same = std::adjacent_find(
      releases.begin(), releases.end(),
      [](const FrameworkRelease& a, const FrameworkRelease& b) { return a.version == b.version; });
  if (same != releases.end()) {
    file.top.wrong(fmt::format("`releases`: {}", twice(same->version_text)));
    return file.top.finish();
  }
  for (FrameworkRelease& release : releases) {
    std::stable_sort(
        release.builds.begin(), release.builds.end(),
        [](const FrameworkBuild& a, const FrameworkBuild& b) { return *a.cuda < *b.cuda; });
  }
  return {};
}

}  // namespace

Result<Processors> read_processors(CatalogFileReader& file) {
  const JsonNode* object = file.top.object_if_any("wheels");
  if (object == nullptr) {
    return Processors{};
  }
  CatalogRow row(*object, file.context, {"wheels", 0});
  Processors processors{row.architectures("processors"), row.fact().source};
  BERTH_CHECK(row.finish());
  return processors;
}

Processors processors_of(CatalogRow& row, const Fact& fact, const Processors& of_file) {
  return row.has("processors") ? Processors{row.architectures("processors"), fact.source} : of_file;
}

Result<void> read_framework(CatalogFileReader& file, Catalog& catalog) {
  Framework framework;
  framework.name = file.top.text("name");
  framework.packages = file.top.texts("packages");
  framework.beside = file.top.flag("beside");
  framework.brings_cudnn = file.top.flag("brings_cudnn");
  const Indexes indexes = file.top.table("indexes");
  BERTH_TRY(Processors processors, read_processors(file));
  const BuildDefaults defaults{indexes, std::move(processors)};
  if (catalog.find_framework(framework.name)) {
    file.top.wrong(twice(framework.name));
  }
  for (std::string& package : framework.packages) {
    package = pep508::normalised_name(package);
  }
  BERTH_CHECK(
      file.each_row("releases", [&](CatalogRow& row) { return read_release(row, framework); }));
  std::unordered_map<std::string, std::size_t> positions;
  for (std::size_t i = 0; i < framework.releases.size(); ++i) {
    positions.emplace(framework.releases[i].version_text, i);
  }
  BERTH_CHECK(file.each_row(
      "builds", [&](CatalogRow& row) { return read_build(row, defaults, positions, framework); }));
  BERTH_CHECK(sort_releases(file, framework));
  BERTH_CHECK(add_cpu_builds(file, defaults.indexes, framework));
  catalog.frameworks.push_back(std::move(framework));
  return {};
}

}  // namespace berth::detail
