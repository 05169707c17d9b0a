// Reads config.json and DOCKER_AUTH_CONFIG.
#include "berth/runtime/docker_config.hpp"

#include <spdlog/fmt/fmt.h>

#include <utility>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"
#include "runtime/base64.hpp"
#include "runtime/docker_config_json.hpp"
#include "runtime/json_fields.hpp"
#include "runtime/program_path.hpp"

namespace berth::runtime {

namespace {

constexpr std::size_t kLargestConfig = 4u << 20;

// `auth` is base64 of "name:password"; the two may also stand there in clear.
RegistryCredentials read_credentials(const std::string& server, const Json& entry) {
  RegistryCredentials credentials{text_field(entry, "username"), text_field(entry, "password"),
                                  text_field(entry, "identitytoken"), server};
  const std::string encoded = text_field(entry, "auth");
  if (encoded.empty()) {
    return credentials;
  }
  const std::optional<std::string> decoded = base64_decoded(encoded);
  const std::size_t colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos) {
    throw UnexpectedJson("`auth` of `" + excerpt(server) + "` is not base64 of NAME:PASSWORD");
  }
  credentials.username = decoded->substr(0, colon);
  credentials.password = decoded->substr(colon + 1);
  while (credentials.password.ends_with('\0')) {
    credentials.password.pop_back();
  }
  return credentials;
}

void read_auths(const Json& json, DockerConfig& config) {
  const Json& auths = field(json, "auths");
  if (!auths.is_null() && !auths.is_object()) {
    throw UnexpectedJson("`auths` is not an object");
  }
  for (const auto& entry : auths.items()) {
    config.auths[entry.key()] = read_credentials(entry.key(), entry.value());
  }
}

// docker's spelling in config.json -> the variable.
constexpr std::pair<const char*, const char*> kProxyVariables[] = {
    {"httpProxy", "HTTP_PROXY"}, {"httpsProxy", "HTTPS_PROXY"}, {"noProxy", "NO_PROXY"},
    {"ftpProxy", "FTP_PROXY"},   {"allProxy", "ALL_PROXY"},
};

void read_proxies(const Json& json, DockerConfig& config) {
  const Json& proxies = field(json, "proxies");
  if (proxies.is_null()) {
    return;
  }
  for (const auto& entry : proxies.items()) {
    for (const auto& [key, variable] : kProxyVariables) {
      if (std::string value = text_field(entry.value(), key); !value.empty()) {
        config.proxies[entry.key()][variable] = std::move(value);
      }
    }
  }
}

DockerConfig read_config(const Json& json, const std::filesystem::path& folder) {
  DockerConfig config;
  config.folder = folder;
  config.current_context = text_field(json, "currentContext");
  config.detach_keys = text_field(json, "detachKeys");
  config.credentials_store = text_field(json, "credsStore");
  config.credential_helpers = text_map_field(json, "credHelpers");
  config.http_headers = text_map_field(json, "HttpHeaders");
  read_auths(json, config);
  read_proxies(json, config);
  return config;
}

}  // namespace

Result<DockerConfig> decode_docker_config(std::string_view text,
                                          const std::filesystem::path& folder) {
  return decode(text, Errc::invalid_input, "`" + (folder / "config.json").string() + "`",
                [&folder](const Json& json) { return read_config(json, folder); });
}

namespace {

std::filesystem::path config_folder(const EnvironmentLookup& environment) {
  const std::optional<std::string> folder = environment("DOCKER_CONFIG");
  if (folder && !folder->empty()) {
    return *folder;
  }
  const std::optional<std::string> home = environment("HOME");
  return home ? std::filesystem::path(*home) / ".docker" : std::filesystem::path();
}

DockerConfig load_file(const std::filesystem::path& folder) {
  DockerConfig config;
  config.folder = folder;
  if (folder.empty()) {
    return config;
  }
  const std::filesystem::path path = folder / "config.json";
  const Result<std::string> text = read_file(path, kLargestConfig);
  if (!text) {
    if (text.error().code != Errc::not_found) {
      config.remarks.push_back(text.error().message + "; docker's configuration is left out");
    }
    return config;
  }
  if (trimmed(*text).empty()) {
    return config;
  }
  Result<DockerConfig> read = decode_docker_config(*text, folder);
  if (!read) {
    const std::string why = read.error().notes.empty() ? "" : ": " + read.error().notes.front();
    // Its beginning may hold a password: only what is wrong is repeated, never an excerpt.
    config.remarks.push_back(fmt::format("`{}` is left out: {}", path.string(),
                                         why.find("it begins") == std::string::npos && !why.empty()
                                             ? why.substr(2)
                                             : "it is not JSON"));
    return config;
  }
  return std::move(*read);
}

// docker's own choice where nobody has made one.
// Source: docker/cli cli/config/credentials/default_store_linux.go, ContainsAuth() of configfile.
void guess_credentials_store(const EnvironmentLookup& environment, DockerConfig& config) {
  if (!config.credentials_store.empty() || !config.credential_helpers.empty() ||
      !config.auths.empty()) {
    return;
  }
  const std::string path = environment("PATH").value_or("");
  const std::string store = find_program("pass", path) ? "pass" : "secretservice";
  if (find_program("docker-credential-" + store, path)) {
    config.credentials_store = store;
    config.store_is_a_guess = true;
  }
}

// Stricter than config.json: docker refuses what it does not know here, and would ignore with it
// what the user meant. Source: docker/cli cli/config/configfile/file.go (parseEnvConfig).
DockerConfig read_auths_of_environment(const Json& json) {
  DockerConfig read;
  for (const auto& entry : json.items()) {
    if (entry.key() != "auths") {
      throw UnexpectedJson("`" + excerpt(entry.key(), 40) + "` is not known there");
    }
  }
  for (const auto& server : field(json, "auths").items()) {
    for (const auto& entry : server.value().items()) {
      if (entry.key() != "auth") {
        throw UnexpectedJson("`" + excerpt(entry.key(), 40) + "` is not known there");
      }
    }
  }
  read_auths(json, read);
  return read;
}

}  // namespace

DockerConfig load_docker_config(const EnvironmentLookup& environment) {
  DockerConfig config = load_file(config_folder(environment));
  guess_credentials_store(environment, config);
  const std::optional<std::string> text = environment("DOCKER_AUTH_CONFIG");
  if (!text.has_value() || trimmed(*text).empty()) {
    return config;
  }
  Result<DockerConfig> auths =
      decode(*text, Errc::invalid_input, "DOCKER_AUTH_CONFIG", &read_auths_of_environment);
  if (!auths) {
    config.remarks.emplace_back(
        "DOCKER_AUTH_CONFIG is left out: expected {\"auths\": {HOST: {\"auth\": BASE64}}} and "
        "nothing "
        "else");
    return config;
  }
  config.auths_from_environment = std::move(auths->auths);
  return config;
}

}  // namespace berth::runtime
