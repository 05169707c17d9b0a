// HTTP requests to an engine's endpoint: one call, one Result. Knows nothing of Docker but the form
// of its errors.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "runtime/curl_connection.hpp"

namespace spdlog {
class logger;
}

namespace berth::runtime {

struct HttpRequest {
  std::string method = "GET";
  std::string target{};  // "/v1.41/info?x=y", escaped
  std::string body{};    // of a POST
  std::string content_type = "application/json";
  std::vector<std::string> headers{};
  std::chrono::milliseconds timeout{0};  // for the whole exchange; 0: none
  std::size_t response_limit = 32u << 20;
  std::stop_token stop{};
  // Called once, when the answer's headers are complete.
  std::function<void(long status)> on_status{};
  // With a status of 2xx the body goes here piece by piece, and HttpResponse::body stays empty. An
  // error ends the request and becomes its result.
  std::function<Result<void>(std::string_view)> on_body{};
};

struct HttpResponse {
  long status = 0;
  std::map<std::string, std::string> headers{};  // names in lower case
  std::string body{};

  bool ok() const { return status >= 200 && status < 300; }
};

class HttpClient {
 public:
  // `log` may be absent.
  HttpClient(std::shared_ptr<CurlPool> pool, std::shared_ptr<spdlog::logger> log)
      : pool_(std::move(pool)), log_(std::move(log)) {}

  const Endpoint& endpoint() const { return pool_->endpoint(); }
  CurlPool& pool() const { return *pool_; }

  // Errc::engine_unreachable, engine_failed (not HTTP, cut off, too long) or interrupted; an HTTP
  // status of 4xx or 5xx is a response.
  Result<HttpResponse> perform(const HttpRequest& request) const;
  // A line for -vv; for exchanges that are made past perform(), too.
  void tell(const std::string& method, const std::string& target, long status,
            std::chrono::steady_clock::time_point begun) const;

 private:
  Result<HttpResponse> exchange(const HttpRequest& request) const;

  std::shared_ptr<CurlPool> pool_;
  std::shared_ptr<spdlog::logger> log_;
};

// `text` in a URL's path or query; `/` and `:` stay, as engines want them in image names.
std::string url_escaped(std::string_view text);

}  // namespace berth::runtime
