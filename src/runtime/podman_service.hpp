// Podman on demand: its Docker API, served for as long as somebody holds the program.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "berth/base/result.hpp"
#include "berth/runtime/endpoint.hpp"
#include "runtime/socket_program.hpp"

namespace berth::runtime {

// `podman` is on that PATH and `docker` is not, or is podman's stand-in for it (podman-docker).
bool only_podman_is_installed(const std::string& path);

// Before it is open.
Endpoint podman_endpoint();

// Errc::engine_unreachable where Podman ends instead of serving; its own words are in the notes.
Result<std::shared_ptr<const SocketProgram>> start_podman_service(const std::stop_token& stop);

}  // namespace berth::runtime
