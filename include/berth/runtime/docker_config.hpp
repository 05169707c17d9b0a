// Docker's configuration: config.json, the contexts beside it, and the credentials it leads to.
//
// Source of the facts: docker/cli (cli/config, cli/config/credentials, cli/context/store),
// docker-credential-helpers.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/endpoint.hpp"

namespace berth::runtime {

// What a registry is told about the caller: a name and a password, or an identity token.
struct RegistryCredentials {
  std::string username{};
  std::string password{};
  std::string identity_token{};
  std::string server{};  // the key they were found under

  bool anonymous() const { return username.empty() && identity_token.empty(); }
};

struct DockerConfig {
  std::filesystem::path folder{};  // DOCKER_CONFIG, else ~/.docker; empty where neither is known
  std::string current_context{};
  std::string credentials_store{};  // "secretservice"
  // Nobody has configured credentials, so docker's default store is asked, if it is installed; that
  // it fails means nothing then.
  bool store_is_a_guess = false;
  std::map<std::string, std::string> credential_helpers{};  // host -> helper
  std::map<std::string, RegistryCredentials> auths{};       // registry key -> credentials
  std::map<std::string, RegistryCredentials> auths_from_environment{};  // DOCKER_AUTH_CONFIG; wins
  // Proxy variables for containers, by daemon address or "default": {"default": {"HTTP_PROXY":
  // "http://…"}}.
  std::map<std::string, std::map<std::string, std::string>> proxies{};
  std::map<std::string, std::string> http_headers{};  // for the engine: HttpHeaders
  std::string detach_keys{};                          // "ctrl-x,x"
  // Why a file was left out: docker carries on without a broken one, and so does berth, aloud.
  std::vector<std::string> remarks{};
};

// A missing file is an empty configuration; a broken one is too, with a remark.
DockerConfig load_docker_config(const EnvironmentLookup& environment);

// An engine that the user has given a name.
struct DockerContext {
  std::string name{};
  std::string host{};  // "unix:///…", "ssh://me@lab"
  bool skip_tls_verify = false;
  std::filesystem::path tls_folder{};  // of ca.pem, cert.pem, key.pem; empty where there is none
};

// Errc::not_found where there is no such context, with the names of those there are.
Result<DockerContext> find_context(const DockerConfig& config, const std::string& name);

// For a registry's host ("ghcr.io", "docker.io", "127.0.0.1:5001"): DOCKER_AUTH_CONFIG, else the
// helper named for it, else the store, else `auths`. Absent: nothing is configured, pull
// anonymously. Errc::engine_failed where a helper program is missing, fails or takes longer than
// `timeout`.
Result<std::optional<RegistryCredentials>> find_credentials(
    const DockerConfig& config, const std::string& registry,
    std::chrono::milliseconds timeout = std::chrono::seconds(30));

// The key that docker keeps a registry's credentials under: the host, "https://index.docker.io/v1/"
// for Docker Hub.
std::string credentials_key(const std::string& registry);

// The value of X-Registry-Auth: base64url of a JSON object.
std::string registry_auth_header(const RegistryCredentials& credentials);

}  // namespace berth::runtime
