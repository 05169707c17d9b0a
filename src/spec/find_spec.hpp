// Where the spec and the user's configuration are.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/spec/gather.hpp"

namespace berth::spec {

struct FoundSpec {
  std::optional<std::filesystem::path> path{};
  std::vector<std::string> warnings{};
};

// berth.yaml or berth.json in the directory, else in the nearest folder above it up to the
// repository's root (the folder with .git). Outside a repository the search ends below the home
// folder and the root, and what belongs to neither the caller nor root is not taken: in /tmp
// anybody can put a spec, and a spec runs commands. Errc::invalid_input where one folder has both.
Result<FoundSpec> find_spec(const std::filesystem::path& directory,
                            const std::filesystem::path& home);

// $XDG_CONFIG_HOME/berth/config.yaml, else ~/.config/berth/config.yaml; nullopt where there is
// none.
std::optional<std::filesystem::path> find_user_configuration(const Surroundings& surroundings);

// The path as messages give it: relative to the directory where that is short, `~/…` in the home
// folder.
std::string shown(const std::filesystem::path& path, const Surroundings& surroundings);

// Whether something that can be read as a file is there; a dangling link and a folder are not.
bool is_file(const std::filesystem::path& path);

}  // namespace berth::spec
