// What the command line and BERTH_* variables say, as settings.
#pragma once

#include "berth/spec/gather.hpp"
#include "spec/settings.hpp"

namespace berth::spec {

// Errc::usage names the flag. Reads env files; their variables come before those of -e.
Result<Settings> settings_of_flags(const Flags& flags, const Surroundings& surroundings);

// An empty variable counts as not set. Errc::invalid_input names the variable.
Result<Settings> settings_of_variables(const Surroundings& surroundings);

// The positional requirements of `resolve`.
Result<std::vector<RequirementLine>> requirements_of_flags(const Flags& flags);

}  // namespace berth::spec
