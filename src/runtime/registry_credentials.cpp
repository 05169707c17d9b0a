// Which credentials go with a registry, and asking the helper programs that keep them.
#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "berth/base/text.hpp"
#include "berth/runtime/docker_config.hpp"
#include "runtime/base64.hpp"
#include "runtime/helper_process.hpp"
#include "runtime/json_fields.hpp"

namespace berth::runtime {

namespace {

using Found = std::optional<RegistryCredentials>;

// "https://ghcr.io/v2/" -> "ghcr.io": keys of `auths` may be URLs.
std::string host_of(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) {
      key.remove_prefix(scheme.size());
    }
  }
  return std::string(key.substr(0, key.find('/')));
}

Found find_in(const std::map<std::string, RegistryCredentials>& auths, const std::string& key) {
  if (const auto exact = auths.find(key); exact != auths.end()) {
    return exact->second;
  }
  for (const auto& [name, credentials] : auths) {
    if (host_of(name) == host_of(key)) {
      return credentials;
    }
  }
  return std::nullopt;
}

Failure helper_failed(const std::string& program, const std::string& key, std::string why) {
  return fail(
      Error{Errc::engine_failed, fmt::format("no credentials for `{}`: `{}` failed", key, program)}
          .note(std::move(why))
          .note("docker's config.json names it under `credsStore` or `credHelpers`")
          .hint(fmt::format("`echo {} | {} get` shows what it says", shell_quoted(key),
                            shell_quoted(program)))
          .named("credential-helper"));
}

Result<Found> ask_helper(const std::string& helper, const std::string& key,
                         std::chrono::milliseconds timeout) {
  const std::string program = "docker-credential-" + helper;
  if (helper.find('/') != std::string::npos) {
    return helper_failed(program, key, "a helper is a name, not a path");
  }
  const Result<HelperOutput> ran = run_helper(program, "get", key, timeout);
  if (!ran) {
    return helper_failed(program, key, ran.error().message);
  }
  // Helpers say on standard output that they know nothing, with exit status 1.
  // Source: docker-credential-helpers credentials/error.go.
  if (ran->output.find("credentials not found in native keychain") != std::string::npos) {
    return Found();
  }
  if (ran->exit_code != 0) {
    return helper_failed(program, key,
                         fmt::format("it ended with {}: {}", ran->exit_code, excerpt(ran->output)));
  }
  Result<RegistryCredentials> read =
      decode(ran->output, Errc::engine_failed, "its answer", [&key](const Json& json) {
        return RegistryCredentials{
            text_field(json, "Username"), text_field(json, "Secret"), {}, key};
      });
  if (!read) {
    // No excerpt: the answer may hold a password.
    return helper_failed(program, key,
                         "expected {\"Username\": …, \"Secret\": …}, got something else");
  }
  if (read->username == "<token>") {
    read->identity_token = std::exchange(read->password, {});
    read->username.clear();
  }
  return read->anonymous() ? Found() : Found(std::move(*read));
}

}  // namespace

std::string credentials_key(const std::string& registry) {
  return registry == "docker.io" ? "https://index.docker.io/v1/" : registry;
}

Result<std::optional<RegistryCredentials>> find_credentials(const DockerConfig& config,
                                                            const std::string& registry,
                                                            std::chrono::milliseconds timeout) {
  const std::string key = credentials_key(registry);
  if (Found found = find_in(config.auths_from_environment, key)) {
    return found;
  }
  if (const auto helper = config.credential_helpers.find(key);
      helper != config.credential_helpers.end()) {
    return ask_helper(helper->second, key, timeout);
  }
  if (const auto helper = config.credential_helpers.find(registry);
      helper != config.credential_helpers.end()) {
    return ask_helper(helper->second, key, timeout);
  }
  if (!config.credentials_store.empty()) {
    Result<Found> stored = ask_helper(config.credentials_store, key, timeout);
    return !stored && config.store_is_a_guess ? Found() : stored;
  }
  return find_in(config.auths, key);
}

std::string registry_auth_header(const RegistryCredentials& credentials) {
  nlohmann::ordered_json json;
  if (!credentials.identity_token.empty()) {
    json["identitytoken"] = credentials.identity_token;
  } else {
    json["username"] = credentials.username;
    json["password"] = credentials.password;
  }
  json["serveraddress"] = credentials.server;
  return base64url_encoded(
      json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace berth::runtime
