// berth.lock as JSON. It is read by the reader of catalogue rows, which is as strict as a file from
// foreign hands needs: unknown keys, wrong types and keys that stand there twice are errors. What
// that reader takes for absent, the null of what is not known, must be written down here: a lock
// that has lost its digest in a merge would run whatever the tag leads to.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "berth/base/printable.hpp"
#include "berth/resolver/lock.hpp"
#include "resolver/catalog_row.hpp"
#include "resolver/catalog_rows.hpp"

namespace berth {

namespace {

using Json = nlohmann::json;  // its objects are sorted by key
using detail::CatalogFileContext;
using detail::CatalogRow;
using detail::JsonNode;

constexpr std::string_view kSchema = "berth/lock/1";
const detail::Choices<ImageSource> kSources = {{"official", ImageSource::official},
                                               {"ngc", ImageSource::ngc},
                                               {"cuda-base", ImageSource::cuda_base},
                                               {"given", ImageSource::given}};

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

template <class Version>
Json version_or_null(const std::optional<Version>& version) {
  return version ? Json(version->text()) : Json(nullptr);
}

Json framework_json(const LockedFramework& framework) {
  return {{"name", framework.name},
          {"version", framework.version},
          {"build", framework.build},
          {"index_url", text_or_null(framework.index_url)},
          {"in_image", framework.in_image},
          {"cuda", version_or_null(framework.cuda)},
          {"capabilities", framework.capabilities},
          {"min_driver", version_or_null(framework.min_driver)}};
}

Json inputs_json(const std::vector<LockInput>& inputs) {
  Json list = Json::array();
  for (const LockInput& input : inputs) {
    list.push_back({{"name", input.name}, {"text", input.text}, {"origin", input.origin}});
  }
  return list;
}

Json environment_json(const std::optional<LockedPackages>& environment) {
  if (!environment) {
    return nullptr;
  }
  Json packages = Json::array();
  for (const LockedPackage& package : environment->packages) {
    packages.push_back({{"name", package.name},
                        {"version", package.version},
                        {"stage", package.stage},
                        {"from", package.from},
                        {"hashes", package.hashes}});
  }
  return {{"inputs", inputs_json(environment->inputs)},
          {"inputs_sha256", inputs_hash(environment->inputs)},
          {"packages", std::move(packages)}};
}

// Those of optional facts: the reader of rows asks for the others itself.
Result<void> expect_keys(const JsonNode& object, std::string_view place,
                         std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (object.type == JsonNode::Type::object && detail::member_of(object, key) == nullptr) {
      return fail(Errc::invalid_input, fmt::format("{}: `{}` is missing", place, key));
    }
  }
  return {};
}

Result<void> expect_all_keys(const JsonNode& document, std::string_view name) {
  BERTH_CHECK(expect_keys(document, fmt::format("`{}`", name),
                          {"digest", "base_image", "cuda", "cuda_compat", "cudnn", "python",
                           "min_driver", "environment"}));
  const JsonNode* frameworks = detail::member_of(document, "frameworks");
  for (std::size_t i = 0; frameworks != nullptr && i < frameworks->items.size(); ++i) {
    BERTH_CHECK(
        expect_keys(frameworks->items[i], fmt::format("`{}`, frameworks[{}]", name, i),
                    {"build", "index_url", "in_image", "cuda", "capabilities", "min_driver"}));
  }
  const JsonNode* environment = detail::member_of(document, "environment");
  const JsonNode* packages =
      environment == nullptr ? nullptr : detail::member_of(*environment, "packages");
  for (std::size_t i = 0; packages != nullptr && i < packages->items.size(); ++i) {
    BERTH_CHECK(expect_keys(packages->items[i],
                            fmt::format("`{}`, environment.packages[{}]", name, i), {"hashes"}));
  }
  return {};
}

// What is not known is null in the file, and absent for the reader of rows.
void drop_nulls(JsonNode& node) {
  std::erase_if(node.members, [](const JsonNode::Member& member) {
    return member.second.type == JsonNode::Type::null;
  });
  for (JsonNode::Member& member : node.members) {
    drop_nulls(member.second);
  }
  for (JsonNode& item : node.items) {
    drop_nulls(item);
  }
}

// Said before anything else: a newer file may well have other keys.
Result<void> check_schema(const JsonNode& document, std::string_view name) {
  const JsonNode* schema = detail::member_of(document, "schema");
  if (schema == nullptr || schema->type != JsonNode::Type::text) {
    return fail(Error{Errc::invalid_input, fmt::format("`{}` is no lock of berth", name)}
                    .note(fmt::format("expected an object with `\"schema\": \"{}\"`", kSchema))
                    .hint("`berth lock --update` writes one"));
  }
  if (schema->text != kSchema) {
    return fail(Error{Errc::invalid_input,
                      fmt::format("`{}` has the schema `{}`, and this berth reads `{}`", name,
                                  printable(schema->text), kSchema)}
                    .hint("`berth lock --update` writes it anew; a newer berth may read it"));
  }
  return {};
}

Result<LockedFramework> read_framework(const JsonNode& object, const CatalogFileContext& file,
                                       std::size_t index) {
  CatalogRow row(object, file, {"frameworks", index});
  LockedFramework framework;
  framework.name = row.text("name");
  framework.version = row.text("version");
  framework.build = row.text("build");
  framework.index_url = row.text_or_empty("index_url");
  framework.in_image = row.flag("in_image");
  framework.cuda = row.parsed_if_any<CudaVersion>("cuda");
  framework.capabilities = row.texts("capabilities");
  framework.min_driver = row.parsed_if_any<DriverVersion>("min_driver");
  for (const std::string& capability : framework.capabilities) {
    if (!ComputeCapability::parse(capability)) {
      row.wrong(
          fmt::format("`capabilities`: `{}` is no compute capability", printable(capability)));
      break;
    }
  }
  BERTH_CHECK(row.finish());
  return framework;
}

Result<LockedLibrary> read_library(const JsonNode& object, const CatalogFileContext& file,
                                   std::size_t index) {
  CatalogRow row(object, file, {"libraries", index});
  LockedLibrary library{row.text("name"), row.text("version")};
  BERTH_CHECK(row.finish());
  return library;
}

Result<std::vector<LockInput>> read_inputs(const JsonNode& list, const CatalogFileContext& file) {
  std::vector<LockInput> inputs;
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    CatalogRow row(list.items[i], file, {"inputs", i});
    inputs.push_back({row.text("name"), row.text("text"), row.text_or_empty("origin")});
    BERTH_CHECK(row.finish());
  }
  return inputs;
}

// The one algorithm that the engines and registries give.
bool is_digest(std::string_view text) {
  constexpr std::string_view kAlgorithm = "sha256:";
  return text.starts_with(kAlgorithm) && text.size() == kAlgorithm.size() + 64 &&
         text.find_first_not_of("0123456789abcdef", kAlgorithm.size()) == std::string_view::npos;
}

// An image and a digest that an engine can be asked for, and nothing that begins an option.
void check_image(CatalogRow& top, const Lock& lock) {
  const auto is_fine = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("._-/:").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (lock.image.empty() || lock.image.front() == '-' ||
      !std::all_of(lock.image.begin(), lock.image.end(), is_fine)) {
    top.wrong("`image` is no image reference");
  }
  if (!lock.digest.empty() && !is_digest(lock.digest)) {
    top.wrong("`digest` is no digest, expected sha256: and 64 hexadecimal digits");
  }
}

// Without them the code of a build would not be held against the GPUs.
void check_frameworks(CatalogRow& top, const Lock& lock, const JsonNode* frameworks) {
  const bool of_a_framework =
      lock.source == ImageSource::official || lock.source == ImageSource::ngc;
  if (of_a_framework && frameworks != nullptr && frameworks->items.empty()) {
    top.wrong(fmt::format("`frameworks` is empty, and images of `source` {} have one",
                          name_of(lock.source)));
  }
}

Result<void> check_hash(const std::vector<LockInput>& inputs, const std::string& written,
                        std::string_view name) {
  if (inputs_hash(inputs) == written) {
    return {};
  }
  return fail(Error{Errc::invalid_input,
                    fmt::format("`{}`: `inputs_sha256` is not that of its `inputs`", name)}
                  .note("the file was edited or merged by hand")
                  .hint("`berth lock --update` writes it anew"));
}

// What ends up in a requirements file, where a line break or an option would be one more.
bool is_word(std::string_view text) {
  return !text.empty() && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 ||
                  std::string_view("._-+!").find(static_cast<char>(c)) != std::string_view::npos;
         });
}

Result<LockedPackage> read_package(const JsonNode& object, const CatalogFileContext& file,
                                   std::size_t index) {
  CatalogRow row(object, file, {"environment.packages", index});
  LockedPackage package{row.text("name"), row.text("version"), row.text("stage"), row.text("from"),
                        row.texts("hashes")};
  if (!is_word(package.name) || !is_word(package.version)) {
    row.wrong("`name` and `version` are those of no package");
  }
  if (package.stage != "frameworks" && package.stage != "packages") {
    row.wrong("`stage` is neither frameworks nor packages");
  }
  if (!std::all_of(package.hashes.begin(), package.hashes.end(), is_digest)) {
    row.wrong("`hashes` has one that is none, expected sha256: and 64 hexadecimal digits");
  }
  BERTH_CHECK(row.finish());
  return package;
}

Result<LockedPackages> read_environment(const JsonNode& object, const CatalogFileContext& file) {
  CatalogRow row(object, file, {});
  LockedPackages environment;
  const std::string hash = row.text("inputs_sha256");
  const JsonNode* inputs = row.array("inputs");
  const JsonNode* packages = row.array("packages");
  BERTH_CHECK(row.finish());
  BERTH_TRY(environment.inputs, read_inputs(*inputs, file));
  for (std::size_t i = 0; i < packages->items.size(); ++i) {
    BERTH_TRY(LockedPackage package, read_package(packages->items[i], file, i));
    environment.packages.push_back(std::move(package));
  }
  BERTH_CHECK(check_hash(environment.inputs, hash, file.name));
  return environment;
}

}  // namespace

std::string write_lock(const Lock& lock) {
  Json frameworks = Json::array();
  for (const LockedFramework& framework : lock.frameworks) {
    frameworks.push_back(framework_json(framework));
  }
  Json libraries = Json::array();
  for (const LockedLibrary& library : lock.libraries) {
    libraries.push_back({{"name", library.name}, {"version", library.version}});
  }
  const Json document = {{"schema", kSchema},
                         {"image", lock.image},
                         {"digest", text_or_null(lock.digest)},
                         {"base_image", text_or_null(lock.base_image)},
                         {"source", name_of(lock.source)},
                         {"frameworks", std::move(frameworks)},
                         {"libraries", std::move(libraries)},
                         {"cuda", version_or_null(lock.cuda)},
                         {"cuda_compat", lock.cuda_compat},
                         {"cudnn", text_or_null(lock.cudnn)},
                         {"python", text_or_null(lock.python)},
                         {"min_driver", version_or_null(lock.min_driver)},
                         {"architecture", lock.architecture},
                         {"catalog", lock.catalog},
                         {"inputs", inputs_json(lock.inputs)},
                         {"inputs_sha256", inputs_hash(lock.inputs)},
                         {"environment", environment_json(lock.environment)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Lock> read_lock(std::string_view content, std::string_view name) {
  BERTH_TRY(JsonNode document, detail::parse_json_tree(name, content));
  BERTH_CHECK(check_schema(document, name));
  BERTH_CHECK(expect_all_keys(document, name));
  drop_nulls(document);
  const CatalogFileContext file{name};
  CatalogRow top(document, file, {});
  top.text("schema");
  Lock lock;
  lock.image = top.text("image");
  lock.digest = top.text_or_empty("digest");
  lock.base_image = top.text_or_empty("base_image");
  lock.source = top.choice("source", kSources);
  lock.cuda = top.parsed_if_any<CudaVersion>("cuda");
  lock.cuda_compat = top.flag("cuda_compat");
  lock.cudnn = top.text_or_empty("cudnn");
  lock.python = top.text_or_empty("python");
  lock.min_driver = top.parsed_if_any<DriverVersion>("min_driver");
  lock.architecture = top.text("architecture");
  lock.catalog = top.text("catalog");
  const std::string hash = top.text("inputs_sha256");
  check_image(top, lock);
  const JsonNode* frameworks = top.array("frameworks");
  const JsonNode* libraries = top.array("libraries");
  const JsonNode* inputs = top.array("inputs");
  const JsonNode* environment = top.object_if_any("environment");
  check_frameworks(top, lock, frameworks);
  BERTH_CHECK(top.finish());
  for (std::size_t i = 0; i < frameworks->items.size(); ++i) {
    BERTH_TRY(LockedFramework framework, read_framework(frameworks->items[i], file, i));
    lock.frameworks.push_back(std::move(framework));
  }
  for (std::size_t i = 0; i < libraries->items.size(); ++i) {
    BERTH_TRY(LockedLibrary library, read_library(libraries->items[i], file, i));
    lock.libraries.push_back(std::move(library));
  }
  BERTH_TRY(lock.inputs, read_inputs(*inputs, file));
  BERTH_CHECK(check_hash(lock.inputs, hash, name));
  if (environment != nullptr) {
    BERTH_TRY(lock.environment, read_environment(*environment, file));
  }
  return lock;
}

}  // namespace berth
