// Errors are put into words about an engine: for registries there is runtime/web_client.hpp.
#include "runtime/http_client.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "runtime/excerpt.hpp"
#include "runtime/tls_error.hpp"

namespace berth::runtime {

namespace {

// Answers that are not the engine's, or not to this request.
std::optional<Error> unusable_answer(const HttpResponse& response, const Endpoint& endpoint,
                                     const std::string& operation) {
  // What Go's web server says, and nginx.
  if (response.status == 400 && !endpoint.tls &&
      (response.body.find("HTTP request to an HTTPS server") != std::string::npos ||
       response.body.find("HTTP request was sent to HTTPS port") != std::string::npos)) {
    return tls_expected_error(endpoint);
  }
  constexpr std::array<long, 5> kRedirects{301, 302, 303, 307, 308};
  if (std::find(kRedirects.begin(), kRedirects.end(), response.status) != kRedirects.end()) {
    const auto location = response.headers.find("location");
    return Error{Errc::engine_failed,
                 fmt::format("the engine at {} sends berth elsewhere", endpoint.address)}
        .note(fmt::format("`{}` was answered with status {} and the location `{}`", operation,
                          response.status,
                          location == response.headers.end() ? "" : excerpt(location->second)))
        .note("a request that may change something is not repeated at another address")
        .hint("`--engine tcp://…` with the address that it names, if that is the engine")
        .named("engine-redirect");
  }
  return std::nullopt;
}

}  // namespace

void HttpClient::tell(const std::string& method, const std::string& target, long status,
                      std::chrono::steady_clock::time_point begun) const {
  if (log_ == nullptr) {
    return;
  }
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begun;
  log_->debug("{} {}: {} in {:.1f} ms", method, target,
              status == 0 ? std::string("no answer") : std::to_string(status), taken.count());
}

Result<HttpResponse> HttpClient::perform(const HttpRequest& request) const {
  const std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
  Result<HttpResponse> response = exchange(request);
  tell(request.method, request.target, response ? response->status : 0, begun);
  return response;
}

Result<HttpResponse> HttpClient::exchange(const HttpRequest& request) const {
  AnswerCollector answer(request);
  BERTH_CHECK(transport_->exchange(request, answer));
  if (std::optional<Error> error =
          unusable_answer(answer.response(), endpoint(), request.operation())) {
    return fail(std::move(*error));
  }
  return std::move(answer.response());
}

std::string url_escaped(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:@";
  std::string escaped;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

}  // namespace berth::runtime
