// Where a program is that a user may have.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace berth::runtime {

// The first executable file of that name in the folders of `path` ("/usr/bin:/bin").
std::optional<std::filesystem::path> find_program(const std::string& name, const std::string& path);

}  // namespace berth::runtime
