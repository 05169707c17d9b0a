// The environments that an engine has, and what is known of each: from the labels of its image and
// from what was noted of its uses on this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/environment_store.hpp"

namespace berth::cli {

struct KnownEnvironment {
  std::string key{};
  std::string tag{};
  std::vector<std::string> names{};  // of the image, as the engine writes them
  std::string stage{};
  std::string base{};
  std::vector<std::string> items{};     // what its last stage installed
  std::vector<std::string> packages{};  // all of its Python: "numpy==1.26.4"
  std::int64_t created = 0;             // seconds since 1970
  std::uint64_t bytes = 0;
  // Beyond the base; absent where the engine has no image of the base's name any more.
  std::optional<std::uint64_t> own_bytes{};
  // On this machine; absent for a stage on which only others were built.
  std::optional<runtime::EnvironmentStore::Use> use{};

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

}  // namespace berth::cli
