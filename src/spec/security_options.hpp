// --security-opt: most go to the engine as they are, two are docker's client's own work.
#pragma once

#include <string>
#include <vector>

#include "berth/spec/gather.hpp"

namespace berth::spec {

// `seccomp=FILE` is read, `systempaths=unconfined` becomes a setting of its own; the rest, among
// them no-new-privileges=false, is left in run.security_options. Errc::usage for what is no option,
// the errors of read_file() for the profile.
Result<void> add_security_options(RunRequest& run, const std::vector<std::string>& texts,
                                  const Surroundings& surroundings);

}  // namespace berth::spec
