// The docker command line that does what a ContainerSpec does: what `--dry-run=docker` prints. It
// runs as printed, in any POSIX shell, and creates a container whose inspection shows the same
// settings (except ConsoleSize, which docker takes from its own terminal).
#pragma once

#include <string>
#include <vector>

#include "berth/model/plan.hpp"

namespace berth::runtime {

// argv, unquoted: {"docker", "run", "--rm", …}. `engine_address` becomes -H; empty: docker's own
// default.
std::vector<std::string> docker_arguments(const ContainerSpec& spec,
                                          const std::string& engine_address = "");

// For a shell, one option a line, the lines joined by backslashes; ends without a newline.
std::string docker_command(const ContainerSpec& spec, const std::string& engine_address = "");

}  // namespace berth::runtime
