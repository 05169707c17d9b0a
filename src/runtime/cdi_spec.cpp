// CDI specifications through yaml-cpp, which reads JSON as well. Source of the keys: SPEC.md of
// cncf-tags/container-device-interface, versions 0.3 to 0.8.
#include "runtime/cdi_spec.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <string_view>

#include "runtime/excerpt.hpp"
#include "runtime/system_files.hpp"

namespace berth::runtime {

namespace {

namespace fs = std::filesystem;

std::string text_of(const YAML::Node& map, const char* key) {
  const YAML::Node value = map[key];
  return value && value.IsScalar() ? value.Scalar() : std::string();
}

// The machine's files that one `containerEdits` needs. Device nodes go by their path in the
// container where they have no other.
void add_host_paths(const YAML::Node& edits, std::vector<std::string>& paths) {
  if (!edits || !edits.IsMap()) {
    return;
  }
  for (const YAML::Node& node : edits["deviceNodes"]) {
    const std::string host = text_of(node, "hostPath");
    paths.push_back(host.empty() ? text_of(node, "path") : host);
  }
  for (const YAML::Node& mount : edits["mounts"]) {
    paths.push_back(text_of(mount, "hostPath"));
  }
  for (const YAML::Node& hook : edits["hooks"]) {
    paths.push_back(text_of(hook, "path"));
  }
}

std::vector<std::string> host_paths(const YAML::Node& specification) {
  std::vector<std::string> paths;
  add_host_paths(specification["containerEdits"], paths);
  for (const YAML::Node& device : specification["devices"]) {
    add_host_paths(device["containerEdits"], paths);
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  std::erase(paths, std::string());
  return paths;
}

// From the name of the driver's CUDA library, "…/libcuda.so.535.104.05"; "libcuda.so.1", the link,
// names none.
std::optional<DriverVersion> driver_named_by(const std::string& path) {
  constexpr std::string_view kLibrary = "libcuda.so.";
  const std::size_t at = path.rfind(kLibrary);
  if (at == std::string::npos) {
    return std::nullopt;
  }
  const std::optional<DriverVersion> version =
      DriverVersion::parse(std::string_view(path).substr(at + kLibrary.size()));
  return version && version->size() > 1 ? version : std::nullopt;
}

void read_paths(const std::string& content, const fs::path& root, CdiSpec& spec) {
  for (const std::string& path : host_paths(YAML::Load(content))) {
    if (!spec.driver) {
      spec.driver = driver_named_by(path);
    }
    if (!is_there(root / fs::path(path).relative_path())) {
      spec.missing.push_back(path);
    }
  }
}

CdiSpec read_spec(const fs::path& file, const std::string& content, const fs::path& root) {
  CdiSpec spec{.path = "/" / file.lexically_relative(root)};
  try {
    read_paths(content, root, spec);
  } catch (const YAML::Exception& error) {
    spec.unreadable = excerpt(error.what(), 200);
  }
  return spec;
}

}  // namespace

std::vector<CdiSpec> read_cdi_specs(const fs::path& root) {
  std::vector<CdiSpec> specs;
  for (const char* folder : {"etc/cdi", "var/run/cdi"}) {
    for (const fs::path& file : entries_of(root / folder)) {
      const std::string extension = file.extension().string();
      if (extension != ".json" && extension != ".yaml") {
        continue;  // engines read no others
      }
      const std::string content = content_of(file);
      if (content.find("nvidia.com/") != std::string::npos) {
        specs.push_back(read_spec(file, content, root));
      }
    }
  }
  return specs;
}

}  // namespace berth::runtime
