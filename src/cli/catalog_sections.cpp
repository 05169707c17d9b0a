// Tables of the catalogue's facts: each row as cells for people, and in full as JSON for scripts.
#include "cli/catalog_sections.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "berth/base/text.hpp"
#include "cli/null_json.hpp"

namespace berth::cli {

namespace {

using Json = nlohmann::ordered_json;

template <class Value>
std::string text_of(const std::optional<Value>& value) {
  return value ? value->text() : "-";
}

std::string text_or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

// A doubt belongs to what it is about, in every table.
std::string marked(std::string text, const Fact& fact) {
  return fact.uncertain ? std::move(text) + " ?" : text;
}

void add(CatalogSection& section, Cells cells, Json object, const Fact& fact) {
  object["source"] = fact.source;
  object["uncertain"] = fact.uncertain;
  object["note"] = text_or_null(fact.note);
  section.table.push_back(std::move(cells));
  section.objects.push_back(object.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string python_text(const FrameworkRelease& release) {
  if (!release.python_max) {
    return release.python_min ? release.python_min->text() + " or later" : "-";
  }
  return text_of(release.python_min) + " to " + release.python_max->text();
}

std::string builds_text(const FrameworkRelease& release) {
  std::vector<std::string> names;
  for (const FrameworkBuild& build : release.builds) {
    names.push_back(build.is_default ? build.name + "*" : build.name);
  }
  return join(names, " ");
}

Json build_json(const FrameworkBuild& build) {
  return {{"name", build.name},
          {"cuda", version_or_null(build.cuda)},
          {"cudnn", text_or_null(build.cudnn)},
          {"default", build.is_default},
          {"index_url", text_or_null(build.index_url)},
          {"architectures", build.architectures},
          {"min_driver", version_or_null(build.min_driver)},
          {"min_compute_capability", version_or_null(build.min_capability)},
          {"processors", build.processors.names},
          {"exact_cuda", build.exact_cuda}};
}

Json release_json(const FrameworkRelease& release) {
  std::vector<std::string> builds;
  for (const FrameworkBuild& build : release.builds) {
    builds.push_back(build.name);
  }
  return {{"version", release.version_text},
          {"released", text_or_null(release.released)},
          {"python_min", version_or_null(release.python_min)},
          {"python_max", version_or_null(release.python_max)},
          {"builds", builds},
          {"companions", release.companions}};
}

std::string frameworks_text(const ImageTag& image) {
  std::vector<std::string> names;
  for (const auto& [name, version] : image.frameworks) {
    names.push_back(version.empty() ? name : name + " " + version);
  }
  return names.empty() ? "-" : join(names, ", ");
}

std::string_view verdict_text(ForwardCompatibility::Verdict verdict) {
  switch (verdict) {
    case ForwardCompatibility::Verdict::compatible:
      return "compatible";
    case ForwardCompatibility::Verdict::not_needed:
      return "not-needed";
    case ForwardCompatibility::Verdict::not_compatible:
      return "not-compatible";
  }
  return "not-compatible";
}

CatalogSection one_release_section(const FrameworkRelease& release) {
  CatalogSection section{"releases", {{"RELEASE", "RELEASED", "PYTHON", "GOES WITH"}}};
  std::vector<std::string> companions;
  for (const auto& [name, version] : release.companions) {
    companions.push_back(name + " " + version);
  }
  add(section,
      {marked(release.version_text, release.fact), text_or_dash(release.released),
       python_text(release), companions.empty() ? "-" : join(companions, ", ")},
      release_json(release), release.fact);
  if (!release.fact.note.empty()) {
    section.remarks.push_back("note: " + release.fact.note);
  }
  section.remarks.push_back("source: " + release.fact.source);
  return section;
}

CatalogSection builds_section(const FrameworkRelease& release) {
  CatalogSection section{"builds", {{"BUILD", "CUDA", "CUDNN", "CODE FOR", "WHEELS FOR", "INDEX"}}};
  for (const FrameworkBuild& build : release.builds) {
    const std::string name = build.is_default ? build.name + "*" : build.name;
    add(section,
        {marked(name, build.fact), text_of(build.cuda), text_or_dash(build.cudnn),
         build.architectures.empty() ? "-" : join(build.architectures, " "),
         build.processors.names.empty() ? "-" : join(build.processors.names, " "),
         build.index_url.empty() ? "PyPI" : build.index_url},
        build_json(build), build.fact);
  }
  return section;
}

}  // namespace

CatalogSection files_section(const Catalog& catalog) {
  CatalogSection section{"files", {{"FILE", "WHAT", "ROWS", "UPDATED"}}};
  for (const CatalogFile& file : catalog.files) {
    section.table.push_back({file.name, file.kind, std::to_string(file.rows), file.updated});
    section.objects.push_back(Json{{"name", file.name},
                                   {"kind", file.kind},
                                   {"rows", file.rows},
                                   {"updated", text_or_null(file.updated)}}
                                  .dump());
  }
  section.remarks.push_back(fmt::format("{} images; {}; version {}", catalog.images.size(),
                                        join(catalog.framework_names(), ", "), catalog.version));
  return section;
}

CatalogSection releases_section(const Framework& framework) {
  CatalogSection section{"releases", {{"RELEASE", "PYTHON", "BUILDS", "RELEASED"}}};
  for (const FrameworkRelease& release : framework.releases) {
    add(section,
        {marked(release.version_text, release.fact), python_text(release), builds_text(release),
         text_or_dash(release.released)},
        release_json(release), release.fact);
  }
  section.remarks.emplace_back("* what an install gets that names no CUDA   ? in doubt");
  return section;
}

std::vector<CatalogSection> release_sections(const Catalog& catalog, const Framework& framework,
                                             const FrameworkRelease& release) {
  std::vector<const ImageTag*> images;
  for (const ImageTag& image : catalog.images) {
    const auto found = image.frameworks.find(framework.name);
    const auto version =
        found == image.frameworks.end() ? std::nullopt : pep440::Version::parse(found->second);
    if (version && *version == release.version) {
      images.push_back(&image);
    }
  }
  return {one_release_section(release), builds_section(release), images_section(images)};
}

CatalogSection images_section(const std::vector<const ImageTag*>& images) {
  CatalogSection section{"images", {{"IMAGE", "FRAMEWORK", "CUDA", "CUDNN", "PYTHON", "EVIDENCE"}}};
  for (const ImageTag* image : images) {
    add(section,
        {image->reference(), frameworks_text(*image), image->is_cpu ? "cpu" : text_of(image->cuda),
         text_or_dash(image->cudnn), text_or_dash(image->python),
         marked(std::string(name_of(image->evidence)), image->fact)},
        {{"image", image->reference()},
         {"publisher", name_of(image->source)},
         {"flavor", name_of(image->flavor)},
         {"frameworks", image->frameworks},
         {"cpu", image->is_cpu},
         {"cuda", version_or_null(image->cuda)},
         {"cudnn", text_or_null(image->cudnn)},
         {"cudnn_version", text_or_null(image->cudnn_version)},
         {"python", text_or_null(image->python)},
         {"os", text_or_null(image->os)},
         {"architectures", image->architectures},
         {"min_driver", version_or_null(image->min_driver)},
         {"min_compute_capability", version_or_null(image->min_capability)},
         {"evidence", name_of(image->evidence)}},
        image->fact);
  }
  return section;
}

CatalogSection gpus_section(const Catalog& catalog) {
  CatalogSection section{"gpus", {{"GPU", "CAPABILITY", "ARCHITECTURE", "CUDA", "LAST DRIVER"}}};
  for (const GpuModel& gpu : catalog.gpus) {
    const Capability* capability = catalog.find_capability(gpu.capability);
    std::string cuda = "-";
    std::string last_driver = "-";
    if (capability) {
      cuda = text_of(capability->first_cuda) + " to " +
             (capability->last_cuda ? capability->last_cuda->text() : "now");
      last_driver =
          capability->last_driver_branch ? std::to_string(*capability->last_driver_branch) : "-";
    }
    add(section,
        {marked(gpu.name, gpu.fact), gpu.capability.text(),
         capability ? capability->architecture : "-", cuda, last_driver},
        {{"name", gpu.name},
         {"compute_capability", gpu.capability.text()},
         {"architecture", capability ? Json(capability->architecture) : Json(nullptr)},
         {"data_center", gpu.data_center}},
        gpu.fact);
  }
  return section;
}

std::vector<CatalogSection> driver_sections(const Catalog& catalog) {
  CatalogSection branches{"branches", {{"BRANCH", "CUDA", "LIFECYCLE", "END OF LIFE"}}};
  for (const DriverBranch& row : catalog.driver_branches) {
    add(branches,
        {marked(std::to_string(row.branch), row.fact), row.max_cuda.text(),
         text_or_dash(row.lifecycle), text_or_dash(row.end_of_life)},
        {{"branch", row.branch},
         {"cuda", row.max_cuda.text()},
         {"lifecycle", text_or_null(row.lifecycle)},
         {"end_of_life", text_or_null(row.end_of_life)}},
        row.fact);
  }
  CatalogSection forward{"forward_compatibility", {{"CUDA-COMPAT", "DRIVER", "VERDICT"}}};
  for (const ForwardCompatibility& row : catalog.forward_compatibility) {
    add(forward,
        {row.cuda.text(), std::to_string(row.driver_branch),
         std::string(verdict_text(row.verdict))},
        {{"cuda", row.cuda.text()},
         {"driver_branch", row.driver_branch},
         {"verdict", verdict_text(row.verdict)}},
        row.fact);
  }
  return {std::move(branches), std::move(forward)};
}

std::vector<CatalogSection> cuda_sections(const Catalog& catalog) {
  CatalogSection toolkits{"toolkits", {{"CUDA", "DRIVER", "BY MINOR VERSION", "NAME"}}};
  for (const Toolkit& row : catalog.toolkits) {
    const std::optional<DriverVersion> minor = catalog.minor_driver(row.cuda);
    add(toolkits,
        {marked(row.cuda.text(), row.fact), text_of(row.min_driver), text_of(minor),
         text_or_dash(row.label)},
        {{"cuda", row.cuda.text()},
         {"label", text_or_null(row.label)},
         {"min_driver", version_or_null(row.min_driver)},
         {"minor_version_driver", version_or_null(minor)},
         {"bundled_driver", version_or_null(row.bundled_driver)}},
        row.fact);
  }
  CatalogSection coverage{"coverage", {{"CUDA", "CODE FROM", "TO"}}};
  for (const CudaCoverage& row : catalog.coverage) {
    add(coverage, {row.cuda.text(), row.min.text(), row.max.text()},
        {{"cuda", row.cuda.text()},
         {"min_compute_capability", row.min.text()},
         {"max_compute_capability", row.max.text()}},
        row.fact);
  }
  return {std::move(toolkits), std::move(coverage)};
}

}  // namespace berth::cli
