// Catalogue files about images: one row per tag, and nvidia/cuda's, where a row stands for all
// combinations of its flavours and operating systems.
#include <algorithm>

#include "catalog_tables.hpp"
#include "resolver/python_rules.hpp"

namespace berth::detail {

namespace {

const Choices<Evidence> kEvidence = {{"live", Evidence::live},
                                     {"listed", Evidence::listed},
                                     {"inferred", Evidence::inferred},
                                     {"withdrawn", Evidence::withdrawn}};
const Choices<Flavor> kFlavors = {
    {"base", Flavor::base}, {"runtime", Flavor::runtime}, {"devel", Flavor::devel}};
const Choices<ImageSource> kPublishers = {{"official", ImageSource::official},
                                          {"ngc", ImageSource::ngc}};

// What rows of a file have in common and need not repeat.
struct ImageDefaults {
  ImageSource source = ImageSource::official;
  std::string repository{};
  std::vector<std::string> architectures{};
};

// A colon is before a registry's port.
void check_characters(CatalogRow& row, std::string_view what, std::string_view text) {
  const std::string_view signs = what == "repository" ? "._-/:" : "._-/";
  const bool fine = !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           signs.find(c) != std::string_view::npos;
  });
  if (!fine) {
    row.wrong(std::string("`").append(what).append("` has characters that no image has"));
  }
}

void read_framework_versions(CatalogRow& row, ImageTag& image) {
  image.frameworks = row.table("frameworks");
  for (const auto& [name, text] : image.frameworks) {
    const std::optional<pep440::Version> version = pep440::Version::parse(text);
    if (version) {
      image.versions.emplace(name, *version);
    } else if (!text.empty()) {
      row.wrong("`frameworks`: `" + text + "` is no version");
    }
  }
}

Result<void> read_image(CatalogRow& row, const ImageDefaults& defaults, Catalog& catalog) {
  ImageTag image;
  image.source = defaults.source;
  image.repository = row.has("repository") ? row.text("repository") : defaults.repository;
  image.tag = row.text("tag");
  image.flavor = row.choice("flavor", kFlavors);
  read_framework_versions(row, image);
  image.is_cpu = row.flag("cpu");
  image.cuda = row.parsed_if_any<CudaVersion>("cuda");
  image.cudnn = row.text_or_empty("cudnn");
  image.python = row.text_or_empty("python");
  image.python_series = resolver::series_version(image.python);
  image.os = row.text_or_empty("os");
  image.architectures =
      row.has("architectures") ? row.architectures("architectures") : defaults.architectures;
  image.min_driver = row.parsed_if_any<DriverVersion>("min_driver");
  image.min_capability = row.parsed_if_any<ComputeCapability>("min_capability");
  image.evidence = row.choice("evidence", kEvidence);
  image.fact = row.fact();
  row.parsed_if_any<CudnnVersion>("cudnn");
  row.parsed_if_any<PythonVersion>("python");
  check_characters(row, "repository", image.repository);
  check_characters(row, "tag", image.tag);
  if (image.is_cpu && image.cuda) {
    row.wrong("`cpu` and `cuda` exclude each other");
  }
  BERTH_CHECK(row.finish());
  catalog.images.edit().push_back(std::move(image));
  return {};
}

// A row of nvidia/cuda: cuda-[label-]flavor[-os][-suffix] for each flavour and operating system.
struct CudaImageRow {
  ImageTag image{};  // without tag, flavour and operating system
  std::string label{};
  std::string suffix{};
  std::vector<Flavor> flavors{};
  std::vector<std::string> systems{};

  std::string tag(Flavor flavor, const std::string& os) const {
    std::string tag = image.cuda->text();
    for (const std::string_view part : {std::string_view(label), name_of(flavor),
                                        std::string_view(os), std::string_view(suffix)}) {
      if (!part.empty()) {
        tag.append("-").append(part);
      }
    }
    return tag;
  }
};

std::vector<Flavor> read_flavors(CatalogRow& row) {
  std::vector<Flavor> flavors;
  for (const std::string& written : row.texts("flavors")) {
    const auto found = std::find_if(kFlavors.begin(), kFlavors.end(),
                                    [&](const auto& known) { return known.first == written; });
    if (found == kFlavors.end()) {
      row.wrong("`flavors`: expected base, runtime or devel");
      break;
    }
    flavors.push_back(found->second);
  }
  return flavors;
}

Result<void> read_cuda_image_row(CatalogRow& row, const std::string& repository, Catalog& catalog) {
  CudaImageRow set;
  set.image.repository = repository;
  set.image.source = ImageSource::cuda_base;
  set.image.cuda = row.parsed<CudaVersion>("cuda");
  set.label = row.text_or_empty("label");
  set.suffix = row.text_or_empty("suffix");
  set.image.cudnn = row.text_or_empty("cudnn");
  set.image.cudnn_version = row.text_or_empty("cudnn_version");
  set.flavors = read_flavors(row);
  set.systems = row.texts("os");
  set.image.architectures = row.architectures("architectures");
  set.image.evidence = row.choice("evidence", kEvidence);
  set.image.fact = row.fact();
  row.parsed_if_any<CudnnVersion>("cudnn");
  row.parsed_if_any<CudnnVersion>("cudnn_version");
  if (set.flavors.empty() || set.systems.empty()) {
    row.wrong("`flavors` and `os` must name at least one each");
  }
  BERTH_CHECK(row.finish());
  for (const Flavor flavor : set.flavors) {
    for (const std::string& os : set.systems) {
      ImageTag image = set.image;
      image.tag = set.tag(flavor, os);
      image.flavor = flavor;
      image.os = os;
      check_characters(row, "tag", image.tag);
      catalog.images.edit().push_back(std::move(image));
    }
  }
  return row.finish();
}

Result<void> read_base_system(CatalogRow& row, Catalog& catalog) {
  BaseSystem system;
  system.os = row.text("os");
  for (const std::string& written : row.texts("pythons")) {
    if (const std::optional<PythonVersion> python = PythonVersion::parse(written)) {
      system.pythons.push_back(*python);
    } else {
      row.wrong("`pythons`: `" + written + "` is no version");
    }
  }
  system.fact = row.fact();
  if (!catalog.pythons_of_system(system.os).empty()) {
    row.wrong(twice(system.os));
  }
  BERTH_CHECK(row.finish());
  std::sort(system.pythons.begin(), system.pythons.end());
  catalog.base_systems.push_back(std::move(system));
  return {};
}

}  // namespace

Result<void> read_images(CatalogFileReader& file, Catalog& catalog) {
  ImageDefaults defaults;
  defaults.source = file.top.choice("publisher", kPublishers);
  defaults.repository = file.top.text_or_empty("repository");
  defaults.architectures = file.top.architectures("architectures");
  return file.each_row("images",
                       [&](CatalogRow& row) { return read_image(row, defaults, catalog); });
}

Result<void> read_cuda_images(CatalogFileReader& file, Catalog& catalog) {
  const std::string repository = file.top.text("repository");
  check_characters(file.top, "repository", repository);
  if (file.top.has("systems")) {
    BERTH_CHECK(
        file.each_row("systems", [&](CatalogRow& row) { return read_base_system(row, catalog); }));
  }
  return file.each_row(
      "tags", [&](CatalogRow& row) { return read_cuda_image_row(row, repository, catalog); });
}

}  // namespace berth::detail
