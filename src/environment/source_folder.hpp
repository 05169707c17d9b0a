// The files of a folder that may be part of a package (local_sources.hpp says which).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "berth/base/result.hpp"

namespace berth::environment {

struct SourceFolder {
  struct File {
    std::string name;  // in the folder
    std::uintmax_t bytes = 0;
    bool executable = false;
  };
  std::vector<File> files{};         // by name
  std::vector<std::string> large{};  // left out
  std::uintmax_t bytes = 0;
};

// Errc::io where a folder cannot be read.
Result<SourceFolder> source_folder(const std::filesystem::path& folder);

// SHA-256 of all files; of an editable folder, of what its metadata depend on.
Result<std::string> digest_of(const std::filesystem::path& folder, const SourceFolder& content);
Result<std::string> editable_digest_of(const std::filesystem::path& folder,
                                       const SourceFolder& content);

}  // namespace berth::environment
