// Source of the keys and their defaults: nvidia-container-toolkit api/config/v1/config.go.
#include "runtime/toolkit_config.hpp"

#include <exception>

#include "berth/base/toml_guard.hpp"
#include "runtime/excerpt.hpp"
#include "runtime/system_files.hpp"

#undef NDEBUG
#define TOML_ASSERT(truth) ((truth) ? static_cast<void>(0) : berth::toml_assertion_failed())
#include <toml++/toml.h>

namespace berth::runtime {

std::optional<ToolkitConfig> read_toolkit_config(const std::filesystem::path& root) {
  const std::filesystem::path path = "etc/nvidia-container-runtime/config.toml";
  if (!is_there(root / path)) {
    return std::nullopt;
  }
  ToolkitConfig config{.path = "/" / path, .mode = "auto"};
  const std::string content = content_of(root / path);
  if (const std::optional<TomlTrouble> trouble = find_toml_trouble(content)) {
    config.unreadable = trouble->text;
    return config;
  }
  try {
    const toml::table table = toml::parse(content);
    config.mode = table["nvidia-container-runtime"]["mode"].value_or(std::string("auto"));
    config.no_cgroups = table["nvidia-container-cli"]["no-cgroups"].value_or(false);
  } catch (const std::exception& error) {
    config.unreadable = excerpt(error.what(), 200);
  }
  return config;
}

}  // namespace berth::runtime
