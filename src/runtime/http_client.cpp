// Errors are put into words about an engine: for registries there is runtime/web_client.hpp.
#include "runtime/http_client.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "berth/base/text.hpp"
#include "runtime/connection_error.hpp"
#include "runtime/excerpt.hpp"
#include "runtime/tls_error.hpp"

namespace berth::runtime {

namespace {

// What the callbacks collect during one request.
struct Exchange {
  const HttpRequest& request;
  HttpResponse response{};
  bool status_line_seen = false;
  bool headers_complete = false;
  std::string not_http{};  // the beginning of an answer without a status line
  std::optional<Error> failure{};
};

constexpr std::size_t kAbort = 0;

void take_status_line(Exchange& exchange, std::string_view line) {
  exchange.status_line_seen = true;
  exchange.headers_complete = false;
  exchange.response.headers.clear();
  const std::size_t blank = line.find(' ');
  exchange.response.status =
      blank == std::string_view::npos
          ? 0
          : std::strtol(std::string(line.substr(blank)).c_str(), nullptr, 10);
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* context) {
  Exchange& exchange = *static_cast<Exchange*>(context);
  const std::string_view raw(data, size * count);
  const std::string_view line = trimmed(raw);
  if (raw.starts_with("HTTP/")) {
    take_status_line(exchange, line);
  } else if (line.empty()) {
    exchange.headers_complete =
        exchange.response.status >= 200;  // 100-continue comes before the answer
    if (exchange.headers_complete && exchange.request.on_status) {
      exchange.request.on_status(exchange.response.status);
    }
  } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    exchange.response.headers[lowered(line.substr(0, colon))] = trimmed(line.substr(colon + 1));
  }
  return raw.size();
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* context) {
  Exchange& exchange = *static_cast<Exchange*>(context);
  const std::string_view piece(data, size * count);
  if (!exchange.status_line_seen) {
    exchange.not_http = piece.substr(0, 1024);
    return kAbort;
  }
  if (exchange.request.on_body && exchange.response.ok()) {
    if (Result<void> taken = exchange.request.on_body(piece); !taken) {
      exchange.failure = std::move(taken).error();
      return kAbort;
    }
    return piece.size();
  }
  if (exchange.response.body.size() + piece.size() > exchange.request.response_limit) {
    exchange.failure = Error{
        Errc::engine_failed,
        fmt::format("the engine's answer to `{} {}` is larger than {} MiB", exchange.request.method,
                    exchange.request.target, exchange.request.response_limit >> 20)};
    return kAbort;
  }
  exchange.response.body += piece;
  return piece.size();
}

void set_request(CURL* easy, const HttpRequest& request, const std::string& url,
                 const CurlList& headers, Exchange& exchange) {
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  if (request.method == "POST") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  } else if (request.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  // An answer without a status line reaches on_body this way, where an excerpt of it can be kept.
  curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 1L);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
}

std::vector<std::string> header_lines(const HttpRequest& request, const Endpoint& endpoint) {
  std::vector<std::string> lines = request.headers;
  lines.insert(lines.end(), endpoint.headers.begin(), endpoint.headers.end());
  lines.emplace_back("Expect:");  // no waiting for 100-continue
  if (request.method == "POST") {
    lines.push_back("Content-Type: " + request.content_type);
  }
  return lines;
}

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
  std::array<char, CURL_ERROR_SIZE> detail{};  // outlives the connection that writes to it
  CurlConnection connection = pool_->take();
  curl_easy_setopt(connection.easy.get(), CURLOPT_ERRORBUFFER, detail.data());
  const std::string url = endpoint().base_url + request.target;
  const CurlList headers = make_curl_list(header_lines(request, endpoint()));
  Exchange state{request};
  set_request(connection.easy.get(), request, url, headers, state);

  const std::optional<CURLcode> code = transfer(connection, request.stop);

  if (!code.has_value()) {
    return fail(Errc::interrupted, "stopped while waiting for the engine");
  }
  if (state.failure.has_value()) {
    return fail(std::move(*state.failure));
  }
  if (!state.not_http.empty()) {
    return fail(is_tls_alert(state.not_http) ? tls_expected_error(endpoint())
                                             : not_http_error(endpoint(), state.not_http));
  }
  const std::string operation = request.method + " " + request.target;
  if (*code != CURLE_OK) {
    return fail(
        connection_error({connection.easy.get(), *code, detail.data()}, endpoint(), operation));
  }
  if (!state.headers_complete) {
    // libcurl is content with half a header.
    return fail(
        connection_error({connection.easy.get(), CURLE_GOT_NOTHING, ""}, endpoint(), operation));
  }
  if (const std::optional<Error> error = unusable_answer(state.response, endpoint(), operation)) {
    return fail(*error);
  }
  pool_->give_back(std::move(connection));
  return std::move(state.response);
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
