// libcurl connects (CURLOPT_CONNECT_ONLY); the request, the answer's header and the stream behind
// it are read and written here, because libcurl's HTTP has no way to hand over a connection after
// `101 Switching Protocols`.
#include "runtime/hijacked_stream.hpp"

#include <poll.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include "berth/base/text.hpp"
#include "runtime/connection_error.hpp"
#include "runtime/excerpt.hpp"

namespace berth::runtime {

namespace {

using Clock = std::chrono::steady_clock;
using ReadResult = AttachedStream::ReadResult;
using ReadState = AttachedStream::ReadState;

constexpr std::size_t kLargestHeader = 64u << 10;
constexpr long kSwitchingProtocols = 101;
constexpr long kOk = 200;

Failure broken_connection(const char* doing, std::string_view why) {
  return fail(Error{Errc::engine_failed,
                    fmt::format("the connection to the container broke while {}", doing)}
                  .note(lowered(why)));
}

// Of the system, as errno has it.
Failure broken_connection(const char* doing, int number) {
  return broken_connection(doing, std::generic_category().message(number));
}

// Non-blocking reads and writes on a connected handle.
class Socket {
 public:
  Socket(CurlEasy easy, bool tls) : easy_(std::move(easy)), tls_(tls) {
    curl_easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &fd_);
  }

  int fd() const { return fd_; }

  Result<ReadResult> read(std::span<std::byte> buffer) {
    return tls_ ? read_records(buffer) : receive(buffer);
  }

  // What was not taken must come again with the next call.
  Result<std::size_t> write(std::span<const std::byte> bytes) {
    return tls_ ? write_record(bytes) : send(bytes);
  }

  // False: the deadline has passed.
  bool wait_for(short events, Clock::time_point deadline) const {
    while (true) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) {
        return false;
      }
      pollfd waiting{fd_, events, 0};
      const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
      if (ready > 0) {
        return true;
      }
      if (ready < 0 && errno != EINTR) {
        return false;
      }
    }
  }

 private:
  // Past libcurl, which hands out 16 KiB at a time: what the engine sends is as much as fits.
  Result<ReadResult> receive(std::span<std::byte> buffer) const {
    while (true) {
      const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count >= 0) {
        return ReadResult{count == 0 ? ReadState::end : ReadState::data,
                          static_cast<std::size_t>(count)};
      }
      if (errno == EAGAIN) {
        return ReadResult{ReadState::would_block, 0};
      }
      if (errno != EINTR) {
        return broken_connection("reading", errno);
      }
    }
  }

  Result<std::size_t> send(std::span<const std::byte> bytes) const {
    while (true) {
      const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count >= 0) {
        return static_cast<std::size_t>(count);
      }
      if (errno == EAGAIN) {
        return std::size_t{0};
      }
      if (errno != EINTR) {
        return broken_connection("writing", errno);
      }
    }
  }

  Result<ReadResult> read_records(std::span<std::byte> buffer) {
    std::size_t count = 0;
    const CURLcode code = curl_easy_recv(easy_.get(), buffer.data(), buffer.size(), &count);
    if (code == CURLE_AGAIN) {
      return ReadResult{ReadState::would_block, 0};
    }
    if (code != CURLE_OK) {
      return broken_connection("reading", curl_easy_strerror(code));
    }
    return ReadResult{count == 0 ? ReadState::end : ReadState::data, count};
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
    const CURLcode code = curl_easy_send(easy_.get(), record_.data(), record_.size(), &count);
    if (code == CURLE_AGAIN) {
      return std::size_t{0};
    }
    if (code != CURLE_OK) {
      return broken_connection("writing", curl_easy_strerror(code));
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

class HijackedStream final : public AttachedStream {
 public:
  HijackedStream(Socket socket, std::string early)
      : socket_(std::move(socket)), early_(std::move(early)) {}

  int poll_fd() const override { return socket_.fd(); }

  Result<ReadResult> read(std::span<std::byte> buffer) override {
    if (buffer.empty()) {
      return ReadResult{ReadState::would_block, 0};
    }
    if (early_.empty()) {
      return socket_.read(buffer);
    }
    const std::size_t count = std::min(buffer.size(), early_.size());
    std::memcpy(buffer.data(), early_.data(), count);
    early_.erase(0, count);
    return ReadResult{ReadState::data, count};
  }

  Result<std::size_t> write(std::span<const std::byte> bytes) override {
    return bytes.empty() ? Result<std::size_t>(std::size_t{0}) : socket_.write(bytes);
  }

  Result<void> close_write() override {
    // ENOTCONN: the engine has already closed, which is no news to whoever reads.
    if (::shutdown(socket_.fd(), SHUT_WR) != 0 && errno != ENOTCONN) {
      return fail(Errc::io, "the container's standard input cannot be closed: " +
                                std::error_code(errno, std::generic_category()).message());
    }
    return {};
  }

 private:
  Socket socket_;
  std::string early_;
};

// One exchange up to the end of the answer's header.
class Upgrade {
 public:
  // `good`: the status behind which the stream begins.
  Upgrade(CurlEasy easy, const Endpoint& endpoint, std::string operation, long good,
          Clock::time_point deadline)
      : socket_(std::move(easy), endpoint.tls.has_value()),
        endpoint_(endpoint),
        operation_(std::move(operation)),
        good_(good),
        deadline_(deadline) {}

  Result<UpgradeAnswer> exchange(std::string_view request) {
    BERTH_CHECK(send(request));
    std::size_t end = std::string::npos;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (received_.size() > kLargestHeader ||
          !std::string_view("HTTP/").starts_with(received_.substr(0, 5))) {
        return no_http();
      }
      BERTH_TRY(const bool more, receive());
      if (!more) {
        return received_.empty() ? broken_off() : no_http();
      }
    }
    const std::string header = received_.substr(0, end);
    received_.erase(0, end + 4);
    const std::size_t blank = header.find(' ');
    // To what asks in HTTP/1.0 nothing may answer in chunks: they would get into the stream.
    const bool chunked =
        good_ == kOk && lowered(header).find("\ntransfer-encoding:") != std::string::npos;
    if (!header.starts_with("HTTP/1.") || blank == std::string::npos || chunked) {
      received_ = header;
      return no_http();
    }
    UpgradeAnswer answer;
    answer.status = std::strtol(header.c_str() + blank, nullptr, 10);
    if (answer.status == good_) {
      answer.stream = std::make_unique<HijackedStream>(std::move(socket_), std::move(received_));
    } else {
      answer.body = read_body(content_length(header));
    }
    return answer;
  }

 private:
  Result<void> send(std::string_view request) {
    std::span<const std::byte> left = std::as_bytes(std::span(request));
    while (!left.empty()) {
      BERTH_TRY(const std::size_t count, socket_.write(left));
      left = left.subspan(count);
      if (count == 0 && !socket_.wait_for(POLLOUT, deadline_)) {
        return timed_out();
      }
    }
    return {};
  }

  // False at the end.
  Result<bool> receive() {
    std::array<std::byte, 16384> buffer{};
    while (true) {
      BERTH_TRY(const ReadResult result, socket_.read(buffer));
      if (result.state == ReadState::would_block) {
        if (!socket_.wait_for(POLLIN, deadline_)) {
          return timed_out();
        }
        continue;
      }
      received_.append(reinterpret_cast<const char*>(buffer.data()), result.count);
      return result.state == ReadState::data;
    }
  }

  static std::size_t content_length(const std::string& header) {
    constexpr std::string_view kName = "\ncontent-length:";
    const std::size_t found = lowered(header).find(kName);
    return found == std::string::npos
               ? kLargestHeader
               : std::strtoul(header.c_str() + found + kName.size(), nullptr, 10);
  }

  // The JSON object of an error; as much of it as comes. A chunked body's sizes are outside of the
  // braces.
  std::string read_body(std::size_t length) {
    length = std::min(length, kLargestHeader);
    const Clock::time_point soon = Clock::now() + std::chrono::seconds(2);
    deadline_ = std::min(deadline_, soon);
    while (received_.size() < length && !received_.ends_with("0\r\n\r\n")) {
      const Result<bool> more = receive();
      if (!more || !*more) {
        break;
      }
    }
    const std::size_t first = received_.find('{');
    const std::size_t last = received_.rfind('}');
    return first == std::string::npos || last == std::string::npos || last < first
               ? received_
               : received_.substr(first, last - first + 1);
  }

  Failure no_http() const { return fail(not_http_error(endpoint_, received_)); }

  Failure broken_off() const {
    return fail(Error{Errc::engine_failed,
                      fmt::format("the engine at {} broke off its answer", endpoint_.address)}
                    .note(fmt::format("during `{}`: the connection was closed", operation_)));
  }

  Failure timed_out() const { return fail(timeout_error(endpoint_, operation_)); }

  Socket socket_;
  const Endpoint& endpoint_;
  std::string operation_;
  long good_;
  Clock::time_point deadline_;
  std::string received_{};
};

Result<CurlEasy> connect(const CurlPool& pool, const std::string& operation) {
  const Endpoint& endpoint = pool.endpoint();
  std::array<char, CURL_ERROR_SIZE> detail{};
  CurlEasy easy = make_curl_handle(endpoint, pool.connect_timeout());
  curl_easy_setopt(easy.get(), CURLOPT_URL, endpoint.base_url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, detail.data());
  if (const CURLcode code = curl_easy_perform(easy.get()); code != CURLE_OK) {
    return fail(connection_error({easy.get(), code, detail.data()}, endpoint, operation));
  }
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, nullptr);  // the handle lives on
  return easy;
}

// Host, User-Agent and what the configuration adds.
std::string common_headers(const Endpoint& endpoint, std::string_view host) {
  std::string headers = fmt::format("Host: {}\r\nUser-Agent: {}\r\n", host, endpoint.user_agent);
  for (const std::string& header : endpoint.headers) {
    // `Name;` is libcurl's spelling of a header without a value.
    headers += (header.ends_with(';') && header.find(':') == std::string::npos
                    ? header.substr(0, header.size() - 1) + ":"
                    : header) +
               "\r\n";
  }
  return headers;
}

std::string text_of(const StreamRequest& request, const Endpoint& endpoint) {
  std::string_view host = endpoint.base_url;
  host.remove_prefix(host.find("://") + 3);
  const std::size_t slash = std::min(host.find('/'), host.size());
  const std::string_view base = host.substr(slash);
  const std::string headers = common_headers(endpoint, host.substr(0, slash));
  if (request.kind == StreamRequest::Kind::download) {
    // To HTTP/1.0 Go's servers answer without chunks, and close the connection at the end.
    return fmt::format("GET {}{} HTTP/1.0\r\n{}\r\n", base, request.target, headers);
  }
  return fmt::format(
      "POST {}{} HTTP/1.1\r\n{}Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: {}\r\n"
      "Content-Length: {}\r\n\r\n{}",
      base, request.target, headers, request.body.empty() ? "text/plain" : "application/json",
      request.body.size(), request.body);
}

}  // namespace

Result<UpgradeAnswer> open_stream(CurlPool& pool, const StreamRequest& request,
                                  std::chrono::milliseconds timeout) {
  const Endpoint& endpoint = pool.endpoint();
  const std::string operation = std::string(request.method()) + " " + request.target;
  BERTH_TRY(CurlEasy easy, connect(pool, operation));
  const long good = request.kind == StreamRequest::Kind::upgrade ? kSwitchingProtocols : kOk;
  return Upgrade(std::move(easy), endpoint, operation, good, Clock::now() + timeout)
      .exchange(text_of(request, endpoint));
}

}  // namespace berth::runtime
