// The environments that an engine has, and what is known of each: from the labels of its image and
// from what was noted of its uses on this machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/environment/recorded_recipe.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/environment_store.hpp"

namespace berth::cli {

struct KnownEnvironment {
  std::string key{};
  std::string tag{};
  std::string image_id{};
  std::vector<std::string> names{};  // of the image, as the engine writes them
  std::string stage{};
  std::string base{};
  // Over all stages; absent where the image records none that can be read.
  std::optional<environment::RecordedRecipe> recipe{};
  std::vector<std::string> items{};     // what all of its stages installed
  std::vector<std::string> packages{};  // all of its Python: "numpy==1.26.4"
  std::int64_t created = 0;             // seconds since 1970
  std::uint64_t bytes = 0;
  // Beyond the base; absent where the engine has the base no more.
  std::optional<std::uint64_t> own_bytes{};
  // Beyond the stage before it: what is gained by its removal where nothing is built on it.
  std::uint64_t stage_bytes = 0;
  // On this machine; absent for a stage on which only others were built.
  std::optional<runtime::EnvironmentStore::Use> use{};

  // The key of the stage that it is built on; empty: the base.
  std::string parent() const;
  // Seconds since 1970; 0: never, as far as is known here.
  std::int64_t last_use() const;
  // What runs use, rather than a stage on the way to it.
  bool is_final() const { return use.has_value() || stage == "packages"; }
};

// Newest first. An image that somebody built on an environment has inherited its labels and is not
// one: the name decides.
Result<std::vector<KnownEnvironment>> list_environments(runtime::Engine& engine,
                                                        const runtime::EnvironmentStore& store);

// The one whose key begins so; `berth/env:` may stand before it. Errc::usage where it is no key or
// several begin so, Errc::not_found where none does.
Result<KnownEnvironment> choose_environment(const std::vector<KnownEnvironment>& environments,
                                            const std::string& word);

// The one that was used last by the project of that folder: the folder itself, or the nearest above
// it that used any. Errc::not_found where there is none.
Result<KnownEnvironment> environment_of_project(const std::vector<KnownEnvironment>& environments,
                                                const std::filesystem::path& folder);

}  // namespace berth::cli
