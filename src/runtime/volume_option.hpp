// A mount in the form of docker's -v, which is also that of HostConfig.Binds.
#pragma once

#include <string>

#include "berth/model/mount.hpp"

namespace berth::runtime {

// Whether a mount must go in this form: an SELinux label can be said in no other, and Podman hears
// `nocopy` in no other.
bool needs_volume_option(const Mount& mount);

// "source:target:ro,Z". Only for a mount that needs it.
std::string volume_option(const Mount& mount);

}  // namespace berth::runtime
