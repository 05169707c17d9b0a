#include "runtime/registry_client.hpp"

#include <arpa/inet.h>
#include <spdlog/fmt/fmt.h>

#include <utility>
#include <vector>

#include "runtime/excerpt.hpp"
#include "runtime/http_client.hpp"
#include "runtime/registry_challenge.hpp"
#include "runtime/registry_documents.hpp"

namespace berth::runtime {

namespace {

constexpr std::size_t kTokenLimit = 1u << 20;

// What we can read. Without schema 1: an engine would not take it either.
constexpr std::string_view kAccept =
    "Accept: application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

// A value in a query or a form: nothing but letters and digits stays as it is.
std::string encoded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_';
    result += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

// Without the port; an IPv6 address without its brackets.
std::string host_alone(const std::string& host) {
  if (host.starts_with('[')) {
    return host.substr(1, host.find(']') - 1);
  }
  return host.substr(0, host.find(':'));
}

const std::string& parameter(const AuthChallenge& challenge, const std::string& name) {
  static const std::string none;
  const auto found = challenge.parameters.find(name);
  return found == challenge.parameters.end() ? none : found->second;
}

Error refused_credentials(const std::string& host, long status) {
  return Error{Errc::engine_failed, fmt::format("`{}` refuses access", host)}
      .note(fmt::format("the server of its tokens answered with status {}", status))
      .named("registry-unauthorized");
}

}  // namespace

RegistryAddress registry_address(const ImageReference& reference) {
  RegistryAddress address{reference.registry, reference.name};
  const std::size_t slash = reference.name.find('/');
  const std::string first = reference.name.substr(0, slash);
  if (slash != std::string::npos && (first == reference.registry || first == "index.docker.io" ||
                                     first == "registry-1.docker.io")) {
    address.repository = reference.name.substr(slash + 1);
  }
  if (reference.registry == "docker.io") {
    address.host = "registry-1.docker.io";
    if (address.repository.find('/') == std::string::npos) {
      address.repository = "library/" + address.repository;
    }
  }
  return address;
}

bool is_loopback_registry(const std::string& host) {
  const std::string name = host_alone(host);
  in_addr four{};
  if (::inet_pton(AF_INET, name.c_str(), &four) == 1) {
    constexpr unsigned kLoopbackNetwork = 127;
    return ntohl(four.s_addr) >> 24 == kLoopbackNetwork;
  }
  return name == "localhost" || name == "::1";
}

RegistryClient::RegistryClient(RegistryAddress address, bool plain_http,
                               CredentialsLookup credentials, WebOptions options)
    : address_(std::move(address)),
      plain_http_(plain_http),
      credentials_(std::move(credentials)),
      web_(std::move(options)) {
  web_.options().plain_http = plain_http_;
  web_.options().verify = !plain_http_;
  web_.options().direct = is_loopback_registry(address_.host);
}

Result<WebAnswer> RegistryClient::send(const std::string& method, const std::string& path,
                                       std::size_t limit) {
  WebRequest request;
  request.method = method;
  request.url = fmt::format("{}://{}/v2/{}/{}", scheme_, address_.host,
                            url_escaped(address_.repository), url_escaped(path));
  request.headers = {std::string(kAccept)};
  request.credentials = proof_;
  request.limit = limit;
  Result<WebAnswer> answer = web_.perform(request);
  if (!answer && plain_http_ && !scheme_known_ && answer.error().id == "registry-not-tls") {
    scheme_ = "http";
    scheme_known_ = true;
    return send(method, path, limit);
  }
  scheme_known_ = true;
  return answer;
}

Result<WebAnswer> RegistryClient::ask(const std::string& method, const std::string& path,
                                      std::size_t limit) {
  constexpr long kUnauthorized = 401;
  BERTH_TRY(WebAnswer answer, send(method, path, limit));
  if (answer.status != kUnauthorized || authenticated_) {
    return answer;
  }
  authenticated_ = true;  // a second refusal is the last word
  BERTH_TRY(const bool proved, authenticate(answer));
  return proved ? send(method, path, limit) : Result<WebAnswer>(std::move(answer));
}

Result<bool> RegistryClient::authenticate(const WebAnswer& refusal) {
  std::vector<AuthChallenge> challenges;
  for (const std::string& header : refusal.challenges) {
    for (AuthChallenge& challenge : parse_challenges(header)) {
      challenges.push_back(std::move(challenge));
    }
  }
  for (const AuthChallenge& challenge : challenges) {
    if (challenge.scheme == "bearer" && !parameter(challenge, "realm").empty()) {
      BERTH_TRY(const auto credentials, credentials_());
      BERTH_TRY(proof_.token, fetch_token(parameter(challenge, "realm"),
                                          parameter(challenge, "service"), credentials));
      return true;
    }
  }
  for (const AuthChallenge& challenge : challenges) {
    if (challenge.scheme == "basic") {
      BERTH_TRY(const auto credentials, credentials_());
      if (credentials && !credentials->username.empty()) {
        proof_.username = credentials->username;
        proof_.password = credentials->password;
        return true;
      }
    }
  }
  return false;
}

Result<std::string> RegistryClient::fetch_token(
    const std::string& realm, const std::string& service,
    const std::optional<RegistryCredentials>& credentials) {
  const bool over_tls = realm.starts_with("https://");
  const bool plain_to_plain = realm.starts_with("http://") && scheme_ == "http";
  if (!over_tls && !plain_to_plain) {
    return fail(
        Error{Errc::engine_failed,
              fmt::format("`{}` sends berth for a token to what is no safe address", address_.host)}
            .note(fmt::format("the address is `{}`", excerpt(realm)))
            .named("registry-answer"));
  }
  const std::string scope = fmt::format("repository:{}:pull", address_.repository);
  WebRequest request;
  request.url = realm;
  request.limit = kTokenLimit;
  if (credentials && !credentials->identity_token.empty()) {
    request.method = "POST";
    request.form =
        fmt::format("grant_type=refresh_token&client_id=berth&service={}&scope={}&refresh_token={}",
                    encoded(service), encoded(scope), encoded(credentials->identity_token));
  } else {
    request.url +=
        fmt::format("{}service={}&scope={}", realm.find('?') == std::string::npos ? "?" : "&",
                    encoded(service), encoded(scope));
    if (credentials) {
      request.credentials.username = credentials->username;
      request.credentials.password = credentials->password;
    }
  }
  BERTH_TRY(const WebAnswer answer, web_.perform(request));
  if (!answer.ok()) {
    return fail(refused_credentials(address_.host, answer.status));
  }
  return decode_registry_token(answer.body);
}

}  // namespace berth::runtime
