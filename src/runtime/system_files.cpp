#include "runtime/system_files.hpp"

#include <algorithm>
#include <system_error>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"

namespace berth::runtime {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  constexpr std::size_t kLargestFile = 1U << 20;
  Result<std::string> content = read_file(path, kLargestFile);
  return content ? *std::move(content) : std::string();
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    entries.push_back(it->path());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::optional<fs::path> installed_program(const fs::path& root, std::string_view name) {
  const fs::path given(name);
  if (given.is_absolute()) {
    return is_there(root / given.relative_path()) ? std::optional(given) : std::nullopt;
  }
  for (const char* folder : {"/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/local/sbin", "/bin",
                             "/sbin", "/usr/local/nvidia/toolkit", "/run/current-system/sw/bin"}) {
    const fs::path path = folder / given;
    if (is_there(root / path.relative_path())) {
      return path;
    }
  }
  return std::nullopt;
}

std::string value_of(std::string_view content, std::string_view key) {
  for (const std::string& line : split(content, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos && trimmed(std::string_view(line).substr(0, colon)) == key) {
      return std::string(trimmed(std::string_view(line).substr(colon + 1)));
    }
  }
  return {};
}

}  // namespace berth::runtime
