// What of this machine's files decides whether Docker can confine containers by AppArmor.
#pragma once

#include <filesystem>

#include "berth/runtime/engine_site.hpp"

namespace berth::runtime {

AppArmor probe_app_armor(const std::filesystem::path& root);

}  // namespace berth::runtime
