// HTTP with libcurl: engines behind TCP and TLS, through proxies.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "runtime/connection_error.hpp"
#include "runtime/curl_connection.hpp"
#include "runtime/curl_error.hpp"
#include "runtime/http_transport.hpp"
#include "runtime/tls_error.hpp"

namespace berth::runtime {

namespace {

constexpr std::size_t kAbort = 0;

// What the callbacks see during one request.
struct CurlExchange {
  AnswerCollector& answer;
  std::string head{};      // as far as it is there
  std::string not_http{};  // the beginning of an answer without a head
};

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* context) {
  CurlExchange& exchange = *static_cast<CurlExchange*>(context);
  exchange.head.append(data, size * count);
  ResponseHead head;
  switch (read_head(exchange.head, head)) {
    case HeadState::malformed:
      exchange.not_http = exchange.head.substr(0, 1024);
      return kAbort;
    case HeadState::complete:
      exchange.head.clear();
      if (!head.interim()) {
        exchange.answer.take_head(std::move(head));
      }
      break;
    case HeadState::incomplete:
      break;
  }
  return size * count;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* context) {
  CurlExchange& exchange = *static_cast<CurlExchange*>(context);
  const std::string_view piece(data, size * count);
  if (!exchange.answer.has_head()) {
    exchange.not_http = piece.substr(0, 1024);
    return kAbort;
  }
  return exchange.answer.take_body(piece) ? piece.size() : kAbort;
}

void set_request(CURL* easy, const HttpRequest& request, const std::string& url,
                 const CurlList& headers, CurlExchange& exchange) {
  curl().easy_setopt(easy, CURLOPT_URL, url.c_str());
  if (request.method == "POST") {
    curl().easy_setopt(easy, CURLOPT_POST, 1L);
    curl().easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request.body.size()));
    curl().easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  } else if (request.method != "GET") {
    curl().easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  curl().easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl().easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  // An answer without a status line reaches on_body this way, where an excerpt of it can be kept.
  curl().easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 1L);
  curl().easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
  curl().easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
  curl().easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
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

// A connected handle; with TLS libcurl reads and writes.
class CurlStreamSocket final : public StreamSocket {
 public:
  CurlStreamSocket(CurlEasy easy, bool tls) : easy_(std::move(easy)), tls_(tls) {
    curl().easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &fd_);
  }

  int fd() const override { return fd_; }

  // Without TLS past libcurl, which hands out 16 KiB at a time.
  Result<ReadResult> read(std::span<std::byte> buffer) override {
    return tls_ ? read_records(buffer) : read_plainly(fd_, buffer);
  }
  Result<std::size_t> write(std::span<const std::byte> bytes) override {
    return tls_ ? write_record(bytes) : write_plainly(fd_, bytes);
  }

 private:
  Result<ReadResult> read_records(std::span<std::byte> buffer) {
    using State = AttachedStream::ReadState;
    std::size_t count = 0;
    const CURLcode code = curl().easy_recv(easy_.get(), buffer.data(), buffer.size(), &count);
    if (code == CURLE_AGAIN) {
      return ReadResult{State::would_block, 0};
    }
    if (code != CURLE_OK) {
      return broken_stream("reading", curl().easy_strerror(code));
    }
    return ReadResult{count == 0 ? State::end : State::data, count};
  }

  // OpenSSL wants what it could not write again from the same place, and as much of it
  // (SSL_write(3)): it is kept here, since the caller's buffer may be another one then.
  Result<std::size_t> write_record(std::span<const std::byte> bytes) {
    constexpr std::size_t kLargestRecord = 16u << 10;
    if (record_.empty()) {
      const auto piece = bytes.first(std::min(bytes.size(), kLargestRecord));
      record_.assign(piece.begin(), piece.end());
    }
    std::size_t count = 0;
    const CURLcode code = curl().easy_send(easy_.get(), record_.data(), record_.size(), &count);
    if (code == CURLE_AGAIN) {
      return std::size_t{0};
    }
    if (code != CURLE_OK) {
      return broken_stream("writing", curl().easy_strerror(code));
    }
    if (count > 0) {
      record_.clear();
    }
    return count;
  }

  CurlEasy easy_;
  bool tls_;
  curl_socket_t fd_ = -1;
  std::vector<std::byte> record_{};
};

class CurlTransport final : public HttpTransport {
 public:
  CurlTransport(Endpoint endpoint, std::chrono::milliseconds connect_timeout)
      : pool_(std::move(endpoint), connect_timeout) {}

  const Endpoint& endpoint() const override { return pool_.endpoint(); }

  Result<void> exchange(const HttpRequest& request, AnswerCollector& answer) override {
    BERTH_CHECK(load());
    std::array<char, CURL_ERROR_SIZE> detail{};  // outlives the connection that writes to it
    CurlConnection connection = pool_.take();
    CURL* easy = connection.easy.get();
    curl().easy_setopt(easy, CURLOPT_ERRORBUFFER, detail.data());
    const std::string url = endpoint().base_url + request.target;
    const CurlList headers = make_curl_list(header_lines(request, endpoint()));
    CurlExchange state{answer};
    set_request(easy, request, url, headers, state);
    const std::optional<CURLcode> code = transfer(connection, request.stop);
    if (!code.has_value()) {
      return fail(Errc::interrupted, "stopped while waiting for the engine");
    }
    if (answer.failure().has_value()) {
      return fail(*answer.failure());
    }
    if (!state.not_http.empty()) {
      return fail(is_tls_alert(state.not_http) ? tls_expected_error(endpoint())
                                               : not_http_error(endpoint(), state.not_http));
    }
    if (*code != CURLE_OK || !answer.has_head()) {  // libcurl is content with half a head
      return fail(curl_error({easy, *code == CURLE_OK ? CURLE_GOT_NOTHING : *code, detail.data()},
                             endpoint(), request.operation()));
    }
    pool_.give_back(std::move(connection));
    return {};
  }

  Result<std::unique_ptr<StreamSocket>> connect(const std::string& operation) override {
    BERTH_CHECK(load());
    std::array<char, CURL_ERROR_SIZE> detail{};
    CurlEasy easy = make_curl_handle(endpoint(), pool_.connect_timeout());
    curl().easy_setopt(easy.get(), CURLOPT_URL, endpoint().base_url.c_str());
    curl().easy_setopt(easy.get(), CURLOPT_CONNECT_ONLY, 1L);
    curl().easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, detail.data());
    if (const CURLcode code = curl().easy_perform(easy.get()); code != CURLE_OK) {
      return fail(curl_error({easy.get(), code, detail.data()}, endpoint(), operation));
    }
    curl().easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, nullptr);  // the handle lives on
    return std::make_unique<CurlStreamSocket>(std::move(easy), endpoint().tls.has_value());
  }

 private:
  Result<void> load() const {
    return load_curl("the connection to the engine at " + endpoint().address);
  }

  CurlPool pool_;
};

}  // namespace

std::shared_ptr<HttpTransport> make_curl_transport(Endpoint endpoint,
                                                   std::chrono::milliseconds connect_timeout) {
  return std::make_shared<CurlTransport>(std::move(endpoint), connect_timeout);
}

}  // namespace berth::runtime
