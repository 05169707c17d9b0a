#include "runtime/program_path.hpp"

#include <unistd.h>

#include <system_error>

#include "berth/base/text.hpp"

namespace berth::runtime {

std::optional<std::filesystem::path> find_program(const std::string& name,
                                                  const std::string& path) {
  for (const std::string& folder : split(path, ':')) {
    const std::filesystem::path file = std::filesystem::path(folder) / name;
    std::error_code ignored;
    if (!folder.empty() && std::filesystem::is_regular_file(file, ignored) &&
        ::access(file.c_str(), X_OK) == 0) {
      return file;
    }
  }
  return std::nullopt;
}

}  // namespace berth::runtime
