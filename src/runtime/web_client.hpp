// WebClient: requests to servers of the web: an image's registry and the server of its tokens, one
// that has a newer catalogue. They may be slow, cut or lying: every request has an end in time and
// in size, and credentials go to the server that they are for, not to one that it sends us to.
//
// Proxies and authorities are libcurl's: HTTPS_PROXY, NO_PROXY, the system's certificates.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "runtime/curl_connection.hpp"

namespace spdlog {
class logger;
}

namespace berth::runtime {

// Either a name with a password, or a token, or neither.
struct WebCredentials {
  std::string username{};
  std::string password{};
  std::string token{};  // sent as Bearer
};

struct WebRequest {
  std::string method = "GET";  // HEAD, POST
  std::string url{};
  std::vector<std::string> headers{};  // "Accept: …"
  std::string form{};                  // of a POST, encoded
  WebCredentials credentials{};
  std::size_t limit = 4u << 20;  // of the answer's body, in bytes
};

struct WebAnswer {
  long status = 0;
  std::string body{};
  std::string content_digest{};           // Docker-Content-Digest
  std::vector<std::string> challenges{};  // WWW-Authenticate, one per header

  bool ok() const { return status >= 200 && status < 300; }
};

struct WebOptions {
  std::string peer = "registry";  // who is asked, in messages and in the ids of errors
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::steady_clock::time_point deadline{};  // of all requests together
  std::chrono::seconds longest_silence{};            // of a transfer; 0: until the deadline
  bool verify = true;                                // certificates
  bool plain_http = false;                           // whether http is allowed, for redirects, too
  bool direct = false;                               // past all proxies: a server on this machine
  std::string authority{};  // a PEM file, besides those that the system trusts; empty: none
  std::string user_agent = "berth";
  std::stop_token stop{};
  std::shared_ptr<spdlog::logger> log{};  // may be absent
};

class WebClient {
 public:
  explicit WebClient(WebOptions options) : options_(std::move(options)) {}

  WebOptions& options() { return options_; }

  // Of a registry: Errc::io "registry-unreachable" (also: too slow), "registry-certificate",
  // "registry-cut", "registry-not-tls"; Errc::engine_failed "registry-answer" for a body beyond the
  // limit; Errc::interrupted; Errc::io "libcurl-missing". An HTTP status of 4xx or 5xx is an
  // answer.
  Result<WebAnswer> perform(const WebRequest& request);

 private:
  void prepare(const WebRequest& request, const CurlList& headers);
  Error failed(const WebRequest& request, CURLcode code, const char* detail) const;
  void tell(const WebRequest& request, long status,
            std::chrono::steady_clock::time_point begun) const;

  WebOptions options_;
  CurlConnection connection_{};  // made with the first request
};

}  // namespace berth::runtime
