// Source of the keys and their defaults: nvidia-container-toolkit api/config/v1/config.go.
#include "runtime/toolkit_config.hpp"

#include <stdexcept>

#include "runtime/excerpt.hpp"
#include "runtime/system_files.hpp"

// As in spec/document_toml.cpp: what toml++ 3.3 asserts of a malformed file is an exception here.
namespace {
[[noreturn]] void toml_assertion_failed() {
  throw std::logic_error("this is no TOML");
}
}  // namespace
#undef NDEBUG
#define TOML_ASSERT(expression) ((expression) ? static_cast<void>(0) : toml_assertion_failed())
#include <toml++/toml.h>

namespace berth::runtime {

std::optional<ToolkitConfig> read_toolkit_config(const std::filesystem::path& root) {
  const std::filesystem::path path = "etc/nvidia-container-runtime/config.toml";
  if (!is_there(root / path)) {
    return std::nullopt;
  }
  ToolkitConfig config{.path = "/" / path, .mode = "auto"};
  try {
    const toml::table table = toml::parse(content_of(root / path));
    config.mode = table["nvidia-container-runtime"]["mode"].value_or(std::string("auto"));
    config.no_cgroups = table["nvidia-container-cli"]["no-cgroups"].value_or(false);
  } catch (const std::exception& error) {
    config.unreadable = excerpt(error.what(), 200);
  }
  return config;
}

}  // namespace berth::runtime
