// RecordedRecipe: what an environment's image says of how it was made, over all of its stages, so
// that it can be shown, written down for others, and built anew without the project. A label of the
// image, as JSON; no credentials.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/environment/build_log.hpp"
#include "berth/environment/recipe.hpp"
#include "berth/model/plan.hpp"

namespace berth::environment {

inline constexpr const char* kRecipeLabel = "org.berth.env.recipe";

struct RecordedStage {
  Stage::Kind kind = Stage::Kind::packages;
  std::string key{};
  // As the build got them, without credentials but with the `${NAME}` that stand for some.
  std::map<std::string, std::string> files{};
  std::vector<std::string> items{};
  // The Python packages that it brought or replaced, as `pip freeze` writes them: "numpy==1.26.4",
  // "mine @ git+https://host/mine.git@<commit>", "lib @ file:///run/berth/files/…".
  std::vector<std::string> installed{};
  std::string interpreter{};  // "/usr/bin/python3.11"; empty: no Python was needed
  std::string installer{};    // "pip 23.0.1", "uv 0.9.2"

  // What of it came from files of a machine and cannot be had from the recipe; empty: nothing.
  std::vector<std::string> local_items() const;
};

struct RecordedRecipe {
  std::string base{};       // the image's name
  std::string base_id{};    // "sha256:…"
  std::string base_user{};  // whom its containers run as; empty: root
  Decision decision{};      // image, source, python, cuda, and names and versions of frameworks
  std::string network{};    // that the build had; empty: the engine's usual one
  std::vector<std::string> extra_hosts{};
  std::vector<std::string> dns{};
  std::vector<RecordedStage> stages{};  // in the order in which they were carried out
};

// `before`: what was there before the stage.
RecordedStage record_of(const Stage& stage, const BuildLog& said,
                        const std::map<std::string, std::string>& before);
// Of what was recorded, for a build; its items and files are the recorded ones.
Stage stage_of(const RecordedStage& recorded);

std::string encode_recipe(const RecordedRecipe& recipe);
// The same, where an engine takes it. Podman refuses a configuration of an image above 4 MiB, of
// which this label and that of the packages are nearly all; Docker takes 20 MB.
inline constexpr std::size_t kLargestRecipe = std::size_t{3} << 20;
std::optional<std::string> recipe_label(const RecordedRecipe& recipe);
// Errc::invalid_input.
Result<RecordedRecipe> decode_recipe(std::string_view json);
// Of an image, by its labels. The same errors, also where it has no such label.
Result<RecordedRecipe> recipe_in(const std::map<std::string, std::string>& labels);

// A Dockerfile that makes the same environment without berth: the same versions, from where they
// came. Comments name what it cannot have. For every builder: without BuildKit, and without files
// beside it.
std::string dockerfile_of(const RecordedRecipe& recipe, const std::string& image);
// requirements.txt with all of its Python packages ("numpy==1.26.4"): those that came from an
// address with it, those from files of a machine as comments.
std::vector<std::string> requirements_of(const RecordedRecipe& recipe,
                                         const std::vector<std::string>& packages);

}  // namespace berth::environment
