// Endpoint: where the container engine is.
//
// Looked for in docker's order, then podman's: `--engine`, DOCKER_HOST, DOCKER_CONTEXT and the
// current context of docker's configuration (the context `default` stands for what follows),
// /var/run/docker.sock, the rootless $XDG_RUNTIME_DIR/docker.sock,
// $XDG_RUNTIME_DIR/podman/podman.sock, /run/podman/podman.sock. Among the sockets that nobody
// named, the first that accepts a connection is taken. Source of the order: docker/cli
// (cli/command/cli.go), podman-system-service(1).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "berth/base/result.hpp"

namespace berth::runtime {

// getenv(3), replaceable in tests. An empty value counts as unset.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string&)>;
EnvironmentLookup process_environment();

struct Endpoint {
  enum class Transport { unix_socket, tcp };
  Transport transport = Transport::unix_socket;
  std::string socket_path{};  // unix_socket: absolute
  std::string base_url{};     // "http://localhost", "http://10.0.0.5:2375/prefix"
  std::string address{};      // as shown to people: "unix:///var/run/docker.sock"
  std::string origin{};       // "--engine", "DOCKER_HOST", "docker context `lab`", "default socket"
  std::vector<std::string> remarks{};  // things found on the way that a user may want to know

  // On this machine: what its files and PATH say holds for the engine too.
  bool local() const { return transport == Transport::unix_socket; }
};

struct EndpointQuery {
  std::optional<std::string> flag{};  // --engine
  EnvironmentLookup environment = process_environment();
  std::filesystem::path system_root = "/";  // where /var/run and /run are looked for
};

// `unix:///path`, an absolute path, `tcp://host[:2375][/prefix]`, `host:port`. Errc::usage for
// anything else, for a path that does not fit into a socket address, and for `ssh://`, TLS and
// Windows pipes, which are not supported yet.
Result<Endpoint> parse_endpoint(const std::string& text, const std::string& origin);

// Errc::engine_unreachable where no engine can be found, with every address that was tried and why
// it did not do.
Result<Endpoint> find_endpoint(const EndpointQuery& query);

}  // namespace berth::runtime
