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
#include "resolver/catalog_rows.hpp"

namespace berth {

namespace {

using detail::JsonNode;
using detail::text_of;
using Level = CatalogFinding::Level;

std::string place(const std::string& table, std::size_t index) {
  return fmt::format("{}[{}]", table, index);
}

// Only what can be looked up is judged: unreadable files have their own finding.
class CatalogCheck {
 public:
  explicit CatalogCheck(const std::vector<EmbeddedFile>& files) : files_(files) {}

  std::vector<CatalogFinding> run() {
    for (const EmbeddedFile& file : files_) {
      if (is_readable(file)) {
        readable_.push_back(file);
      }
    }
    if (const Result<Catalog> whole = load_catalog(readable_)) {
      catalog_ = *whole;
      is_whole_ = true;
    }
    for (const EmbeddedFile& file : readable_) {
      check_file(file);
    }
    const bool is_told =
        std::any_of(findings_.begin(), findings_.end(),
                    [](const CatalogFinding& finding) { return finding.level == Level::error; });
    if (!is_whole_ && !is_told) {
      tell(Level::error, "unreadable", {}, {}, load_catalog(readable_).error().message);
    }
    return std::move(findings_);
  }

 private:
  void tell(Level level, std::string code, std::string file, std::string row, std::string text) {
    findings_.push_back({level, std::move(code), std::move(file), std::move(row), std::move(text)});
  }

  bool is_readable(const EmbeddedFile& file) {
    const Result<Catalog> alone = load_catalog({file});
    if (!alone) {
      tell(Level::error, "unreadable", std::string(file.name), {}, alone.error().message);
    }
    return alone.has_value();
  }

  void check_file(const EmbeddedFile& file) {
    const JsonNode document = *detail::parse_json_tree(file.name, file.content);
    name_ = file.name;
    kind_ = text_of(document, "kind");
    check_sources(document);
    check_library(document);
    detail::for_each_row(document,
                         [&](const std::string& table, std::size_t index, const JsonNode& row) {
                           row_ = place(table, index);
                           check_identity(table, document, row);
                           if (is_whole_) {
                             check_row(table, document, row);
                           }
                         });
    if (kind_ == "framework") {
      check_releases(document);
    }
  }

  void in_row(Level level, std::string code, std::string text) {
    tell(level, std::move(code), name_, row_, std::move(text));
  }

  // Of a whole catalogue alone: where a file is unreadable, its framework may be in that.
  void check_library(const JsonNode& document) {
    const std::string framework = text_of(document, "framework");
    if (kind_ == "library" && is_whole_ && readable_.size() == files_.size() &&
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
    if (const JsonNode* cpu = detail::member_of(document, "cpu_build")) {
      use(*cpu);
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
    const std::string identity = detail::row_identity(table, document, row);
    if (identity.empty()) {
      return;
    }
    // Releases and builds are those of one framework or library.
    const bool is_scoped = kind_ == "framework" || kind_ == "library";
    const std::string scope = is_scoped ? text_of(document, "name") : std::string();
    const auto [known, is_new] =
        identities_.emplace(table + " " + scope + " " + lowered(identity), name_ + ", " + row_);
    if (!is_new) {
      in_row(Level::error, "row-twice",
             fmt::format("`{}` is there already: {}", identity, known->second));
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
      in_row(Level::warning, "cuda-unknown",
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
      in_row(Level::note, "build-without-image",
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
        in_row(Level::error, "image-without-framework", fmt::format("no file is about `{}`", name));
      } else if (wanted && std::none_of(framework->releases.begin(), framework->releases.end(),
                                        [&](const FrameworkRelease& release) {
                                          return release.version == *wanted;
                                        })) {
        in_row(Level::error, "image-without-release",
               fmt::format("{} {} is not among the releases", name, version.text));
      }
    }
  }

  void check_model(const JsonNode& row) {
    const auto capability = ComputeCapability::parse(text_of(row, "capability"));
    if (capability && catalog_.find_capability(*capability) == nullptr) {
      in_row(Level::error, "capability-unknown",
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
      in_row(Level::warning, "release-without-image", name + " has no official image");
    }
    if (!release.python_min) {
      in_row(Level::note, "release-without-python", name + ": its Pythons are not known");
    }
  }

  inline static const JsonNode kNone{};

  const std::vector<EmbeddedFile>& files_;
  std::vector<EmbeddedFile> readable_{};
  Catalog catalog_{};
  bool is_whole_ = false;  // else what is in other files cannot be looked up
  std::string name_{};     // of the file that is looked at
  std::string kind_{};
  std::string row_{};
  std::map<std::string, std::string> identities_{};  // and where each was seen first
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

std::vector<CatalogFinding> check_catalog(const std::vector<EmbeddedFile>& files) {
  return CatalogCheck(files).run();
}

}  // namespace berth
