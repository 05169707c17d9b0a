// Reads config.json, DOCKER_AUTH_CONFIG and the context store. Contexts are found by the name in
// their meta.json, not by the SHA-256 of it that names their folder.
#include "berth/runtime/docker_config.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"
#include "runtime/base64.hpp"
#include "runtime/json_fields.hpp"

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
  config.credentials_store = text_field(json, "credsStore");
  config.credential_helpers = text_map_field(json, "credHelpers");
  read_auths(json, config);
  read_proxies(json, config);
  return config;
}

std::filesystem::path config_folder(const EnvironmentLookup& environment) {
  if (const std::optional<std::string> folder = environment("DOCKER_CONFIG")) {
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
  Result<DockerConfig> read =
      decode(*text, Errc::invalid_input, "`" + path.string() + "`",
             [&folder](const Json& json) { return read_config(json, folder); });
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

}  // namespace

DockerConfig load_docker_config(const EnvironmentLookup& environment) {
  DockerConfig config = load_file(config_folder(environment));
  const std::optional<std::string> text = environment("DOCKER_AUTH_CONFIG");
  if (!text.has_value() || trimmed(*text).empty()) {
    return config;
  }
  Result<DockerConfig> auths =
      decode(*text, Errc::invalid_input, "DOCKER_AUTH_CONFIG", [](const Json& json) {
        DockerConfig read;
        read_auths(json, read);
        return read;
      });
  if (!auths) {
    config.remarks.emplace_back(
        "DOCKER_AUTH_CONFIG is left out: expected {\"auths\": {HOST: {\"auth\": BASE64}}}");
    return config;
  }
  config.auths_from_environment = std::move(auths->auths);
  return config;
}

namespace {

struct Context {
  std::string name;
  std::string host;
  bool tls;
};

Result<Context> read_context(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "meta.json";
  BERTH_TRY(const std::string text, read_file(path, kLargestConfig));
  return decode(text, Errc::invalid_input, "`" + path.string() + "`", [&folder](const Json& json) {
    Context context{text_field(json, "Name"), {}, false};
    if (const Json& endpoints = field(json, "Endpoints"); endpoints.is_object()) {
      if (const Json& docker = field(endpoints, "docker"); docker.is_object()) {
        context.host = text_field(docker, "Host");
      }
    }
    std::error_code ignored;
    context.tls = std::filesystem::exists(
        folder.parent_path().parent_path() / "tls" / folder.filename() / "docker", ignored);
    return context;
  });
}

Failure no_such_context(const std::string& name, const std::filesystem::path& store,
                        const std::vector<std::string>& names) {
  Error error{Errc::not_found, fmt::format("docker context `{}` does not exist", excerpt(name))};
  error.note(names.empty() ? fmt::format("there are no contexts in {}", store.string())
                           : fmt::format("there are: {}", join(names, ", ")));
  if (const std::optional<std::string> near = nearest(name, names)) {
    error.hint(fmt::format("`docker context use {}`", shell_quoted(*near)));
  }
  return fail(std::move(error));
}

}  // namespace

Result<std::string> context_host(const DockerConfig& config, const std::string& name) {
  const std::filesystem::path store = config.folder / "contexts" / "meta";
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(store, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const Result<Context> context = read_context(entry->path());
    if (!context) {
      continue;  // of no concern unless it is the one, whose name cannot be read then
    }
    if (context->name != name) {
      names.push_back(context->name);
      continue;
    }
    if (context->host.empty()) {
      return fail(Errc::invalid_input,
                  fmt::format("docker context `{}` names no Docker engine", excerpt(name)));
    }
    if (context->tls && !context->host.starts_with("unix://")) {
      return fail(Error{Errc::usage,
                        fmt::format("docker context `{}`: TLS is not supported yet", excerpt(name))}
                      .note(fmt::format("its engine is {}", excerpt(context->host))));
    }
    return context->host;
  }
  std::sort(names.begin(), names.end());
  return no_such_context(name, store, names);
}

}  // namespace berth::runtime
