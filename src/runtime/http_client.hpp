// HTTP requests to an engine's endpoint: one call, one Result. Knows nothing of Docker but the form
// of its errors.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "berth/base/result.hpp"
#include "runtime/http_message.hpp"
#include "runtime/http_transport.hpp"

namespace spdlog {
class logger;
}

namespace berth::runtime {

class HttpClient {
 public:
  // `log` may be absent.
  HttpClient(std::shared_ptr<HttpTransport> transport, std::shared_ptr<spdlog::logger> log)
      : transport_(std::move(transport)), log_(std::move(log)) {}

  const Endpoint& endpoint() const { return transport_->endpoint(); }
  HttpTransport& transport() const { return *transport_; }

  // Errc::engine_unreachable, engine_failed (not HTTP, cut off, too long) or interrupted; an HTTP
  // status of 4xx or 5xx is a response.
  Result<HttpResponse> perform(const HttpRequest& request) const;
  // A line for -vv; for exchanges that are made past perform(), too.
  void tell(const std::string& method, const std::string& target, long status,
            std::chrono::steady_clock::time_point begun) const;

 private:
  Result<HttpResponse> exchange(const HttpRequest& request) const;

  std::shared_ptr<HttpTransport> transport_;
  std::shared_ptr<spdlog::logger> log_;
};

// `text` in a URL's path or query; `/` and `:` stay, as engines want them in image names.
std::string url_escaped(std::string_view text);

}  // namespace berth::runtime
