// Looks for what a catalogue file gets wrong without being unreadable. load_catalog() is the first
// check; these are about facts that do not go together, and about rows that somebody forgot.
#include "berth/resolver/catalog_check.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "berth/base/text.hpp"
#include "berth/resolver/catalog.hpp"
#include "resolver/catalog_cross_checks.hpp"
#include "resolver/catalog_findings.hpp"
#include "resolver/catalog_row_checks.hpp"
#include "resolver/catalog_rows.hpp"

namespace berth {

namespace {

using detail::JsonNode;
using detail::text_of;
using Level = CatalogFinding::Level;

std::string place(const std::string& table, std::size_t index) {
  return fmt::format("{}[{}]", table, index);
}

// A file, and what there is in it.
struct CheckedFile {
  std::string name{};
  JsonNode document{};
  bool is_json = false;
  std::string unreadable{};  // why load_catalog() takes it not; empty: it does
};

// Only what can be looked up is judged: unreadable files have their own finding.
class CatalogCheck {
 public:
  CatalogCheck(const std::vector<EmbeddedFile>& files, std::string today)
      : today_(std::move(today)) {
    for (const EmbeddedFile& file : files) {
      const Result<Catalog> alone = load_catalog({file});
      Result<JsonNode> document = detail::parse_json_tree(file.name, file.content);
      files_.push_back({std::string(file.name), document ? *document : JsonNode{},
                        document.has_value(), alone ? "" : alone.error().message});
      if (alone) {
        readable_.push_back(file);
      }
    }
    all_readable_ = readable_.size() == files.size();
  }

  std::vector<CatalogFinding> run() {
    if (Result<Catalog> whole = load_catalog(readable_)) {
      catalog_ = *std::move(whole);
      is_whole_ = true;
    }
    for (const CheckedFile& file : files_) {
      check_file(file);
    }
    if (is_whole_ && all_readable_) {
      for (CatalogFinding& finding : detail::check_across(catalog_)) {
        findings_.push_back(std::move(finding));
      }
    }
    const bool is_told =
        std::any_of(findings_.begin(), findings_.end(),
                    [](const CatalogFinding& finding) { return finding.level == Level::error; });
    if (!is_whole_ && !is_told) {
      tell(Level::error, "unreadable", {}, {}, load_catalog(readable_).error().message);
    }
    if (left_out_ > 0) {
      tell(Level::warning, "not-checked", {}, {},
           fmt::format("{} finding{} about what may be in the unreadable files {} left out: mend "
                       "those first",
                       left_out_, left_out_ == 1 ? "" : "s", left_out_ == 1 ? "is" : "are"));
    }
    return detail::summed_up(std::move(findings_));
  }

 private:
  void tell(Level level, std::string code, std::string file, std::string row, std::string text) {
    findings_.push_back({level, std::move(code), std::move(file), std::move(row), std::move(text)});
  }

  void check_file(const CheckedFile& file) {
    const JsonNode& document = file.document;
    name_ = file.name;
    kind_ = text_of(document, "kind");
    const std::size_t before = findings_.size();
    if (file.is_json) {
      for (CatalogFinding& finding : detail::check_rows(name_, document, today_)) {
        findings_.push_back(std::move(finding));
      }
      detail::for_each_row(document,
                           [&](const std::string& table, std::size_t index, const JsonNode& row) {
                             row_ = place(table, index);
                             check_identity(table, document, row);
                           });
    }
    if (!file.unreadable.empty()) {
      tell_unreadable(file, before);
      return;
    }
    check_sources(document);
    check_library(document);
    if (is_whole_) {
      detail::for_each_row(document,
                           [&](const std::string& table, std::size_t index, const JsonNode& row) {
                             row_ = place(table, index);
                             check_row(table, document, row);
                           });
    }
    if (kind_ == "framework") {
      check_releases(document);
    }
  }

  // What is wrong with that row has been told, with more words.
  void tell_unreadable(const CheckedFile& file, std::size_t before) {
    const auto explains = [&file](const CatalogFinding& finding) {
      return file.unreadable.find(fmt::format(", {}: ", finding.row)) != std::string::npos ||
             (finding.code == "row-twice" && file.unreadable.find("twice") != std::string::npos);
    };
    if (std::none_of(findings_.begin() + static_cast<std::ptrdiff_t>(before), findings_.end(),
                     explains)) {
      tell(Level::error, "unreadable", name_, {}, file.unreadable);
    }
  }

  void in_row(Level level, std::string code, std::string text) {
    tell(level, std::move(code), name_, row_, std::move(text));
  }

  // About what is in another file, which may be one that cannot be read.
  void across(Level level, std::string code, std::string text) {
    if (all_readable_) {
      in_row(level, std::move(code), std::move(text));
    } else {
      ++left_out_;
    }
  }

  // Of a whole catalogue alone: where a file is unreadable, its framework may be in that.
  void check_library(const JsonNode& document) {
    const std::string framework = text_of(document, "framework");
    if (kind_ == "library" && is_whole_ && all_readable_ &&
        catalog_.find_framework(framework) == nullptr) {
      tell(Level::error, "library-without-framework", name_, {},
           fmt::format("no file is about `{}`, which it belongs to", framework));
    }
  }

  // That each source is defined is load_catalog()'s to say.
  void check_sources(const JsonNode& document) {
    std::set<std::string> used;
    const auto use = [&used](const JsonNode& row) {
      for (const std::string& key : split(text_of(row, "source"), ' ')) {
        used.insert(key);
      }
    };
    for (const char* one_row : {"cpu_build", "wheels"}) {
      if (const JsonNode* object = detail::member_of(document, one_row)) {
        use(*object);
      }
    }
    detail::for_each_row(document,
                         [&](const std::string&, std::size_t, const JsonNode& row) { use(row); });
    const JsonNode* sources = detail::member_of(document, "sources");
    for (const JsonNode::Member& source : sources == nullptr ? kNone.members : sources->members) {
      if (used.count(source.first) == 0) {
        tell(Level::warning, "source-unused", name_, "sources",
             fmt::format("no row names the source `{}`", source.first));
      }
    }
  }

  // Across files, too: an image may be in two of them.
  void check_identity(const std::string& table, const JsonNode& document, const JsonNode& row) {
    // Releases and builds are those of one framework or library.
    const bool is_scoped = kind_ == "framework" || kind_ == "library";
    const std::string scope = is_scoped ? text_of(document, "name") : std::string();
    for (const std::string& identity : detail::row_identities(table, document, row)) {
      const auto [known, is_new] = identities_.try_emplace(
          table + " " + scope + " " + lowered(identity), name_ + ", " + row_, &row);
      if (!is_new) {
        const std::string differs = detail::contradiction(*known->second.second, row);
        in_row(Level::error, "row-twice",
               fmt::format("`{}` is there already: {}{}", identity, known->second.first,
                           differs.empty() ? "" : "; they contradict each other: " + differs));
        return;  // a row that stands for many
      }
    }
  }

  void check_row(const std::string& table, const JsonNode& document, const JsonNode& row) {
    if (table == "builds") {
      check_build(document, row);
    } else if (table == "images") {
      check_image(document, row);
    } else if (table == "models") {
      check_model(row);
    }
    if (table == "builds" || table == "images" || table == "tags") {
      check_cuda(row);
    }
  }

  void check_cuda(const JsonNode& row) {
    const std::optional<CudaVersion> cuda = CudaVersion::parse(text_of(row, "cuda"));
    if (!cuda) {
      return;
    }
    const CudaVersion series = *CudaVersion::parse(cuda->major_minor());
    const bool known =
        std::any_of(catalog_.toolkits.begin(), catalog_.toolkits.end(),
                    [&](const Toolkit& toolkit) { return series.covers(toolkit.cuda); });
    if (!known) {
      across(Level::warning, "cuda-unknown",
             fmt::format("no toolkit row is about CUDA {}: the driver that it needs is not known",
                         series.text()));
    }
  }

  const CudaCoverage* coverage_of(const CudaVersion& cuda) const {
    for (const CudaCoverage& row : catalog_.coverage) {
      if (row.cuda.major_minor() == cuda.major_minor()) {
        return &row;
      }
    }
    return nullptr;
  }

  void check_build(const JsonNode& document, const JsonNode& row) {
    const std::optional<CudaVersion> cuda = CudaVersion::parse(text_of(row, "cuda"));
    const CudaCoverage* coverage = cuda ? coverage_of(*cuda) : nullptr;
    for (const std::string& number : split(text_of(row, "sm") + " " + text_of(row, "ptx"), ' ')) {
      const auto value = ComputeCapability::parse("sm_" + number);
      if (coverage != nullptr && value && (*value < coverage->min || coverage->max < *value)) {
        in_row(Level::error, "capability-outside-cuda",
               fmt::format("CUDA {} compiles for {} to {}, and the build lists {}",
                           coverage->cuda.text(), coverage->min.text(), coverage->max.text(),
                           value->text()));
      }
    }
    if (text_of(row, "sm").empty() && text_of(row, "ptx").empty()) {
      in_row(Level::note, "build-without-capabilities",
             "which GPUs it has code for is not known: what its CUDA can compile for decides");
    }
    const std::string framework = text_of(document, "name");
    if (cuda && !has_image(framework, text_of(row, "release"), *cuda) &&
        has_official_images(framework)) {
      across(Level::note, "build-without-image",
             fmt::format("no official image has {} {} for CUDA {}: it goes on a CUDA image",
                         framework, text_of(row, "release"), cuda->major_minor()));
    }
  }

  static bool holds(const ImageTag& image, const std::string& framework,
                    const std::string& version) {
    const auto found = image.frameworks.find(framework);
    if (found == image.frameworks.end() || image.source != ImageSource::official) {
      return false;
    }
    return version.empty() ||
           pep440::Version::parse(found->second) == pep440::Version::parse(version);
  }

  bool has_official_images(const std::string& framework) const {
    return std::any_of(catalog_.images.begin(), catalog_.images.end(),
                       [&](const ImageTag& image) { return holds(image, framework, {}); });
  }

  bool has_image(const std::string& framework, const std::string& release,
                 const CudaVersion& cuda) const {
    return std::any_of(catalog_.images.begin(), catalog_.images.end(), [&](const ImageTag& image) {
      return holds(image, framework, release) && image.cuda &&
             image.cuda->major_minor() == cuda.major_minor();
    });
  }

  // NVIDIA's containers hold versions that were never released.
  void check_image(const JsonNode& document, const JsonNode& row) {
    const JsonNode* frameworks = detail::member_of(row, "frameworks");
    if (text_of(document, "publisher") != "official" || frameworks == nullptr) {
      return;
    }
    for (const auto& [name, version] : frameworks->members) {
      const Framework* framework = catalog_.find_framework(name);
      const auto wanted = pep440::Version::parse(version.text);
      if (framework == nullptr) {
        across(Level::error, "image-without-framework", fmt::format("no file is about `{}`", name));
      } else if (wanted && std::none_of(framework->releases.begin(), framework->releases.end(),
                                        [&](const FrameworkRelease& release) {
                                          return release.version == *wanted;
                                        })) {
        across(Level::error, "image-without-release",
               fmt::format("{} {} is not among the releases", name, version.text));
      }
    }
  }

  void check_model(const JsonNode& row) {
    const auto capability = ComputeCapability::parse(text_of(row, "capability"));
    if (capability && catalog_.find_capability(*capability) == nullptr) {
      across(Level::error, "capability-unknown",
             fmt::format("no row is about the compute capability {}", capability->text()));
    }
  }

  void check_releases(const JsonNode& document) {
    const Framework* framework = catalog_.find_framework(text_of(document, "name"));
    const JsonNode* rows = detail::member_of(document, "releases");
    if (framework == nullptr || rows == nullptr) {
      return;
    }
    for (std::size_t i = 0; i < rows->items.size(); ++i) {
      row_ = place("releases", i);
      const std::string version = text_of(rows->items[i], "version");
      for (const FrameworkRelease& release : framework->releases) {
        if (release.version_text == version) {
          check_release(*framework, release);
        }
      }
    }
  }

  void check_release(const Framework& framework, const FrameworkRelease& release) {
    const bool has_cuda = std::any_of(release.builds.begin(), release.builds.end(),
                                      [](const FrameworkBuild& build) { return build.cuda; });
    const bool has_default =
        std::any_of(release.builds.begin(), release.builds.end(),
                    [](const FrameworkBuild& build) { return build.is_default; });
    const std::string name = framework.name + " " + release.version_text;
    if (!has_cuda) {
      in_row(Level::warning, "release-without-build", name + " has no build for a CUDA");
    } else if (!has_default) {
      in_row(Level::note, "release-without-default",
             name + " has no default build: what a plain install gets is not known");
    }
    const bool has_image = std::any_of(
        catalog_.images.begin(), catalog_.images.end(),
        [&](const ImageTag& image) { return holds(image, framework.name, release.version_text); });
    if (!has_image && has_official_images(framework.name)) {
      across(Level::warning, "release-without-image", name + " has no official image");
    }
    if (!release.python_min) {
      in_row(Level::note, "release-without-python", name + ": its Pythons are not known");
    }
  }

  inline static const JsonNode kNone{};

  const std::string today_;
  std::vector<CheckedFile> files_{};
  std::vector<EmbeddedFile> readable_{};
  bool all_readable_ = false;
  std::size_t left_out_ = 0;  // findings that an unreadable file may be the cause of
  Catalog catalog_{};
  bool is_whole_ = false;  // else what is in other files cannot be looked up
  std::string name_{};     // of the file that is looked at
  std::string kind_{};
  std::string row_{};
  // And where each was seen first.
  std::map<std::string, std::pair<std::string, const JsonNode*>> identities_{};
  std::vector<CatalogFinding> findings_{};
};

}  // namespace

std::string_view name_of(CatalogFinding::Level level) {
  switch (level) {
    case Level::error:
      return "error";
    case Level::warning:
      return "warning";
    case Level::note:
      return "note";
  }
  return "error";
}

std::vector<CatalogFinding> check_catalog(const std::vector<EmbeddedFile>& files,
                                          const std::string& today) {
  return CatalogCheck(files, today).run();
}

}  // namespace berth
