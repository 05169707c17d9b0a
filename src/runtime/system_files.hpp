// Small files of the kernel and the system (/proc, /sys, /etc), below a root that tests replace.
// What is not there, or may not be read, is empty: a probe reports what it finds.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::runtime {

// The content, up to 1 MiB; empty where there is none.
std::string content_of(const std::filesystem::path& path);

bool is_there(const std::filesystem::path& path);

// The entries of a folder, by name; none where it cannot be read.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);

// Where a program of the system is installed, as a path of the machine: "/usr/bin/dockerd". Looked
// for in the folders of a daemon's PATH, of NVIDIA's GPU Operator and of NixOS; a path stands for
// itself.
std::optional<std::filesystem::path> installed_program(const std::filesystem::path& root,
                                                       std::string_view name);

// "Model: \t\t NVIDIA A10G" -> "NVIDIA A10G".
std::string value_of(std::string_view content, std::string_view key);

}  // namespace berth::runtime
