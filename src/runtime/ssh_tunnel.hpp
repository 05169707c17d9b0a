// An engine on another machine, through one connection of the user's own ssh: it forwards the
// engine's socket to one of ours.
#pragma once

#include <memory>
#include <stop_token>

#include "berth/base/result.hpp"
#include "berth/runtime/endpoint.hpp"
#include "runtime/socket_program.hpp"

namespace berth::runtime {

// Errc::engine_unreachable with ssh's reason and what to do: host unknown, its key unknown, not let
// in, refused; Errc::not_found where there is no ssh.
Result<std::shared_ptr<const SocketProgram>> open_ssh_tunnel(const Endpoint& endpoint,
                                                             const std::stop_token& stop);

// A connection through the tunnel broke before anything was answered: what ssh has said to it.
Error ssh_channel_error(const Endpoint& endpoint);

}  // namespace berth::runtime
