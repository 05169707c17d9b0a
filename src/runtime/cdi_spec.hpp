// Reads CDI specifications (YAML or JSON) of NVIDIA devices.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "berth/runtime/gpu_wiring.hpp"

namespace berth::runtime {

// Those below `root`, in the order in which engines look: /etc/cdi, /var/run/cdi. The paths that a
// specification names are looked up below `root`, too.
std::vector<CdiSpec> read_cdi_specs(const std::filesystem::path& root);

}  // namespace berth::runtime
