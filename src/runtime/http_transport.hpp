// How requests and streams get to an engine: over a Unix socket by ourselves (unix_transport.cpp),
// over anything else with libcurl (curl_transport.cpp). Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "berth/base/result.hpp"
#include "berth/runtime/endpoint.hpp"
#include "berth/runtime/engine.hpp"
#include "runtime/http_message.hpp"
#include "runtime/http_wire.hpp"

namespace berth::runtime {

// Puts an answer together, within the limits of its request.
class AnswerCollector {
 public:
  explicit AnswerCollector(const HttpRequest& request) : request_(request) {}

  // The final head.
  void take_head(ResponseHead head);
  // False: no more is wanted, and failure() says why.
  bool take_body(std::string_view piece);

  bool has_head() const { return has_head_; }
  const std::optional<Error>& failure() const { return failure_; }
  HttpResponse& response() { return response_; }

 private:
  const HttpRequest& request_;
  HttpResponse response_{};
  bool has_head_ = false;
  std::optional<Error> failure_{};
};

// A connection of a stream's own; nothing blocks.
class StreamSocket {
 public:
  using ReadResult = AttachedStream::ReadResult;

  virtual ~StreamSocket() = default;
  virtual int fd() const = 0;
  virtual Result<ReadResult> read(std::span<std::byte> buffer) = 0;
  // What was not taken must come again with the next call.
  virtual Result<std::size_t> write(std::span<const std::byte> bytes) = 0;
};

// Reads and writes of a socket without TLS.
Result<StreamSocket::ReadResult> read_plainly(int fd, std::span<std::byte> buffer);
Result<std::size_t> write_plainly(int fd, std::span<const std::byte> bytes);
// An error of a stream, with the words of the system or of a library.
Failure broken_stream(const char* doing, std::string_view why);

class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  virtual const Endpoint& endpoint() const = 0;
  // Until the answer is complete. Its connection is kept for the next request where both sides
  // agree.
  virtual Result<void> exchange(const HttpRequest& request, AnswerCollector& answer) = 0;
  // `operation` is what it is for, in messages. Nothing has been sent yet.
  virtual Result<std::unique_ptr<StreamSocket>> connect(const std::string& operation) = 0;
};

std::shared_ptr<HttpTransport> make_transport(Endpoint endpoint,
                                              std::chrono::milliseconds connect_timeout);
std::shared_ptr<HttpTransport> make_unix_transport(Endpoint endpoint,
                                                   std::chrono::milliseconds connect_timeout);
std::shared_ptr<HttpTransport> make_curl_transport(Endpoint endpoint,
                                                   std::chrono::milliseconds connect_timeout);

}  // namespace berth::runtime
