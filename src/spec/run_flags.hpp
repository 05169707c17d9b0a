// What only the command line can say of a run: docker's options, and how long the container stays.
#pragma once

#include "berth/spec/gather.hpp"

namespace berth::spec {

// Errc::usage names the flag. Reads label files and a seccomp profile. Settings that a spec can
// say, too, are in `run` already: --memory-swap is judged by its memory.
Result<void> add_run_flags(RunRequest& run, const Flags& flags, const Surroundings& surroundings);

}  // namespace berth::spec
