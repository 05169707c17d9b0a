// Follows docker's order of precedence; only among the default sockets does the first that works
// win.
#include "berth/runtime/endpoint.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "berth/base/text.hpp"
#include "berth/runtime/docker_config.hpp"
#include "runtime/connection_error.hpp"
#include "runtime/endpoint_tls.hpp"
#include "runtime/engine_headers.hpp"
#include "runtime/excerpt.hpp"
#include "runtime/podman_service.hpp"
#include "runtime/ssh_tunnel.hpp"

namespace berth::runtime {

namespace {

// An empty variable counts as unset, whoever looks it up.
EnvironmentLookup without_empty(EnvironmentLookup lookup) {
  return [lookup = std::move(lookup)](const std::string& name) {
    std::optional<std::string> value = lookup(name);
    return value && value->empty() ? std::nullopt : value;
  };
}

}  // namespace

EnvironmentLookup process_environment() {
  return without_empty([](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  });
}

namespace {

class Search {
 public:
  Search(const EndpointQuery& query, const DockerConfig& config)
      : query_(query), environment_(without_empty(query.environment)), config_(config) {}

  Result<Endpoint> find() const {
    if (query_.flag && query_.context) {
      return fail(Error{Errc::usage, "`--engine` and `--context` name two engines"}.hint(
          "give one of them"));
    }
    if (query_.flag) {
      return named(*query_.flag, "--engine");
    }
    if (query_.context) {
      return of_context(*query_.context, "--context");
    }
    if (const std::optional<std::string> host = environment_("DOCKER_HOST")) {
      return named(*host, "DOCKER_HOST");
    }
    if (const std::optional<std::string> context = environment_("DOCKER_CONTEXT")) {
      return of_context(*context, "DOCKER_CONTEXT");
    }
    return of_context(config_.current_context, (config_.folder / "config.json").string());
  }

 private:
  // An address that somebody named; its TLS is that of the variables.
  Result<Endpoint> named(const std::string& text, const std::string& origin) const {
    const bool asked = asks_for_tls(environment_);
    BERTH_TRY(Endpoint endpoint, parse_endpoint(text, origin, asked));
    if (endpoint.tls) {
      // `https://` alone is verified with what the system trusts.
      const bool verify = !asked || environment_("DOCKER_TLS_VERIFY").has_value();
      BERTH_TRY(endpoint.tls, tls_settings(certificate_folder(environment_, config_), verify, asked,
                                           endpoint.address));
    }
    return with_proxy(std::move(endpoint));
  }

  Result<Endpoint> of_context(const std::string& name, const std::string& chosen_by) const {
    if (name.empty() || name == "default") {
      return on_default_socket();
    }
    Result<DockerContext> context = find_context(config_, name);
    if (!context) {
      return fail(
          std::move(context).error().note(fmt::format("the context is chosen by {}", chosen_by)));
    }
    const std::string origin = fmt::format("docker context `{}`", excerpt(name));
    const bool tls = context->skip_tls_verify || !context->tls_folder.empty();
    BERTH_TRY(Endpoint endpoint, parse_endpoint(context->host, origin, tls));
    if (endpoint.tls) {
      BERTH_TRY(endpoint.tls, tls_settings(context->tls_folder, !context->skip_tls_verify, false,
                                           endpoint.address));
    }
    return with_proxy(std::move(endpoint));
  }

  Result<Endpoint> on_default_socket() const;
  Endpoint with_proxy(Endpoint endpoint) const;

  const EndpointQuery& query_;
  const EnvironmentLookup environment_;
  const DockerConfig& config_;
};

bool is_loopback(std::string_view url) {
  const std::string_view host = url.substr(url.find("://") + 3);
  const auto begins = [host](std::string_view name) {
    return host.starts_with(name) && (name.ends_with('.') || host.substr(name.size(), 1) == ":");
  };
  return begins("localhost") || begins("127.") || begins("[::1]");
}

// As Go's programs choose it; libcurl itself would not look at HTTP_PROXY in capitals.
// Source: golang.org/x/net/http/httpproxy.
Endpoint Search::with_proxy(Endpoint endpoint) const {
  if (endpoint.transport != Endpoint::Transport::tcp || is_loopback(endpoint.base_url)) {
    return endpoint;
  }
  const std::array<const char*, 2> names =
      endpoint.tls ? std::array<const char*, 2>{"HTTPS_PROXY", "https_proxy"}
                   : std::array<const char*, 2>{"HTTP_PROXY", "http_proxy"};
  for (const char* name : names) {
    if (const std::optional<std::string> url = environment_(name)) {
      const std::optional<std::string> exceptions = environment_("NO_PROXY");
      endpoint.proxy = ProxySettings{
          *url, exceptions ? *exceptions : environment_("no_proxy").value_or(""), name};
      break;
    }
  }
  return endpoint;
}

struct Attempt {
  Endpoint endpoint;
  int error_number;
};

Error nothing_found(const std::vector<Attempt>& attempts) {
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
                .hint("`--engine ssh://HOST` or DOCKER_HOST names an engine elsewhere")
                .named("engine-no-socket");
  for (const Attempt& attempt : attempts) {
    error.note(fmt::format("tried {}: {}", attempt.endpoint.address,
                           connection_failure_text(attempt.error_number)));
  }
  return error;
}

Result<Endpoint> Search::on_default_socket() const {
  std::vector<Attempt> attempts;
  for (const std::string& path : default_sockets(environment_, query_.system_root)) {
    Result<Endpoint> endpoint = parse_endpoint("unix://" + path, "default socket");
    if (!endpoint) {
      continue;  // an XDG_RUNTIME_DIR that no socket fits into
    }
    const int error_number = probe_unix_socket(path);
    if (error_number == 0) {
      return *endpoint;
    }
    attempts.push_back({std::move(*endpoint), error_number});
  }
  if (only_podman_is_installed(environment_("PATH").value_or(""))) {
    return podman_endpoint();
  }
  return fail(nothing_found(attempts));
}

}  // namespace

std::vector<std::string> default_sockets(const EnvironmentLookup& environment,
                                         const std::filesystem::path& system_root) {
  std::vector<std::string> sockets{(system_root / "var/run/docker.sock").string()};
  if (const std::optional<std::string> runtime = environment("XDG_RUNTIME_DIR")) {
    sockets.push_back(*runtime + "/docker.sock");
    sockets.push_back(*runtime + "/podman/podman.sock");
  }
  sockets.push_back((system_root / "run/podman/podman.sock").string());
  return sockets;
}

Result<Endpoint> find_endpoint(const EndpointQuery& query) {
  DockerConfig config = load_docker_config(query.environment);
  BERTH_TRY(Endpoint endpoint, Search(query, config).find());
  BERTH_TRY(endpoint.headers, engine_headers(config, query.environment("DOCKER_CUSTOM_HEADERS")));
  endpoint.remarks = std::move(config.remarks);
  return endpoint;
}

Result<Endpoint> open_endpoint(Endpoint endpoint, std::stop_token stop) {
  if (endpoint.through == Endpoint::Through::nothing) {
    return endpoint;
  }
  const bool through_ssh = endpoint.through == Endpoint::Through::ssh;
  BERTH_TRY(endpoint.program,
            through_ssh ? open_ssh_tunnel(endpoint, stop) : start_podman_service(stop));
  endpoint.socket_path = endpoint.program->socket_path();
  endpoint.program_command = endpoint.program->command_line();
  if (!through_ssh) {
    endpoint.address = "unix://" + endpoint.socket_path;
  }
  return endpoint;
}

}  // namespace berth::runtime
