// Follows docker's order of precedence; only among the default sockets does the first that works
// win.
#include "berth/runtime/endpoint.hpp"

#include <spdlog/fmt/fmt.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "berth/base/text.hpp"
#include "berth/runtime/docker_config.hpp"
#include "runtime/connection_error.hpp"
#include "runtime/excerpt.hpp"

namespace berth::runtime {

EnvironmentLookup process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') {
      return std::nullopt;
    }
    return value;
  };
}

namespace {

constexpr std::string_view kDefaultSocket = "/var/run/docker.sock";

Error malformed(const std::string& text, const std::string& origin) {
  return Error{Errc::usage, fmt::format("engine address `{}` cannot be understood", excerpt(text))}
      .note(fmt::format("it is from {}", origin))
      .note("expected unix:///PATH or tcp://HOST:PORT");
}

Error unsupported(const std::string& text, const std::string& origin, std::string_view what) {
  return Error{Errc::usage,
               fmt::format("engine address `{}`: {} not supported yet", excerpt(text), what)}
      .note(fmt::format("it is from {}", origin));
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
  return Endpoint{.transport = Endpoint::Transport::unix_socket,
                  .socket_path = path,
                  .base_url = "http://localhost",
                  .address = "unix://" + path,
                  .origin = origin};
}

bool is_host_and_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  const std::size_t end = bracketed ? text.find(']') : text.find(':');
  if (text.empty() || end == 0 || (bracketed && end == std::string_view::npos)) {
    return false;
  }
  constexpr std::string_view kHost =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._[]:%";
  if (text.find_first_not_of(kHost) != std::string_view::npos) {
    return false;
  }
  if (colon == std::string_view::npos || (bracketed && colon < end)) {
    return true;
  }
  const std::string_view port = text.substr(colon + 1);
  return !port.empty() && port.size() <= 5 &&
         port.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<Endpoint> tcp_endpoint(const std::string& rest, const std::string& origin) {
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string host = rest.substr(0, slash);
  std::string prefix = rest.substr(slash);
  if (prefix.ends_with('/')) {
    prefix.pop_back();
  }
  if (!is_host_and_port(host) || prefix.find_first_of(" ?#\r\n") != std::string::npos) {
    return fail(malformed("tcp://" + rest, origin));
  }
  const bool has_port =
      host.starts_with('[') ? !host.ends_with(']') : host.find(':') != std::string::npos;
  if (!has_port) {
    host += ":2375";
  }
  return Endpoint{.transport = Endpoint::Transport::tcp,
                  .base_url = "http://" + host + prefix,
                  .address = "tcp://" + host + prefix,
                  .origin = origin};
}

}  // namespace

Result<Endpoint> parse_endpoint(const std::string& text, const std::string& origin) {
  const std::size_t separator = text.find("://");
  if (text.starts_with('/')) {
    return unix_endpoint(text, origin);
  }
  const std::string scheme = separator == std::string::npos ? "tcp" : text.substr(0, separator);
  const std::string rest = separator == std::string::npos ? text : text.substr(separator + 3);
  if (scheme == "unix") {
    return unix_endpoint(rest.empty() ? std::string(kDefaultSocket) : rest, origin);
  }
  if (scheme == "tcp" || scheme == "http") {
    return tcp_endpoint(rest, origin);
  }
  if (scheme == "ssh") {
    return fail(unsupported(text, origin, "engines over ssh are")
                    .hint(fmt::format("`ssh -N -L /tmp/engine.sock:/var/run/docker.sock {}` and "
                                      "`--engine unix:///tmp/engine.sock`",
                                      shell_quoted(rest.substr(0, rest.find('/'))))));
  }
  if (scheme == "https") {
    return fail(unsupported(text, origin, "TLS is"));
  }
  if (scheme == "npipe" || scheme == "fd") {
    return fail(unsupported(text, origin, "this kind of address is"));
  }
  return fail(malformed(text, origin));
}

namespace {

bool asks_for_tls(const EnvironmentLookup& environment) {
  return environment("DOCKER_TLS").has_value() || environment("DOCKER_TLS_VERIFY").has_value();
}

// An address that somebody named.
Result<Endpoint> named_endpoint(const std::string& text, const std::string& origin,
                                const EnvironmentLookup& environment) {
  BERTH_TRY(Endpoint endpoint, parse_endpoint(text, origin));
  if (endpoint.transport == Endpoint::Transport::tcp && asks_for_tls(environment)) {
    return fail(
        unsupported(text, origin, "TLS is")
            .note("DOCKER_TLS or DOCKER_TLS_VERIFY is set")
            .hint("`unset DOCKER_TLS DOCKER_TLS_VERIFY`, where the engine listens without TLS"));
  }
  return endpoint;
}

// The sockets that engines make by themselves, in the order of preference.
std::vector<std::string> default_sockets(const EndpointQuery& query) {
  const auto below_root = [&query](const char* path) {
    return (query.system_root / path).string();
  };
  std::vector<std::string> sockets{below_root("var/run/docker.sock")};
  if (const std::optional<std::string> runtime = query.environment("XDG_RUNTIME_DIR")) {
    sockets.push_back(*runtime + "/docker.sock");
    sockets.push_back(*runtime + "/podman/podman.sock");
  }
  sockets.push_back(below_root("run/podman/podman.sock"));
  return sockets;
}

Result<Endpoint> default_endpoint(const EndpointQuery& query) {
  struct Attempt {
    Endpoint endpoint;
    int error_number;
  };
  std::vector<Attempt> attempts;
  for (const std::string& path : default_sockets(query)) {
    Result<Endpoint> endpoint = unix_endpoint(path, "default socket");
    if (!endpoint) {
      continue;  // an XDG_RUNTIME_DIR that no socket fits into
    }
    const int error_number = probe_unix_socket(path);
    if (error_number == 0) {
      return *endpoint;
    }
    attempts.push_back({std::move(*endpoint), error_number});
  }
  // One that exists tells more than those that do not.
  const auto telling = std::find_if(attempts.begin(), attempts.end(), [](const Attempt& attempt) {
    return attempt.error_number != ENOENT && attempt.error_number != ENOTDIR;
  });
  Error error =
      telling != attempts.end()
          ? unix_socket_error(telling->endpoint, telling->error_number)
          : Error{Errc::engine_unreachable, "no container engine was found on this machine"}
                .hint(
                    "`sudo apt-get install docker.io` installs Docker, `sudo systemctl start "
                    "docker` starts it")
                .hint("`--engine unix:///PATH` or DOCKER_HOST names an engine elsewhere")
                .named("engine-no-socket");
  for (const Attempt& attempt : attempts) {
    error.note(fmt::format("tried {}: {}", attempt.endpoint.address,
                           connection_failure_text(attempt.error_number)));
  }
  return fail(std::move(error));
}

// nullopt: the context `default`, or none at all.
Result<std::optional<Endpoint>> context_endpoint(const DockerConfig& config,
                                                 const EnvironmentLookup& environment) {
  const std::optional<std::string> variable = environment("DOCKER_CONTEXT");
  const std::string name = variable.value_or(config.current_context);
  if (name.empty() || name == "default") {
    return std::nullopt;
  }
  const std::string chosen_by =
      variable ? "DOCKER_CONTEXT" : (config.folder / "config.json").string();
  Result<std::string> host = context_host(config, name);
  if (!host) {
    return fail(
        std::move(host).error().note(fmt::format("the context is chosen by {}", chosen_by)));
  }
  BERTH_TRY(Endpoint endpoint,
            named_endpoint(*host, fmt::format("docker context `{}`", excerpt(name)), environment));
  return endpoint;
}

}  // namespace

Result<Endpoint> find_endpoint(const EndpointQuery& query) {
  if (query.flag.has_value()) {
    return named_endpoint(*query.flag, "--engine", query.environment);
  }
  if (const std::optional<std::string> host = query.environment("DOCKER_HOST");
      host.has_value() && !host->empty()) {
    return named_endpoint(*host, "DOCKER_HOST", query.environment);
  }
  DockerConfig config = load_docker_config(query.environment);
  BERTH_TRY(std::optional<Endpoint> from_context, context_endpoint(config, query.environment));
  if (!from_context.has_value()) {
    BERTH_TRY(from_context, default_endpoint(query));
  }
  from_context->remarks = std::move(config.remarks);
  return std::move(*from_context);
}

}  // namespace berth::runtime
