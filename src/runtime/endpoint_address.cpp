// The forms of an engine's address.
// Source: docker/cli opts/hosts.go (unix, tcp), cli/connhelper/ssh/ssh.go.
#include <spdlog/fmt/fmt.h>
#include <sys/un.h>

#include <algorithm>

#include "berth/base/text.hpp"
#include "berth/runtime/endpoint.hpp"
#include "runtime/excerpt.hpp"

namespace berth::runtime {

namespace {

Error malformed(const std::string& text, const std::string& origin) {
  return Error{Errc::usage, fmt::format("engine address `{}` cannot be understood", excerpt(text))}
      .note(fmt::format("it is from {}", origin))
      .note("expected unix:///PATH, tcp://HOST:PORT or ssh://[USER@]HOST");
}

Result<Endpoint> unix_endpoint(const std::string& path, const std::string& origin) {
  constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  if (!path.starts_with('/') || path.find('\0') != std::string::npos) {
    return fail(malformed("unix://" + path, origin));
  }
  if (path.size() > kLongest) {
    return fail(
        Error{Errc::usage, fmt::format("engine address `unix://{}` is too long", excerpt(path))}
            .note(fmt::format("it is from {}", origin))
            .note(fmt::format("the path of a socket has at most {} bytes, this one has {}",
                              kLongest, path.size()))
            .hint(fmt::format("`ln -s {} /tmp/engine.sock`, and use unix:///tmp/engine.sock",
                              shell_quoted(path))));
  }
  Endpoint endpoint;
  endpoint.socket_path = path;
  endpoint.base_url = "http://localhost";
  endpoint.address = "unix://" + path;
  endpoint.origin = origin;
  return endpoint;
}

struct HostAndPort {
  std::string host;  // an IPv6 address stands in brackets
  std::string port;  // may be empty
};

std::optional<HostAndPort> split_host(const std::string& text) {
  constexpr std::string_view kHost =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  const bool bracketed = text.starts_with('[');
  const std::size_t end =
      bracketed ? text.find(']') + 1 : std::min(text.find(':'), text.size());  // npos + 1 is 0
  if (end == 0) {
    return std::nullopt;
  }
  const std::string host = text.substr(0, end);
  const std::string_view name =
      bracketed ? std::string_view(host).substr(1, end - 2) : std::string_view(host);
  const std::string allowed = std::string(kHost) + (bracketed ? ":%" : "");
  if (name.empty() || name.starts_with('-') ||
      name.find_first_not_of(allowed) != std::string_view::npos) {
    return std::nullopt;
  }
  if (end == text.size()) {
    return HostAndPort{host, {}};
  }
  const std::string port = text.substr(end + 1);
  constexpr std::size_t kLongestPort = 5;
  if (text[end] != ':' || port.empty() || port.size() > kLongestPort ||
      port.find_first_not_of("0123456789") != std::string::npos || std::stoi(port) > 65535) {
    return std::nullopt;
  }
  return HostAndPort{host, port};
}

Result<Endpoint> tcp_endpoint(const std::string& rest, const std::string& origin, bool tls) {
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::optional<HostAndPort> host = split_host(rest.substr(0, slash));
  std::string prefix = rest.substr(slash);
  while (prefix.ends_with('/')) {
    prefix.pop_back();
  }
  const bool printable = std::all_of(prefix.begin(), prefix.end(), [](char c) {
    return c > ' ' && c < '\x7f' && c != '?' && c != '#';
  });
  if (!host || !printable) {
    return fail(malformed("tcp://" + rest, origin));
  }
  const std::string port = !host->port.empty() ? host->port : tls ? "2376" : "2375";
  Endpoint endpoint;
  endpoint.transport = Endpoint::Transport::tcp;
  endpoint.base_url = fmt::format("{}://{}:{}{}", tls ? "https" : "http", host->host, port, prefix);
  endpoint.address = fmt::format("tcp://{}:{}{}", host->host, port, prefix);
  endpoint.origin = origin;
  if (tls) {
    endpoint.tls = TlsSettings{};
  }
  return endpoint;
}

// What stands in an ssh address and must not; empty: nothing.
std::string_view unwelcome_in_ssh(const std::string& user, const std::string& path) {
  if (user.find(':') != std::string::npos) {
    return "a password does not belong into an address: ssh asks for it, or takes a key";
  }
  if (path.find('?') != std::string::npos) {
    return "a query (`?`) means nothing to ssh";
  }
  if (path.find('#') != std::string::npos) {
    return "a fragment (`#`) means nothing to ssh";
  }
  return {};
}

Result<Endpoint> ssh_endpoint(const std::string& rest, const std::string& origin) {
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string authority = rest.substr(0, end);
  const std::string path = rest.substr(end);
  const std::size_t at = authority.rfind('@');
  const std::string user = at == std::string::npos ? "" : authority.substr(0, at);
  if (const std::string_view why = unwelcome_in_ssh(user, path); !why.empty()) {
    return fail(Error{Errc::usage,
                      fmt::format("engine address `ssh://…{}` cannot be used",
                                  excerpt(at == std::string::npos ? authority + path
                                                                  : authority.substr(at) + path))}
                    .note(fmt::format("it is from {}", origin))
                    .note(std::string(why)));
  }
  const std::optional<HostAndPort> host =
      split_host(at == std::string::npos ? authority : authority.substr(at + 1));
  const auto odd = [](char c) { return c <= ' ' || c == '\x7f'; };
  if (!host || (at != std::string::npos && user.empty()) || user.starts_with('-') ||
      std::any_of(rest.begin(), rest.end(), odd) || path.find(':') != std::string::npos) {
    return fail(malformed("ssh://" + rest, origin));
  }
  const bool bracketed = host->host.starts_with('[');
  Endpoint endpoint;
  endpoint.through = Endpoint::Through::ssh;
  endpoint.ssh.user = user;
  endpoint.ssh.host = bracketed ? host->host.substr(1, host->host.size() - 2) : host->host;
  endpoint.ssh.port = host->port;
  if (path.size() > 1) {
    endpoint.ssh.socket = path;
  }
  endpoint.base_url = "http://localhost";
  endpoint.address = "ssh://" + (path == "/" ? authority : rest);
  endpoint.origin = origin;
  return endpoint;
}

}  // namespace

std::string SshTarget::command() const {
  std::string command = "ssh ";
  if (!port.empty()) {
    command += "-p " + port + " ";
  }
  return command + shell_quoted(user.empty() ? host : user + "@" + host);
}

Result<Endpoint> parse_endpoint(const std::string& text, const std::string& origin, bool tls) {
  if (text.starts_with('/')) {
    return unix_endpoint(text, origin);
  }
  const std::size_t separator = text.find("://");
  const std::string scheme = separator == std::string::npos ? "tcp" : text.substr(0, separator);
  const std::string rest = separator == std::string::npos ? text : text.substr(separator + 3);
  if (scheme == "unix") {
    return unix_endpoint(rest.empty() ? "/var/run/docker.sock" : rest, origin);
  }
  if (scheme == "tcp" || scheme == "http" || scheme == "https") {
    return tcp_endpoint(rest, origin, scheme == "https" || (tls && scheme == "tcp"));
  }
  if (scheme == "ssh") {
    return ssh_endpoint(rest, origin);
  }
  Error error = malformed(text, origin);
  if (scheme == "npipe") {
    error.note("npipe:// is an engine on Windows");
  } else if (scheme == "fd") {
    error.note("fd:// is how systemd hands a socket to a daemon; clients use its path");
  }
  return fail(std::move(error));
}

}  // namespace berth::runtime
