// load_catalog(): parses catalogue files, dispatches each by its `kind`, and checks what only the
// whole can show.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <unordered_set>

#include "catalog_tables.hpp"

namespace berth {

namespace {

using nlohmann::json;

// nlohmann keeps the last of two equal keys and says nothing; a fact would be lost.
class DuplicateKeys {
 public:
  bool operator()(int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) {
      seen_.emplace_back();
    } else if (event == json::parse_event_t::object_end && !seen_.empty()) {
      seen_.pop_back();
    } else if (event == json::parse_event_t::key && !seen_.empty()) {
      std::vector<std::string>& keys = seen_.back();
      const auto& key = parsed.get_ref<const std::string&>();
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) {
        found_ = key;
      }
      keys.push_back(key);
    }
    return true;
  }
  const std::string& found() const { return found_; }

 private:
  std::vector<std::vector<std::string>> seen_;
  std::string found_;
};

Result<json> parse_json(const EmbeddedFile& file) {
  DuplicateKeys duplicates;
  try {
    json document = json::parse(file.content,
                                [&duplicates](int depth, json::parse_event_t event, json& parsed) {
                                  return duplicates(depth, event, parsed);
                                });
    if (!duplicates.found().empty()) {
      return fail(Errc::invalid_input, fmt::format("`{}`: an object has the key `{}` twice",
                                                   file.name, duplicates.found()));
    }
    return document;
  } catch (const json::parse_error& error) {
    return fail(
        Error{Errc::invalid_input, fmt::format("`{}` is no JSON", file.name)}.note(error.what()));
  } catch (const json::exception& error) {
    return fail(Error{Errc::invalid_input, fmt::format("`{}` cannot be read", file.name)}.note(
        error.what()));
  }
}

using TableReader = Result<void> (*)(detail::CatalogFileReader&, Catalog&);
const detail::Choices<TableReader> kKinds = {
    {"cuda", detail::read_cuda},     {"drivers", detail::read_drivers},
    {"gpus", detail::read_gpus},     {"framework", detail::read_framework},
    {"images", detail::read_images}, {"cuda-images", detail::read_cuda_images},
};

Result<void> load_file(const EmbeddedFile& file, Catalog& catalog) {
  BERTH_TRY(const json document, parse_json(file));
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

}  // namespace

Result<Catalog> load_catalog(const std::vector<EmbeddedFile>& files) {
  Catalog catalog;
  for (const EmbeddedFile& file : files) {
    BERTH_CHECK(load_file(file, catalog));
  }
  BERTH_CHECK(check_images(catalog));
  return catalog;
}

}  // namespace berth
