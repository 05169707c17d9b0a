#include "berth/environment/recorded_recipe.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "berth/base/credentials.hpp"
#include "berth/base/text.hpp"
#include "environment/locked_lines.hpp"

namespace berth::environment {

namespace {

using Json = nlohmann::ordered_json;
using Texts = std::vector<std::string>;

constexpr std::array<Stage::Kind, 4> kKinds = {Stage::Kind::system, Stage::Kind::python,
                                               Stage::Kind::frameworks, Stage::Kind::packages};

std::string fact(const BuildLog& said, const std::string& name) {
  const auto found = said.facts().find(name);
  return found == said.facts().end() ? std::string() : found->second;
}

Json json_of(const RecordedStage& stage) {
  return {{"stage", name_of(stage.kind)},
          {"key", stage.key},
          {"items", stage.items},
          {"installed", stage.installed},
          {"interpreter", stage.interpreter},
          {"installer", stage.installer},
          {"files", stage.files.empty() ? Json::object() : Json(stage.files)}};
}

RecordedStage stage_from(const Json& json) {
  RecordedStage stage;
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(), [&json](Stage::Kind each) {
    return name_of(each) == json.at("stage").get<std::string>();
  });
  stage.kind = kind == kKinds.end() ? Stage::Kind::packages : *kind;
  stage.key = json.at("key").get<std::string>();
  stage.items = json.at("items").get<Texts>();
  stage.installed = json.at("installed").get<Texts>();
  stage.interpreter = json.at("interpreter").get<std::string>();
  stage.installer = json.at("installer").get<std::string>();
  stage.files = json.at("files").get<std::map<std::string, std::string>>();
  return stage;
}

RecordedRecipe recipe_from(const Json& json) {
  RecordedRecipe recipe;
  recipe.base = json.at("base").get<std::string>();
  recipe.base_id = json.at("base_id").get<std::string>();
  recipe.base_user = json.at("base_user").get<std::string>();
  recipe.decision.image = recipe.base;
  recipe.decision.source =
      json.at("installs_python").get<bool>() ? ImageSource::cuda_base : ImageSource::given;
  recipe.decision.python = json.at("python").get<std::string>();
  recipe.decision.cuda = json.at("cuda").get<std::string>();
  for (const Json& framework : json.at("frameworks")) {
    recipe.decision.frameworks.push_back({.name = framework.at("name").get<std::string>(),
                                          .version = framework.at("version").get<std::string>(),
                                          .build = framework.at("build").get<std::string>(),
                                          .in_image = framework.at("in_image").get<bool>()});
  }
  recipe.network = json.at("network").get<std::string>();
  recipe.extra_hosts = json.at("extra_hosts").get<Texts>();
  recipe.dns = json.at("dns").get<Texts>();
  for (const Json& stage : json.at("stages")) {
    recipe.stages.push_back(stage_from(stage));
  }
  return recipe;
}

}  // namespace

std::vector<std::string> RecordedStage::local_items() const {
  Texts local;
  for (const char* name : {"requirements.txt", "direct.txt"}) {
    const auto file = files.find(name);
    for (const std::string& line : file == files.end() ? Texts() : split(file->second, '\n')) {
      if (is_from_machine(line)) {
        local.push_back(line);
      }
    }
  }
  return local;
}

RecordedStage record_of(const Stage& stage, const BuildLog& said,
                        const std::map<std::string, std::string>& before) {
  RecordedStage record{.kind = stage.kind, .key = stage.key, .items = stage.items};
  for (const auto& [name, content] : stage.files) {
    record.files[name] = without_secrets(content);
  }
  for (const auto& [name, version] : versions_in(said.packages())) {
    const auto known = before.find(name);
    const auto origin = said.origins().find(name);
    if (known != before.end() && known->second == version && origin == said.origins().end()) {
      continue;
    }
    record.installed.push_back(origin == said.origins().end()
                                   ? fmt::format("{}=={}", name, version)
                                   : fmt::format("{} @ {}", name, origin->second));
  }
  record.interpreter = fact(said, "interpreter");
  record.installer = fact(said, "installer");
  return record;
}

Stage stage_of(const RecordedStage& recorded) {
  return {recorded.kind, recorded.key, recorded.files, recorded.items};
}

std::string encode_recipe(const RecordedRecipe& recipe) {
  Json frameworks = Json::array();
  for (const FrameworkChoice& framework : recipe.decision.frameworks) {
    frameworks.push_back({{"name", framework.name},
                          {"version", framework.version},
                          {"build", framework.build},
                          {"in_image", framework.in_image}});
  }
  Json stages = Json::array();
  for (const RecordedStage& stage : recipe.stages) {
    stages.push_back(json_of(stage));
  }
  const Json json = {{"base", recipe.base},
                     {"base_id", recipe.base_id},
                     {"base_user", recipe.base_user},
                     {"installs_python", recipe.decision.source == ImageSource::cuda_base},
                     {"python", recipe.decision.python},
                     {"cuda", recipe.decision.cuda},
                     {"frameworks", frameworks},
                     {"network", recipe.network},
                     {"extra_hosts", recipe.extra_hosts},
                     {"dns", recipe.dns},
                     {"stages", stages}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::string> recipe_label(const RecordedRecipe& recipe) {
  std::string label = encode_recipe(recipe);
  return label.size() > kLargestRecipe ? std::nullopt : std::optional(std::move(label));
}

Result<RecordedRecipe> decode_recipe(std::string_view json) {
  try {
    return recipe_from(Json::parse(json));
  } catch (const Json::exception& problem) {
    return fail(Error{Errc::invalid_input, "the recipe that the image records cannot be read"}.note(
        problem.what()));
  }
}

Result<RecordedRecipe> recipe_in(const std::map<std::string, std::string>& labels) {
  const auto label = labels.find(kRecipeLabel);
  return decode_recipe(label == labels.end() ? std::string() : label->second);
}

}  // namespace berth::environment
