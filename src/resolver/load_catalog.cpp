// load_catalog(): parses catalogue files, dispatches each by its `kind`, and checks what only the
// whole can show.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <unordered_set>

#include "catalog_tables.hpp"
#include "resolver/python_rules.hpp"

namespace berth {

namespace {

using TableReader = Result<void> (*)(detail::CatalogFileReader&, Catalog&);
const detail::Choices<TableReader> kKinds = {
    {"cuda", detail::read_cuda},
    {"drivers", detail::read_drivers},
    {"gpus", detail::read_gpus},
    {"framework", detail::read_framework},
    {"library", detail::read_library},
    {"images", detail::read_images},
    {"cuda-images", detail::read_cuda_images},
    {"cuda-requirements", detail::read_cuda_requirements},
};

Result<void> load_file(const EmbeddedFile& file, Catalog& catalog) {
  BERTH_TRY(const detail::JsonNode document, detail::parse_json_tree(file.name, file.content));
  detail::CatalogFileContext context{file.name};
  detail::CatalogRow top(document, context, {});
  const TableReader read = top.choice("kind", kKinds);
  CatalogFile summary;
  summary.name = std::string(file.name);
  summary.kind = top.text("kind");
  summary.updated = top.date_or_empty("updated");
  const auto sources = top.table("sources");
  context.sources.insert(sources.begin(), sources.end());
  if (top.failed()) {
    return top.finish();
  }
  detail::CatalogFileReader reader{top, context};
  BERTH_CHECK(read(reader, catalog));
  BERTH_CHECK(top.finish());
  summary.rows = reader.rows;
  catalog.version = std::max(catalog.version, summary.updated);
  catalog.files.push_back(std::move(summary));
  return {};
}

Result<void> check_images(const Catalog& catalog) {
  std::unordered_set<std::string> references;
  references.reserve(catalog.images.size());
  for (const ImageTag& image : catalog.images) {
    if (!references.insert(image.reference()).second) {
      return fail(Errc::invalid_input,
                  fmt::format("the image `{}` is in the catalogue twice", image.reference()));
    }
  }
  return {};
}

// What is built is published in all its flavours, as a rule.
void mark_siblings(Catalog& catalog) {
  const auto build = [](const ImageTag& image) {
    std::string key = image.repository + (image.is_cpu ? " cpu" : "");
    for (const auto& [name, version] : image.frameworks) {
      key += " " + name + " " + version;
    }
    return key + " " + (image.cuda ? image.cuda->major_minor() : std::string());
  };
  std::unordered_set<std::string> seen;
  for (const ImageTag& image : catalog.images) {
    if (image.evidence == Evidence::live || image.evidence == Evidence::listed) {
      seen.insert(build(image));
    }
  }
  for (ImageTag& image : catalog.images.edit()) {
    image.sibling_seen = image.evidence == Evidence::inferred && seen.contains(build(image));
  }
}

Result<void> check_libraries(const Catalog& catalog) {
  for (const Library& library : catalog.libraries) {
    if (catalog.find_framework(library.name) != nullptr) {
      return fail(Errc::invalid_input,
                  fmt::format("`{}` is a framework and a library at once", library.name));
    }
  }
  return {};
}

}  // namespace

Result<Catalog> load_catalog(const std::vector<EmbeddedFile>& files) {
  Catalog catalog;
  for (const EmbeddedFile& file : files) {
    BERTH_CHECK(load_file(file, catalog));
  }
  BERTH_CHECK(check_images(catalog));
  BERTH_CHECK(check_libraries(catalog));
  mark_siblings(catalog);
  catalog.pythons = resolver::known_pythons(catalog);
  return catalog;
}

}  // namespace berth
