// By libcurl's code and OpenSSL's words: the codes alone do not tell a refused certificate from a
// port without TLS. Seen with OpenSSL 3 and engines written in Go, which accept a client without a
// certificate at first (TLS 1.3) and refuse it with the first answer.
#include "runtime/tls_error.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "berth/base/text.hpp"
#include "runtime/excerpt.hpp"

namespace berth::runtime {

namespace {

bool contains_any(const std::string& text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&text](std::string_view word) {
    return text.find(word) != std::string::npos;
  });
}

// "10.0.0.5:2376"
std::string host_and_port(const Endpoint& endpoint) {
  const std::string rest = endpoint.base_url.substr(endpoint.base_url.find("://") + 3);
  return rest.substr(0, rest.find('/'));
}

Error unusable(const Endpoint& endpoint, const std::string& why, const std::string& detail) {
  Error error{Errc::engine_unreachable,
              fmt::format("no TLS with the engine at {}: {}", endpoint.address, why)};
  error.note(fmt::format("the address is from {}", endpoint.origin));
  if (!detail.empty()) {
    error.note("libcurl says: " + excerpt(detail));
  }
  return error;
}

Error untrusted(const std::string& detail, const Endpoint& endpoint) {
  const std::string lower = lowered(detail);
  const std::string look = fmt::format(
      "`openssl s_client -connect {} </dev/null | openssl x509 -noout -dates -ext subjectAltName` "
      "shows it",
      host_and_port(endpoint));
  if (contains_any(lower, {"expired", "not yet valid"})) {
    return unusable(endpoint, "its certificate is not valid today", detail)
        .hint(look)
        .named("tls-expired");
  }
  if (contains_any(lower, {"does not match", "no alternative certificate subject name"})) {
    return unusable(endpoint, "its certificate is for another name", detail)
        .hint(look)
        .named("tls-name");
  }
  const std::string authority = endpoint.tls->authority.empty()
                                    ? "the authorities that this machine trusts are"
                                    : endpoint.tls->authority.string() + " is";
  return unusable(endpoint, "its certificate is not signed by an authority that berth knows",
                  detail)
      .note(authority + " what it is compared with")
      .note("DOCKER_CERT_PATH names the folder of the ca.pem that belongs to the engine")
      .hint(look)
      .named("tls-authority");
}

// What the engine may have against this client.
Error about_client_certificate(Error error, const Endpoint& endpoint) {
  error.id = "tls-client-certificate";
  if (endpoint.tls->certificate.empty()) {
    return std::move(error)
        .note(
            fmt::format("there is no client certificate: cert.pem and key.pem are looked for in {}",
                        endpoint.tls->folder.string()))
        .note("DOCKER_CERT_PATH names another folder; whoever runs the engine has the files");
  }
  return std::move(error)
      .note("the client certificate is " + endpoint.tls->certificate.string())
      .hint(fmt::format("`openssl x509 -noout -dates -issuer -in {}` shows until when it is valid, "
                        "and who signed it",
                        shell_quoted(endpoint.tls->certificate.string())));
}

// The engine's side has refused, with an alert of TLS.
Error refused(const std::string& detail, const Endpoint& endpoint) {
  const char* why = endpoint.tls->certificate.empty() ? "it asks for a client certificate"
                                                      : "it does not accept the client certificate";
  return about_client_certificate(unusable(endpoint, why, detail), endpoint);
}

// The alert that says why may be lost with the connection.
Error closed_at_once(const std::string& detail, const Endpoint& endpoint) {
  return about_client_certificate(
      unusable(endpoint, "it ends the connection right after the handshake", detail)
          .note("an engine that does not accept the client certificate may do so"),
      endpoint);
}

Error own_files(const std::string& detail, const Endpoint& endpoint) {
  return unusable(endpoint, "the client's certificate and key cannot be used", detail)
      .note(fmt::format("they are {} and {}", endpoint.tls->certificate.string(),
                        endpoint.tls->key.string()))
      .note("both must be PEM, belong to each other, and the key without a passphrase")
      .named("tls-file");
}

Error no_tls_there(const std::string& detail, const Endpoint& endpoint) {
  return unusable(endpoint, "it does not speak TLS", detail)
      .hint(
          "`unset DOCKER_TLS DOCKER_TLS_VERIFY`, or `--engine http://…`, if it is meant to be "
          "open to everybody")
      .named("tls-not-spoken");
}

}  // namespace

std::optional<Error> tls_error(CURLcode code, const std::string& detail, const Endpoint& endpoint,
                               bool first) {
  if (!endpoint.tls) {
    return std::nullopt;
  }
  const std::string lower = lowered(detail);
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
      return untrusted(detail, endpoint);
    case CURLE_SSL_CACERT_BADFILE:
      return unusable(endpoint, "the CA certificate cannot be used", detail)
          .note("it is " + endpoint.tls->authority.string())
          .named("tls-file");
    case CURLE_SSL_CERTPROBLEM:
      return own_files(detail, endpoint);
    default:
      break;
  }
  if (contains_any(lower, {"alert certificate", "alert bad certificate", "alert unknown ca",
                           "certificate required", "certificate expired", "certificate unknown",
                           "alert handshake failure"})) {
    return refused(detail, endpoint);
  }
  if (contains_any(lower, {"wrong version number", "packet length too long", "http request",
                           "unexpected message", "unknown protocol"})) {
    return no_tls_there(detail, endpoint);
  }
  if (code == CURLE_SSL_CONNECT_ERROR) {
    return unusable(endpoint, "the two do not come to terms", detail).named("tls-failed");
  }
  if (first &&
      (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING)) {
    return closed_at_once(detail, endpoint);
  }
  return std::nullopt;
}

Error tls_expected_error(const Endpoint& endpoint) {
  const std::string host = host_and_port(endpoint);
  return Error{Errc::engine_unreachable,
               fmt::format("the engine at {} speaks TLS, berth does not there", endpoint.address)}
      .note(fmt::format("the address is from {}", endpoint.origin))
      .note(
          "DOCKER_CERT_PATH names the folder of ca.pem, cert.pem and key.pem, else they are looked "
          "for in ~/.docker")
      .hint("`export DOCKER_TLS_VERIFY=1`, or `--engine https://" + host + "`")
      .named("tls-expected");
}

bool is_tls_alert(std::string_view received) {
  // Record type 21, version 3.x (RFC 8446, 5.1).
  return received.size() >= 3 && received[0] == '\x15' && received[1] == '\x03' &&
         received[2] <= '\x04';
}

}  // namespace berth::runtime
