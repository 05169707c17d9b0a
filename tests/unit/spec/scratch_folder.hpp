// A folder of its own for each test, filled by the test and removed at its end.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "berth/spec/gather.hpp"

namespace berth::spec::testing {

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = std::filesystem::temp_directory_path() / "berth-spec-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("cannot make a folder for the test");
    }
    path_ = std::filesystem::canonical(name);
    std::filesystem::create_directories(home());
    std::filesystem::create_directories(project());
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path home() const { return path_ / "home"; }
  std::filesystem::path project() const { return path_ / "home" / "project"; }

  // Writes a file of the project and the folders above it.
  void write(const std::filesystem::path& name, std::string_view content) const {
    const std::filesystem::path path = project() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }

  void set(const std::string& name, const std::string& value) { variables_[name] = value; }

  Surroundings surroundings(const std::filesystem::path& below = {}) const {
    return Surroundings{(project() / below).lexically_normal(), home(),
                        [variables = variables_](const std::string& name) {
                          const auto found = variables.find(name);
                          return found == variables.end()
                                     ? std::nullopt
                                     : std::optional<std::string>(found->second);
                        }};
  }

 private:
  std::filesystem::path path_;
  std::map<std::string, std::string> variables_;
};

}  // namespace berth::spec::testing
