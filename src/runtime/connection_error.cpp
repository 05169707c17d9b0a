// Turns errno and libcurl's codes into errors that name the address, the reason and the remedy.
#include "runtime/connection_error.hpp"

#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"

namespace berth::runtime {

int probe_unix_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return ENAMETOOLONG;
  }
  std::copy(path.begin(), path.end(), static_cast<char*>(address.sun_path));
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) {
    return errno;
  }
  const int result =
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  // EAGAIN: the queue of connections is full, so somebody is there.
  return result == 0 || errno == EAGAIN ? 0 : errno;
}

std::string connection_failure_text(int error_number) {
  switch (error_number) {
    case 0:
      return "no answer";
    case ENOENT:
      return "no such socket";
    case EACCES:
      return "permission denied";
    case ECONNREFUSED:
      return "nothing listens on it: the engine is not running";
    default:
      return lowered(std::error_code(error_number, std::generic_category()).message());
  }
}

Error unix_socket_error(const Endpoint& endpoint, int error_number) {
  Error error{Errc::engine_unreachable,
              fmt::format("no container engine answers at {}: {}", endpoint.address,
                          connection_failure_text(error_number))};
  if (!endpoint.origin.empty()) {
    error.note(fmt::format("the address is from {}", endpoint.origin));
  }
  switch (error_number) {
    case EACCES:
      error.note("a Docker socket is open to root and to members of the group `docker`");
      error.hint(
          "`sudo usermod -aG docker $USER`, then log in again (or `newgrp docker` in this shell)");
      error.id = "engine-permission-denied";
      break;
    case ENOENT:
    case ECONNREFUSED:
      error.hint(
          "`sudo systemctl start docker` starts Docker, `systemctl --user start podman.socket` "
          "Podman");
      error.id = error_number == ENOENT ? "engine-no-socket" : "engine-not-running";
      break;
    default:
      break;
  }
  return error;
}

namespace {

Error tcp_error(CURL* easy, CURLcode code, const Endpoint& endpoint) {
  long error_number = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error_number);
  const std::string reason =
      error_number != 0
          ? lowered(
                std::error_code(static_cast<int>(error_number), std::generic_category()).message())
          : lowered(curl_easy_strerror(code));
  Error error{Errc::engine_unreachable,
              fmt::format("no container engine answers at {}: {}", endpoint.address, reason)};
  return std::move(error.note(fmt::format("the address is from {}", endpoint.origin)));
}

}  // namespace

Error timeout_error(const Endpoint& endpoint, const std::string& operation) {
  return Error{Errc::engine_unreachable,
               fmt::format("the engine at {} does not answer", endpoint.address)}
      .note(fmt::format("`{}` was given up after its time limit", operation))
      .hint("`sudo systemctl restart docker`, if it does not recover")
      .named("engine-timeout");
}

Error connection_error(CURL* easy, CURLcode code, const Endpoint& endpoint,
                       const std::string& operation) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
      if (endpoint.transport == Endpoint::Transport::unix_socket) {
        return unix_socket_error(endpoint, probe_unix_socket(endpoint.socket_path));
      }
      return tcp_error(easy, code, endpoint);
    case CURLE_OPERATION_TIMEDOUT:
      return timeout_error(endpoint, operation);
    default:
      return Error{Errc::engine_failed,
                   fmt::format("the engine at {} broke off its answer", endpoint.address)}
          .note(fmt::format("during `{}`: {}", operation, lowered(curl_easy_strerror(code))));
  }
}

}  // namespace berth::runtime
