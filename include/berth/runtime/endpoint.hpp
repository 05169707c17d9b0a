// Endpoint: where the container engine is, and how to speak with it there.
//
// Looked for in docker's order, then podman's: `--engine` or `--context`, DOCKER_HOST,
// DOCKER_CONTEXT and the current context of docker's configuration (the context `default` stands
// for what follows), /var/run/docker.sock, the rootless $XDG_RUNTIME_DIR/docker.sock,
// $XDG_RUNTIME_DIR/podman/podman.sock, /run/podman/podman.sock. Among the sockets that nobody
// named, the first that accepts a connection is taken; where none does and `podman` is installed
// without `docker`, Podman is started for as long as it is needed. Source of the order: docker/cli
// (cli/command/cli.go), podman-system-service(1). For users: docs/connections.md.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "berth/base/result.hpp"

namespace berth::runtime {

// getenv(3), replaceable in tests. An empty value counts as unset.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string&)>;
EnvironmentLookup process_environment();

// What the two ends prove themselves with: PEM files, empty where there is none.
struct TlsSettings {
  bool verify = true;                 // the engine's certificate and its name
  std::filesystem::path folder{};     // where the files are looked for, for messages
  std::filesystem::path authority{};  // ca.pem; empty: the authorities that the system trusts
  std::filesystem::path certificate{};
  std::filesystem::path key{};
};

// `ssh://[user@]host[:port][/path/of/the/socket]`.
struct SshTarget {
  std::string user{};
  std::string host{};  // without the brackets of an IPv6 address
  std::string port{};
  std::string socket = "/var/run/docker.sock";

  // The beginning of a command, for hints: "ssh -p 2222 me@host".
  std::string command() const;
};

// The web proxy on the way to an engine.
struct ProxySettings {
  std::string url{};         // "http://me:secret@proxy:3128"
  std::string exceptions{};  // as in NO_PROXY
  std::string origin{};      // "HTTP_PROXY"
};

class SocketProgram;

struct Endpoint {
  enum class Transport { unix_socket, tcp };
  // The program of ours that makes the socket; open_endpoint() starts it.
  enum class Through { nothing, ssh, podman };

  Transport transport = Transport::unix_socket;
  Through through = Through::nothing;
  std::string socket_path{};  // unix_socket: absolute; through a program: known once it is open
  std::string base_url{};     // "http://localhost", "https://10.0.0.5:2376/prefix"
  std::string address{};      // as shown to people: "unix:///var/run/docker.sock"
  std::string origin{};       // "--engine", "DOCKER_HOST", "docker context `lab`", "default socket"
  std::vector<std::string> remarks{};  // things found on the way that a user may want to know

  std::optional<TlsSettings> tls{};      // tcp
  std::optional<ProxySettings> proxy{};  // tcp
  SshTarget ssh{};                       // through ssh
  std::string user_agent = "berth";
  std::vector<std::string> headers{};  // "Name: value", with every request
  // Lives as long as somebody speaks with the engine.
  std::shared_ptr<const SocketProgram> program{};
  std::string program_command{};  // as shown to people: "ssh -N -T … host"

  // On this machine: what its files and PATH say holds for the engine too.
  bool local() const { return transport == Transport::unix_socket && through != Through::ssh; }
};

struct EndpointQuery {
  std::optional<std::string> flag{};  // --engine
  EnvironmentLookup environment = process_environment();
  std::filesystem::path system_root = "/";  // where /var/run and /run are looked for
  std::optional<std::string> context{};     // --context
};

// `unix:///path`, an absolute path, `tcp://host[:2375][/prefix]`, `http://`, `https://host[:2376]`,
// `host:port`, `ssh://…`. Errc::usage for anything else, for a path that does not fit into a socket
// address, and for Windows pipes. With `tls` the tcp forms get https and port 2376; which files it
// takes is find_endpoint()'s affair.
Result<Endpoint> parse_endpoint(const std::string& text, const std::string& origin,
                                bool tls = false);

// The sockets that engines make by themselves, in the order of preference.
std::vector<std::string> default_sockets(const EnvironmentLookup& environment,
                                         const std::filesystem::path& system_root = "/");

// Errc::engine_unreachable where no engine can be found, with every address that was tried and why
// it did not do; Errc::not_found for a context, or for a file of TLS, that is not there.
Result<Endpoint> find_endpoint(const EndpointQuery& query);

// Starts the program that an endpoint goes through, if it goes through one: the user's ssh, which
// may ask for a password on the terminal, or `podman system service`. It ends with the last copy of
// the endpoint, and with the calling thread: call it from one that lives as long. Errc::interrupted
// where `stop` comes first.
Result<Endpoint> open_endpoint(Endpoint endpoint, std::stop_token stop = {});

}  // namespace berth::runtime
