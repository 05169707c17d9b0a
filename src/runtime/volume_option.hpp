// A mount in the form of docker's -v, which is also that of HostConfig.Binds.
#pragma once

#include <string>

#include "berth/model/mount.hpp"

namespace berth::runtime {

// "source:target:ro,Z". Only for what parse_volume() can give.
std::string volume_option(const Mount& mount);

}  // namespace berth::runtime
