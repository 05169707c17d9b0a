#include "runtime/web_client.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "berth/base/bytes.hpp"
#include "runtime/excerpt.hpp"

namespace berth::runtime {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr long kMostRedirects = 3;

struct Body {
  std::string bytes{};
  std::size_t limit = 0;
  bool too_long = false;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* context) {
  Body& body = *static_cast<Body*>(context);
  if (body.bytes.size() + size * count > body.limit) {
    body.too_long = true;
    return 0;
  }
  body.bytes.append(data, size * count);
  return size * count;
}

// Of the last answer, where there were redirects.
std::vector<std::string> header_values(CURL* easy, const char* name) {
  constexpr int kLastRequest = -1;
  std::vector<std::string> values;
  curl_header* header = nullptr;
  for (std::size_t i = 0;
       curl().easy_header(easy, name, i, CURLH_HEADER, kLastRequest, &header) == CURLHE_OK; ++i) {
    values.emplace_back(header->value);
  }
  return values;
}

struct WebFailure {
  std::string_view id;  // what follows the peer's name
  std::string_view why;
};

WebFailure failure_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {"unreachable", "it takes too long to answer"};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {"unreachable", "its name cannot be resolved"};
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return {"unreachable", "the proxy cannot be reached"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return {"certificate", "its certificate is not trusted"};
    case CURLE_SSL_CONNECT_ERROR:
      return {"not-tls", "it does not speak TLS"};
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return {"cut", "the connection broke"};
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return {"answer", "its answer is not to be used"};
    default:
      return {"unreachable", "it cannot be reached"};
  }
}

}  // namespace

void WebClient::prepare(const WebRequest& request, const CurlList& headers) {
  CURL* easy = connection_.easy.get();
  curl().easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl().easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  if (request.method == "HEAD") {
    curl().easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request.method == "POST") {
    curl().easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request.form.size()));
    curl().easy_setopt(easy, CURLOPT_POSTFIELDS, request.form.c_str());
  }
  // libcurl sends neither of them to another host, port or protocol that a redirect names.
  if (!request.credentials.token.empty()) {
    curl().easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
    curl().easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, request.credentials.token.c_str());
  } else if (!request.credentials.username.empty()) {
    curl().easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl().easy_setopt(easy, CURLOPT_USERNAME, request.credentials.username.c_str());
    curl().easy_setopt(easy, CURLOPT_PASSWORD, request.credentials.password.c_str());
  }
  curl().easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  curl().easy_setopt(easy, CURLOPT_MAXREDIRS, kMostRedirects);
  curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, options_.plain_http ? "http,https" : "https");
  curl().easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
                     options_.plain_http ? "http,https" : "https");
  curl().easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options_.verify ? 1L : 0L);
  curl().easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options_.verify ? 2L : 0L);
  if (!options_.authority.empty()) {
    curl().easy_setopt(easy, CURLOPT_CAINFO, options_.authority.c_str());  // CAPATH stays
  }
  if (options_.direct) {
    curl().easy_setopt(easy, CURLOPT_PROXY, "");
  }
  curl().easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  curl().easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(options_.connect_timeout.count()));
  if (options_.longest_silence.count() > 0) {
    curl().easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);  // of a byte per second
    curl().easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                       static_cast<long>(options_.longest_silence.count()));
  }
#if LIBCURL_VERSION_NUM >= 0x075700
  // A name server that is silent must not hold us at the end: the resolving thread is left alone.
  curl().easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

Error WebClient::failed(const WebRequest& request, CURLcode code, const char* detail) const {
  const WebFailure failure = failure_of(code);
  Error error{Errc::io, fmt::format("`{}`: {}", excerpt(request.url), failure.why)};
  error.note(excerpt(*detail != '\0' ? detail : curl().easy_strerror(code)));
  return std::move(error).named(fmt::format("{}-{}", options_.peer, failure.id));
}

Result<WebAnswer> WebClient::perform(const WebRequest& request) {
  const steady_clock::time_point begun = steady_clock::now();
  const auto left = std::chrono::duration_cast<milliseconds>(options_.deadline - begun);
  if (left <= milliseconds(0)) {
    return fail(failed(request, CURLE_OPERATION_TIMEDOUT, ""));
  }
  BERTH_CHECK(load_curl("a request to the " + options_.peer));
  if (connection_.easy == nullptr) {
    connection_ = make_bare_connection();
  }
  CURL* easy = connection_.easy.get();
  const CurlList headers = make_curl_list(request.headers);
  std::array<char, CURL_ERROR_SIZE> detail{};
  Body body{{}, request.limit, false};
  reset_bare_connection(connection_);
  prepare(request, headers);
  curl().easy_setopt(easy, CURLOPT_ERRORBUFFER, detail.data());
  curl().easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
  curl().easy_setopt(easy, CURLOPT_WRITEDATA, &body);
  const std::optional<CURLcode> code = transfer(connection_, options_.stop);

  WebAnswer answer;
  curl().easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
  tell(request, code == CURLE_OK ? answer.status : 0, begun);
  if (!code) {
    return fail(Errc::interrupted, "stopped while waiting for the " + options_.peer);
  }
  if (body.too_long) {
    return fail(
        Error{Errc::engine_failed, fmt::format("`{}`: the answer is longer than {}",
                                               excerpt(request.url), format_bytes(request.limit))}
            .named(options_.peer + "-answer"));
  }
  if (*code != CURLE_OK) {
    return fail(failed(request, *code, detail.data()));
  }
  answer.body = std::move(body.bytes);
  answer.challenges = header_values(easy, "WWW-Authenticate");
  if (const auto digests = header_values(easy, "Docker-Content-Digest"); !digests.empty()) {
    answer.content_digest = digests.front();
  }
  return answer;
}

void WebClient::tell(const WebRequest& request, long status, steady_clock::time_point begun) const {
  if (options_.log == nullptr) {
    return;
  }
  const std::chrono::duration<double, std::milli> taken = steady_clock::now() - begun;
  // Queries can hold names of accounts.
  options_.log->debug(
      "{} {}: {} in {:.1f} ms", request.method, request.url.substr(0, request.url.find('?')),
      status == 0 ? std::string("no answer") : std::to_string(status), taken.count());
}

}  // namespace berth::runtime
