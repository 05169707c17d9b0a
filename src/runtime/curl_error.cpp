// Turns libcurl's codes into errors that name the address, the reason and the remedy.
#include "runtime/curl_error.hpp"

#include <spdlog/fmt/fmt.h>

#include <optional>
#include <system_error>

#include "berth/base/text.hpp"
#include "runtime/connection_error.hpp"
#include "runtime/curl_library.hpp"
#include "runtime/excerpt.hpp"
#include "runtime/tls_error.hpp"

namespace berth::runtime {

namespace {

Error tcp_error(CURL* easy, CURLcode code, const Endpoint& endpoint) {
  long error_number = 0;
  curl().easy_getinfo(easy, CURLINFO_OS_ERRNO, &error_number);
  const std::string reason =
      error_number != 0
          ? lowered(
                std::error_code(static_cast<int>(error_number), std::generic_category()).message())
          : lowered(curl().easy_strerror(code));
  Error error = tcp_socket_error(endpoint, static_cast<int>(error_number), reason);
  if (code == CURLE_COULDNT_RESOLVE_HOST) {
    const std::string host = excerpt(host_of(endpoint), 100);
    error.id = "engine-unknown-host";
    error.hint(fmt::format("`getent hosts {}` says whether the name is known by now", host));
  }
  return error;
}

// "http://me:secret@proxy:3128" without the password.
std::string shown_proxy(const ProxySettings& proxy) {
  const std::size_t scheme = proxy.url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t at = proxy.url.rfind('@');
  const bool secret = at != std::string::npos && at > begin;
  return excerpt(secret ? proxy.url.substr(0, begin) + "…" + proxy.url.substr(at) : proxy.url, 80);
}

// Absent where the proxy has done its part.
std::optional<Error> proxy_error(const CurlFailure& failure, const Endpoint& endpoint) {
  if (!endpoint.proxy) {
    return std::nullopt;
  }
  long status = 0;
  curl().easy_getinfo(failure.easy, CURLINFO_HTTP_CONNECTCODE, &status);
  const bool refused = status >= 300;
  const bool unreachable = failure.code == CURLE_COULDNT_CONNECT ||
                           failure.code == CURLE_COULDNT_RESOLVE_PROXY ||
                           failure.code == CURLE_PROXY;
  if (!refused && !unreachable) {
    return std::nullopt;
  }
  const std::string why =
      refused ? fmt::format("it refuses a tunnel with status {}", status) : lowered(failure.detail);
  std::string host = endpoint.base_url.substr(endpoint.base_url.find("://") + 3);
  host.resize(host.find_last_of(':'));
  return Error{Errc::engine_unreachable,
               fmt::format("the proxy {} does not lead to the engine at {}",
                           shown_proxy(*endpoint.proxy), endpoint.address)}
      .note(why)
      .note(
          fmt::format("the proxy is from {}; berth needs `CONNECT` through it, for the streams of "
                      "a run",
                      endpoint.proxy->origin))
      .hint(fmt::format(
          "`export NO_PROXY={}` goes past it, where the engine can be reached "
          "without",
          endpoint.proxy->exceptions.empty() ? host : endpoint.proxy->exceptions + "," + host))
      .named("engine-proxy");
}

}  // namespace

Error curl_error(const CurlFailure& failure, const Endpoint& endpoint,
                 const std::string& operation) {
  if (std::optional<Error> error = proxy_error(failure, endpoint)) {
    return std::move(*error);
  }
  const bool first = operation == "GET /_ping";
  if (std::optional<Error> error = tls_error(failure.code, failure.detail, endpoint, first)) {
    return std::move(*error);
  }
  switch (failure.code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
      return tcp_error(failure.easy, failure.code, endpoint);
    case CURLE_OPERATION_TIMEDOUT:
      return timeout_error(endpoint, operation);
    default:
      return broken_off_error(endpoint, operation, curl().easy_strerror(failure.code));
  }
}

}  // namespace berth::runtime
