// Why an engine cannot be reached, in words and with what to do.
#pragma once

#include <string>
#include <string_view>

#include "berth/base/error.hpp"
#include "berth/runtime/endpoint.hpp"

namespace berth::runtime {

// A connection attempt's errno; 0 where something accepts it. Errors of the attempt itself are
// errnos, too.
int probe_unix_socket(const std::string& path);

// "permission denied: the socket belongs to root:docker", for lists of what was tried.
std::string connection_failure_text(int error_number);

// The error for a socket that does not take connections, with its remedy.
Error unix_socket_error(const Endpoint& endpoint, int error_number);

// The same for an address tcp://…; `reason` is what there is to say without an errno.
Error tcp_socket_error(const Endpoint& endpoint, int error_number, const std::string& reason);

// The error for an engine that accepts connections and is silent.
Error timeout_error(const Endpoint& endpoint, const std::string& operation);

// The error for bytes that are no HTTP.
Error not_http_error(const Endpoint& endpoint, std::string_view received);

// The error for an answer that ended before it was complete, or was none; `operation` is
// "GET /info".
Error broken_off_error(const Endpoint& endpoint, const std::string& operation,
                       std::string_view why);

// "box" of tcp://box:2375; of an IPv6 address with its brackets.
std::string host_of(const Endpoint& endpoint);

}  // namespace berth::runtime
