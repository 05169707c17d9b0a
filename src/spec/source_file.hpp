// SourceFile: a text file that a user or a tool wrote, decoded, under the name that messages give
// it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/origin.hpp"

namespace berth::spec {

struct SourceFile {
  std::filesystem::path path;  // absolute
  std::string name;            // as messages call it: "requirements.txt", "../pyproject.toml"
  std::string content;         // UTF-8, without byte order mark
};

// Reads a further file that the first one names (`-r common.txt`). Errc::not_found where it is
// absent.
using ReadFile = std::function<Result<SourceFile>(const std::filesystem::path&)>;

// Checks the encoding and takes off the byte order mark. Errc::invalid_input for UTF-16
// (PowerShell's `>` writes it), for text that is not UTF-8 and for binary files; with the line.
Result<SourceFile> decode(std::filesystem::path path, std::string name, std::string bytes);

// The file's lines without their ends (LF or CRLF). The first has number 1.
std::vector<std::string_view> lines_of(std::string_view content);

// "requirements.txt:3".
Origin origin_at(const SourceFile& file, unsigned line);

// Errc::invalid_input, "requirements.txt:3: …".
Failure malformed(const SourceFile& file, unsigned line, std::string_view what);
Failure malformed(const Origin& origin, std::string_view what);

// An error about a value, put where the value stands: "berth.yaml:3: …", with Errc::invalid_input.
Failure malformed(const Origin& origin, Error error);

}  // namespace berth::spec
