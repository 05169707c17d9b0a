// Turns an errno into an error that names the address, the reason and the remedy.
#include "runtime/connection_error.hpp"

#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"
#include "runtime/excerpt.hpp"
#include "runtime/ssh_tunnel.hpp"

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

namespace {

// connect() says of a file that nothing listens on it, as of a socket whose engine has ended.
bool is_no_socket(const Endpoint& endpoint) {
  constexpr std::string_view kScheme = "unix://";
  if (!endpoint.address.starts_with(kScheme)) {
    return false;
  }
  std::error_code error;
  const std::filesystem::file_status status =
      std::filesystem::status(endpoint.address.substr(kScheme.size()), error);
  return std::filesystem::exists(status) && !std::filesystem::is_socket(status);
}

}  // namespace

Error unix_socket_error(const Endpoint& endpoint, int error_number) {
  const bool no_socket = error_number == ECONNREFUSED && is_no_socket(endpoint);
  Error error{Errc::engine_unreachable,
              fmt::format("no container engine answers at {}: {}", endpoint.address,
                          no_socket ? "it is no socket" : connection_failure_text(error_number))};
  if (!endpoint.origin.empty()) {
    error.note(fmt::format("the address is from {}", endpoint.origin));
  }
  if (no_socket) {  // no engine's start would make it one
    return std::move(error)
        .named("engine-no-socket")
        .hint("`berth --engine unix:///var/run/docker.sock doctor` asks at the usual place");
  }
  switch (error_number) {
    case EACCES:
      error.id = "engine-permission-denied";
      if (::geteuid() == 0) {  // no group keeps root out
        error.note("AppArmor, SELinux or a user namespace keeps root from it");
        error.hint("`sudo dmesg | grep -i denied` shows which");
        break;
      }
      error.note("a Docker socket is open to root and to members of the group `docker`");
      error.hint(
          "`sudo usermod -aG docker $USER`, then log in again (or `newgrp docker` in this shell)");
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

std::string host_of(const Endpoint& endpoint) {
  const std::size_t scheme = endpoint.address.find("://");
  std::string host = endpoint.address.substr(scheme == std::string::npos ? 0 : scheme + 3);
  host = host.substr(0, host.find('/'));
  const std::size_t colon = host.rfind(':');
  return colon == std::string::npos || host.ends_with(']') ? host : host.substr(0, colon);
}

// Refused: its machine is there. No route, no answer: nobody knows whether it is.
Error tcp_socket_error(const Endpoint& endpoint, int error_number, const std::string& reason) {
  const std::string host = excerpt(host_of(endpoint), 100);
  Error error{Errc::engine_unreachable,
              fmt::format("no container engine answers at {}: {}", endpoint.address, reason)};
  error.note(fmt::format("the address is from {}", endpoint.origin));
  switch (error_number) {
    case ECONNREFUSED:
      error.id = "engine-refused";
      error.note(
          fmt::format("{} answers, and nothing listens on that port: a daemon does where "
                      "`hosts` of its daemon.json, or its option -H, names it",
                      host));
      error.hint(fmt::format("`berth --engine ssh://{} …` needs no open port", host));
      break;
    case EHOSTUNREACH:
    case ENETUNREACH:
      error.id = "engine-no-route";
      error.note("no way leads there: the machine is off, or the network or VPN to it is");
      error.hint(fmt::format("`ping -c 1 {}` shows whether it is back", host));
      break;
    case ETIMEDOUT:
      error.id = "engine-no-route";
      error.note("nothing comes back: the machine is off, or a firewall drops what is sent");
      error.hint(fmt::format("`ping -c 1 {}` shows whether it is back", host));
      break;
    default:
      break;
  }
  return error;
}

Error timeout_error(const Endpoint& endpoint, const std::string& operation) {
  const std::string restart = endpoint.through == Endpoint::Through::ssh
                                  ? endpoint.ssh.command() + " sudo systemctl restart docker"
                                  : "sudo systemctl restart docker";
  return Error{Errc::engine_unreachable,
               fmt::format("the engine at {} does not answer", endpoint.address)}
      .note(fmt::format("`{}` was given up after its time limit", operation))
      .hint(fmt::format("`{}`{}, if it does not recover", restart,
                        endpoint.transport == Endpoint::Transport::tcp ? " on its machine" : ""))
      .named("engine-timeout");
}

Error not_http_error(const Endpoint& endpoint, std::string_view received) {
  return Error{Errc::engine_failed,
               fmt::format("what answers at {} is no container engine", endpoint.address)}
      .note("expected an HTTP answer, got `" + excerpt(received) + "`");
}

Error broken_off_error(const Endpoint& endpoint, const std::string& operation,
                       std::string_view why) {
  if (endpoint.through == Endpoint::Through::ssh) {
    return ssh_channel_error(endpoint);
  }
  return Error{Errc::engine_failed,
               fmt::format("the engine at {} broke off its answer", endpoint.address)}
      .note(fmt::format("during `{}`: {}", operation, lowered(why)));
}

}  // namespace berth::runtime
