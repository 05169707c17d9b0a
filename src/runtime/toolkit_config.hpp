// Reads the configuration of the NVIDIA Container Toolkit.
#pragma once

#include <filesystem>
#include <optional>

#include "berth/runtime/gpu_wiring.hpp"

namespace berth::runtime {

// /etc/nvidia-container-runtime/config.toml below `root`; absent where there is none, and the
// toolkit goes by its defaults.
std::optional<ToolkitConfig> read_toolkit_config(const std::filesystem::path& root);

}  // namespace berth::runtime
