// Finds what was asked for in the catalogue, and says what there is where it is not.
#include "cli/catalog_report.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "cli/catalog_libraries.hpp"
#include "cli/catalog_sections.hpp"

namespace berth::cli {

namespace {

const std::vector<std::string>& other_topics() {
  static const std::vector<std::string> kTopics = {"images", "gpus", "drivers", "cuda"};
  return kTopics;
}

Failure unknown_topic(const Catalog& catalog, const std::string& topic) {
  std::vector<std::string> topics = catalog.framework_names();
  topics.insert(topics.end(), other_topics().begin(), other_topics().end());
  const std::string listed = join(topics, ", ");
  const std::vector<std::string> libraries = library_names(catalog);
  topics.insert(topics.end(), libraries.begin(), libraries.end());
  Error error{Errc::usage, fmt::format("unknown topic `{}`", printable(topic))};
  if (const std::optional<std::string> meant = nearest(topic, topics)) {
    error.note(fmt::format("did you mean `{}`?", *meant));
  }
  error.note(fmt::format("topics are {}, and libraries: {}", listed, join(libraries, ", ")));
  return fail(std::move(error).hint("`berth catalog` shows what is in the catalogue"));
}

Failure unknown_release_of(const Framework& framework, const std::string& release) {
  std::vector<KnownRelease> known;
  for (const FrameworkRelease& row : framework.releases) {
    known.push_back({row.version, row.version_text});
  }
  return unknown_release(framework.name, release, known);
}

Result<std::vector<CatalogSection>> framework_sections(const Catalog& catalog,
                                                       const Framework& framework,
                                                       const std::string& release) {
  if (release.empty()) {
    return std::vector<CatalogSection>{releases_section(framework)};
  }
  const auto version = pep440::Version::parse(release);
  const auto found =
      std::find_if(framework.releases.begin(), framework.releases.end(),
                   [&](const FrameworkRelease& row) { return version && row.version == *version; });
  if (found == framework.releases.end()) {
    return unknown_release_of(framework, release);
  }
  return release_sections(catalog, framework, *found);
}

// The filters of `berth catalog images`, parsed.
struct ImageFilter {
  const Framework* framework = nullptr;
  std::optional<CudaVersion> cuda{};
  std::optional<Evidence> evidence{};

  bool matches(const ImageTag& image) const {
    return (!framework || image.frameworks.count(framework->name) > 0) &&
           (!cuda || (image.cuda && cuda->covers(*image.cuda))) &&
           (!evidence || image.evidence == *evidence);
  }
};

Result<ImageFilter> parse_filter(const Catalog& catalog, const CatalogQuery& query) {
  ImageFilter filter;
  if (query.framework) {
    filter.framework = catalog.find_framework(*query.framework);
    if (!filter.framework) {
      return fail(
          Error{Errc::usage, fmt::format("unknown framework `{}`", printable(*query.framework))}
              .note("the catalogue has " + join(catalog.framework_names(), ", ")));
    }
  }
  if (query.cuda) {
    filter.cuda = CudaVersion::parse(*query.cuda);
    if (!filter.cuda) {
      return fail(
          Error{Errc::usage, fmt::format("`{}` is no CUDA version", printable(*query.cuda))}.hint(
              "`--cuda 12.1` is one"));
    }
  }
  if (query.evidence) {
    for (const Evidence evidence :
         {Evidence::live, Evidence::listed, Evidence::inferred, Evidence::withdrawn}) {
      if (name_of(evidence) == *query.evidence) {
        filter.evidence = evidence;
      }
    }
    if (!filter.evidence) {
      return fail(
          Error{Errc::usage, fmt::format("`{}` is no evidence", printable(*query.evidence))}.note(
              "it is one of live, listed, inferred, withdrawn"));
    }
  }
  return filter;
}

Result<std::vector<CatalogSection>> sections_of(const Catalog& catalog, const CatalogQuery& query) {
  using Sections = std::vector<CatalogSection>;
  if (query.topic.empty()) {
    return Sections{files_section(catalog)};
  }
  if (query.topic == "images") {
    BERTH_TRY(const ImageFilter filter, parse_filter(catalog, query));
    std::vector<const ImageTag*> images;
    for (const ImageTag& image : catalog.images) {
      if (filter.matches(image)) {
        images.push_back(&image);
      }
    }
    return Sections{images_section(images)};
  }
  if (query.topic == "gpus") {
    return Sections{gpus_section(catalog)};
  }
  if (query.topic == "drivers") {
    return driver_sections(catalog);
  }
  if (query.topic == "cuda") {
    return cuda_sections(catalog);
  }
  const Framework* framework = catalog.find_framework(query.topic);
  if (framework == nullptr) {
    BERTH_TRY(std::optional<Sections> library,
              library_sections(catalog, query.topic, query.release));
    return library ? Result<Sections>(*std::move(library)) : unknown_topic(catalog, query.topic);
  }
  return framework_sections(catalog, *framework, query.release);
}

}  // namespace

Result<CatalogReport> make_catalog_report(const Catalog& catalog, const CatalogQuery& query) {
  const bool has_release = !query.release.empty();
  const bool is_other =
      std::find(other_topics().begin(), other_topics().end(), query.topic) != other_topics().end();
  if (has_release && is_other) {
    return fail(Error{Errc::usage, fmt::format("`{}` has no releases", query.topic)}.hint(
        fmt::format("`berth catalog {}` shows it", query.topic)));
  }
  if (query.topic != "images" && (query.framework || query.cuda || query.evidence)) {
    return fail(Error{Errc::usage, "--framework, --cuda and --evidence choose among images"}.hint(
        "`berth catalog images --framework torch --cuda 12.1` shows them"));
  }
  CatalogReport report;
  report.topic = query.topic.empty() ? "overview" : query.topic;
  report.version = catalog.version;
  BERTH_TRY(report.sections, sections_of(catalog, query));
  return report;
}

void print_catalog(std::ostream& out, const Terminal& terminal, const CatalogReport& report) {
  bool first = true;
  for (const CatalogSection& section : report.sections) {
    if (section.objects.empty()) {
      continue;
    }
    out << (first ? "" : "\n");
    first = false;
    print_columns(out, terminal, section.table);
    for (const std::string& remark : section.remarks) {
      out << terminal.styled(Style::faint, remark) << '\n';
    }
  }
}

std::string catalog_document(const CatalogReport& report) {
  using Json = nlohmann::ordered_json;
  Json document = {
      {"schema", "berth/catalog/1"}, {"topic", report.topic}, {"version", report.version}};
  for (const CatalogSection& section : report.sections) {
    Json rows = Json::array();
    for (const std::string& object : section.objects) {
      rows.push_back(Json::parse(object, nullptr, false));
    }
    document[section.name] = std::move(rows);
  }
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace berth::cli
