#include <cstdlib>
#include <iostream>
#include <system_error>

#include "cli/app.hpp"

int main(int argc, char** argv) {
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
  };
  std::error_code no_directory;  // a deleted one; what needs it says so
  const berth::spec::Surroundings surroundings{std::filesystem::current_path(no_directory),
                                               environment("HOME").value_or("/"), environment};
  return berth::cli::run_app({argv + 1, argv + argc}, {std::cout, std::cerr}, surroundings);
}
