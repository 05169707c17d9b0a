// The request, the answer's head and the stream behind it are read and written here, on a socket
// that the transport has connected: libcurl's HTTP has no way to hand over a connection after
// `101 Switching Protocols`.
#include "runtime/hijacked_stream.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "runtime/connection_error.hpp"
#include "runtime/http_wire.hpp"
#include "runtime/socket_io.hpp"

namespace berth::runtime {

namespace {

using Clock = SocketWait::Clock;
using ReadResult = AttachedStream::ReadResult;
using ReadState = AttachedStream::ReadState;

constexpr long kSwitchingProtocols = 101;
constexpr long kOk = 200;

class HijackedStream final : public AttachedStream {
 public:
  HijackedStream(std::unique_ptr<StreamSocket> socket, std::string early)
      : socket_(std::move(socket)), early_(std::move(early)) {}

  int poll_fd() const override { return socket_->fd(); }

  Result<ReadResult> read(std::span<std::byte> buffer) override {
    if (buffer.empty()) {
      return ReadResult{ReadState::would_block, 0};
    }
    if (early_.empty()) {
      return socket_->read(buffer);
    }
    const std::size_t count = std::min(buffer.size(), early_.size());
    std::memcpy(buffer.data(), early_.data(), count);
    early_.erase(0, count);
    return ReadResult{ReadState::data, count};
  }

  Result<std::size_t> write(std::span<const std::byte> bytes) override {
    return bytes.empty() ? Result<std::size_t>(std::size_t{0}) : socket_->write(bytes);
  }

  Result<void> close_write() override {
    // ENOTCONN: the engine has already closed, which is no news to whoever reads.
    if (::shutdown(socket_->fd(), SHUT_WR) != 0 && errno != ENOTCONN) {
      return fail(Errc::io, "the container's standard input cannot be closed: " +
                                std::error_code(errno, std::generic_category()).message());
    }
    return {};
  }

 private:
  std::unique_ptr<StreamSocket> socket_;
  std::string early_;
};

// One exchange up to the end of the answer's head.
class Upgrade {
 public:
  // `good`: the status behind which the stream begins.
  Upgrade(std::unique_ptr<StreamSocket> socket, const Endpoint& endpoint, std::string operation,
          long good, Clock::time_point deadline)
      : socket_(std::move(socket)),
        endpoint_(endpoint),
        operation_(std::move(operation)),
        good_(good),
        deadline_(deadline) {}

  Result<UpgradeAnswer> exchange(std::string_view request) {
    BERTH_CHECK(send(request));
    BERTH_TRY(const ResponseHead head, receive_head());
    UpgradeAnswer answer{.status = head.status};
    if (head.status != good_) {
      answer.body = receive_body(head);
    } else if (good_ == kOk && head.find("transfer-encoding") != nullptr) {
      // To what asks in HTTP/1.0 nothing may answer in chunks: they would get into the stream.
      return no_http();
    } else {
      received_.erase(0, head.size);
      answer.stream = std::make_unique<HijackedStream>(std::move(socket_), std::move(received_));
    }
    return answer;
  }

 private:
  Result<void> send(std::string_view request) {
    std::span<const std::byte> left = std::as_bytes(std::span(request));
    while (!left.empty()) {
      BERTH_TRY(const std::size_t count, socket_->write(left));
      left = left.subspan(count);
      if (count == 0) {
        BERTH_CHECK(wait_for(POLLOUT));
      }
    }
    return {};
  }

  Result<ResponseHead> receive_head() {
    ResponseHead head;
    while (true) {
      const HeadState state = read_head(received_, head);
      if (state == HeadState::malformed) {
        return no_http();
      }
      if (state == HeadState::complete && !head.interim()) {
        return head;
      }
      if (state == HeadState::complete) {
        received_.erase(0, head.size);
        continue;
      }
      BERTH_TRY(const bool more, receive());
      if (!more) {
        return received_.empty() ? broken_off() : no_http();
      }
    }
  }

  // Of an error: as much of it as comes soon.
  std::string receive_body(const ResponseHead& head) {
    constexpr std::size_t kLargestBody = 64u << 10;
    deadline_ = std::min(deadline_, Clock::now() + std::chrono::seconds(2));
    received_.erase(0, head.size);
    BodyDecoder decoder(head, "POST");
    std::string body;
    while (true) {
      std::string_view left = received_;
      while (decoder.state() == BodyDecoder::State::more && !left.empty()) {
        body += decoder.take(left);
      }
      received_.clear();
      if (decoder.state() != BodyDecoder::State::more || body.size() >= kLargestBody) {
        return body;
      }
      if (const Result<bool> more = receive(); !more || !*more) {
        return body;
      }
    }
  }

  // False at the end.
  Result<bool> receive() {
    std::array<std::byte, 16384> buffer{};
    while (true) {
      BERTH_TRY(const ReadResult result, socket_->read(buffer));
      if (result.state != ReadState::would_block) {
        received_.append(reinterpret_cast<const char*>(buffer.data()), result.count);
        return result.state == ReadState::data;
      }
      BERTH_CHECK(wait_for(POLLIN));
    }
  }

  Result<void> wait_for(short events) const {
    if (SocketWait(deadline_).wait_for(socket_->fd(), events) != SocketWait::Outcome::ready) {
      return fail(timeout_error(endpoint_, operation_));
    }
    return {};
  }

  Failure no_http() const { return fail(not_http_error(endpoint_, received_)); }

  Failure broken_off() const {
    return fail(broken_off_error(endpoint_, operation_, "the connection was closed"));
  }

  std::unique_ptr<StreamSocket> socket_;
  const Endpoint& endpoint_;
  std::string operation_;
  long good_;
  Clock::time_point deadline_;
  std::string received_{};
};

std::string text_of(const StreamRequest& request, const Endpoint& endpoint) {
  if (request.kind == StreamRequest::Kind::download) {
    // To HTTP/1.0 Go's servers answer without chunks, and close the connection at the end.
    return to_text({.target = request.target, .version = "1.0"}, endpoint);
  }
  const char* type = request.body.empty() ? "text/plain" : "application/json";
  return to_text(
      {.method = "POST",
       .target = request.target,
       .headers = {"Connection: Upgrade", "Upgrade: tcp", std::string("Content-Type: ") + type},
       .body = request.body},
      endpoint);
}

}  // namespace

Result<UpgradeAnswer> open_stream(HttpTransport& transport, const StreamRequest& request,
                                  std::chrono::milliseconds timeout) {
  const Endpoint& endpoint = transport.endpoint();
  const std::string operation = std::string(request.method()) + " " + request.target;
  BERTH_TRY(std::unique_ptr<StreamSocket> socket, transport.connect(operation));
  const long good = request.kind == StreamRequest::Kind::upgrade ? kSwitchingProtocols : kOk;
  return Upgrade(std::move(socket), endpoint, operation, good, Clock::now() + timeout)
      .exchange(text_of(request, endpoint));
}

}  // namespace berth::runtime
