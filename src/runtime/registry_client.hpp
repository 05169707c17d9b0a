// RegistryClient: one repository of one registry, through the registry's HTTP API. Finds out how to
// speak with it (TLS, or plain HTTP where that is allowed) and what to prove (nothing, a name, a
// token).
//
// Sources: OCI distribution specification; distribution's token authentication
// (docs/spec/auth/token.md, oauth.md); docker/cli for the names of Docker Hub.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "berth/base/result.hpp"
#include "berth/model/image_reference.hpp"
#include "berth/runtime/docker_config.hpp"
#include "runtime/web_client.hpp"

namespace berth::runtime {

// Who is asked for what: "pytorch/pytorch" of docker.io is there under registry-1.docker.io,
// "redis" under library/redis.
struct RegistryAddress {
  std::string host{};        // "registry-1.docker.io", "127.0.0.1:5000"
  std::string repository{};  // "library/redis"
};
RegistryAddress registry_address(const ImageReference& reference);

// localhost, 127.0.0.0/8 and ::1, with a port or without: docker takes plain HTTP from those.
bool is_loopback_registry(const std::string& host);

class RegistryClient {
 public:
  // Called once, where the registry wants to know who asks.
  using CredentialsLookup = std::function<Result<std::optional<RegistryCredentials>>()>;

  // `plain_http`: where it does not speak TLS, and certificates are not checked.
  RegistryClient(RegistryAddress address, bool plain_http, CredentialsLookup credentials,
                 WebOptions options);

  // `path` is below the repository: "manifests/latest". Errors: those of WebClient::perform();
  // "registry-unauthorized" for credentials that the token server refuses; those of the lookup. An
  // HTTP status of 4xx or 5xx is an answer.
  Result<WebAnswer> ask(const std::string& method, const std::string& path, std::size_t limit);

  const RegistryAddress& address() const { return address_; }

 private:
  Result<WebAnswer> send(const std::string& method, const std::string& path, std::size_t limit);
  // False: nothing that we could prove.
  Result<bool> authenticate(const WebAnswer& refusal);
  Result<std::string> fetch_token(const std::string& realm, const std::string& service,
                                  const std::optional<RegistryCredentials>& credentials);

  const RegistryAddress address_;
  const bool plain_http_;
  const CredentialsLookup credentials_;
  WebClient web_;
  std::string scheme_ = "https";
  bool scheme_known_ = false;
  WebCredentials proof_{};
  bool authenticated_ = false;
};

}  // namespace berth::runtime
