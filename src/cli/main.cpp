#include <fcntl.h>

#include <cstdlib>
#include <iostream>
#include <system_error>

#include "cli/app.hpp"

namespace {

// A standard stream that the caller closed (`<&-`) becomes an empty one: otherwise the first socket
// that is opened would take its number, and be read as standard input.
void open_closed_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDWR) == -1) {
      return;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_closed_streams();
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
  };
  std::error_code no_directory;  // a deleted one; what needs it says so
  const berth::spec::Surroundings surroundings{std::filesystem::current_path(no_directory),
                                               environment("HOME").value_or("/"), environment};
  return berth::cli::run_app({argv + 1, argv + argc}, {std::cout, std::cerr}, surroundings);
}
