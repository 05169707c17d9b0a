// HTTP over a Unix socket, which is where nearly every engine listens: connections that are kept
// between requests, and a stop or a deadline that ends a request at once.
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "runtime/connection_error.hpp"
#include "runtime/http_transport.hpp"
#include "runtime/socket_io.hpp"
#include "runtime/ssh_tunnel.hpp"
#include "runtime/tls_error.hpp"

namespace berth::runtime {

namespace {

using Clock = SocketWait::Clock;
using Outcome = SocketWait::Outcome;

class UnixStreamSocket final : public StreamSocket {
 public:
  explicit UnixStreamSocket(UniqueFd socket) : socket_(std::move(socket)) {}

  int fd() const override { return socket_.get(); }
  Result<ReadResult> read(std::span<std::byte> buffer) override {
    return read_plainly(socket_.get(), buffer);
  }
  Result<std::size_t> write(std::span<const std::byte> bytes) override {
    return write_plainly(socket_.get(), bytes);
  }

 private:
  UniqueFd socket_;
};

Failure stopped() {
  return fail(Errc::interrupted, "stopped while waiting for the engine");
}

// One request on one connection, and its answer.
class Exchange {
 public:
  Exchange(const Endpoint& endpoint, const HttpRequest& request, const SocketWait& wait,
           AnswerCollector& answer)
      : endpoint_(endpoint), request_(request), wait_(wait), answer_(answer) {}

  Result<void> run(int fd, std::string_view text) {
    fd_ = fd;
    BERTH_CHECK(send(text));
    BERTH_TRY(ResponseHead head, receive_head());
    BodyDecoder body(head, request_.method);
    const bool may_stay_open = stays_open(head);
    answer_.take_head(std::move(head));
    BERTH_CHECK(receive_body(body));
    keeps_connection_ = may_stay_open && sent_all_ && received_.empty();
    return {};
  }

  // The engine has closed a kept connection before it saw the request: another one will do.
  bool never_heard() const { return unheard_; }
  bool keeps_connection() const { return keeps_connection_; }

 private:
  // An engine that answers early, or closes, is heard before all is sent.
  Result<void> send(std::string_view text) {
    std::span<const std::byte> left = std::as_bytes(std::span(text));
    while (!left.empty()) {
      const ssize_t count = send_now(fd_, left);
      if (count > 0) {
        left = left.subspan(static_cast<std::size_t>(count));
      } else if (count != -EAGAIN) {
        break;  // closed: perhaps behind an answer
      } else {
        BERTH_CHECK(wait_for(POLLIN | POLLOUT));
        if (has_news()) {
          break;
        }
      }
    }
    sent_all_ = left.empty();
    return {};
  }

  bool has_news() const {
    pollfd waiting{fd_, POLLIN, 0};
    return ::poll(&waiting, 1, 0) > 0;
  }

  Result<ResponseHead> receive_head() {
    ResponseHead head;
    while (true) {
      const HeadState state = read_head(received_, head);
      if (state == HeadState::malformed) {
        return fail(is_tls_alert(received_) ? tls_expected_error(endpoint_)
                                            : not_http_error(endpoint_, received_.substr(0, 1024)));
      }
      if (state == HeadState::complete) {
        received_.erase(0, head.size);
        if (!head.interim()) {
          return head;
        }
        continue;
      }
      BERTH_TRY(const bool more, receive());
      if (!more) {
        unheard_ = !heard_;
        return fail(broken("the connection was closed before the answer was there"));
      }
    }
  }

  Result<void> receive_body(BodyDecoder& body) {
    while (true) {
      std::string_view left = received_;
      while (body.state() == BodyDecoder::State::more && !left.empty()) {
        if (!answer_.take_body(body.take(left))) {
          return fail(*answer_.failure());
        }
      }
      received_.erase(0, received_.size() - left.size());
      if (body.state() == BodyDecoder::State::malformed) {
        return fail(broken("the framing of its body is not HTTP's"));
      }
      if (body.state() == BodyDecoder::State::complete) {
        return {};
      }
      BERTH_TRY(const bool more, receive());
      if (!more && !body.finish()) {
        return fail(broken("the connection was closed in the middle of the answer"));
      }
    }
  }

  // False at the end.
  Result<bool> receive() {
    constexpr std::size_t kPiece = 16u << 10;
    const std::size_t size = received_.size();
    while (true) {
      received_.resize(size + kPiece);
      const ssize_t count =
          receive_now(fd_, std::as_writable_bytes(std::span(received_)).subspan(size));
      received_.resize(size + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
      if (count >= 0) {
        heard_ = heard_ || count > 0;
        return count > 0;
      }
      if (count == -ECONNRESET) {
        return false;
      }
      if (count != -EAGAIN) {
        return fail(broken(std::generic_category().message(static_cast<int>(-count))));
      }
      BERTH_CHECK(wait_for(POLLIN));
    }
  }

  Result<void> wait_for(short events) const {
    switch (wait_.wait_for(fd_, events)) {
      case Outcome::ready:
        return {};
      case Outcome::stopped:
        return stopped();
      default:
        return fail(timeout_error(endpoint_, request_.operation()));
    }
  }

  Error broken(const std::string& why) const {
    return broken_off_error(endpoint_, request_.operation(), why);
  }

  const Endpoint& endpoint_;
  const HttpRequest& request_;
  const SocketWait& wait_;
  AnswerCollector& answer_;
  int fd_ = -1;
  std::string received_{};  // and not used so far
  bool sent_all_ = false;
  bool heard_ = false;  // anything of the answer
  bool unheard_ = false;
  bool keeps_connection_ = false;
};

class UnixTransport final : public HttpTransport {
 public:
  UnixTransport(Endpoint endpoint, std::chrono::milliseconds connect_timeout)
      : endpoint_(std::move(endpoint)), connect_timeout_(connect_timeout) {}

  const Endpoint& endpoint() const override { return endpoint_; }

  Result<void> exchange(const HttpRequest& request, AnswerCollector& answer) override {
    const Clock::time_point deadline =
        request.timeout.count() > 0 ? Clock::now() + request.timeout : Clock::time_point::max();
    const SocketWait wait(deadline, request.stop);
    if (request.stop.stop_requested()) {
      return stopped();
    }
    const std::string text = text_of(request);
    if (UniqueFd kept = take_idle()) {
      Exchange attempt(endpoint_, request, wait, answer);
      Result<void> done = attempt.run(kept.get(), text);
      if (done || !attempt.never_heard()) {
        keep(std::move(kept), attempt);
        return done;
      }
    }
    BERTH_TRY(UniqueFd fresh, open(wait, request.operation()));
    Exchange attempt(endpoint_, request, wait, answer);
    Result<void> done = attempt.run(fresh.get(), text);
    keep(std::move(fresh), attempt);
    return done;
  }

  Result<std::unique_ptr<StreamSocket>> connect(const std::string& operation) override {
    BERTH_TRY(UniqueFd socket, open(SocketWait(Clock::time_point::max()), operation));
    return std::make_unique<UnixStreamSocket>(std::move(socket));
  }

 private:
  std::string text_of(const HttpRequest& request) const {
    RequestText text{
        .method = request.method, .target = request.target, .headers = request.headers};
    if (request.method == "POST") {
      text.headers.push_back("Content-Type: " + request.content_type);
      text.body = request.body;
    }
    return to_text(text, endpoint_);
  }

  // While the engine's queue of connections is full, it is tried again and again: no poll(2) tells
  // when there is room.
  Result<UniqueFd> open(const SocketWait& wait, const std::string& operation) const {
    constexpr std::chrono::milliseconds kPause{10};
    const Clock::time_point latest = std::min(wait.deadline(), Clock::now() + connect_timeout_);
    while (true) {
      const int socket = connect_unix_socket(endpoint_.socket_path);
      if (socket >= 0) {
        return UniqueFd(socket);
      }
      if (socket != -EAGAIN) {
        return fail(endpoint_.through == Endpoint::Through::ssh
                        ? ssh_channel_error(endpoint_)
                        : unix_socket_error(endpoint_, -socket));
      }
      if (wait.wait_until(-1, 0, std::min(latest, Clock::now() + kPause)) == Outcome::stopped) {
        return stopped();
      }
      if (Clock::now() >= latest) {
        return fail(timeout_error(endpoint_, operation));
      }
    }
  }

  // One that is still open. What an engine says of itself on a connection is its farewell.
  UniqueFd take_idle() {
    const std::lock_guard lock(mutex_);
    while (!idle_.empty()) {
      UniqueFd connection = std::move(idle_.back());
      idle_.pop_back();
      pollfd waiting{connection.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 0) == 0) {
        return connection;
      }
    }
    return {};
  }

  void keep(UniqueFd connection, const Exchange& exchange) {
    constexpr std::size_t kMostIdle = 4;
    const std::lock_guard lock(mutex_);
    if (exchange.keeps_connection() && idle_.size() < kMostIdle) {
      idle_.push_back(std::move(connection));
    }
  }

  const Endpoint endpoint_;
  const std::chrono::milliseconds connect_timeout_;
  std::mutex mutex_{};
  std::vector<UniqueFd> idle_{};
};

}  // namespace

std::shared_ptr<HttpTransport> make_unix_transport(Endpoint endpoint,
                                                   std::chrono::milliseconds connect_timeout) {
  return std::make_shared<UnixTransport>(std::move(endpoint), connect_timeout);
}

}  // namespace berth::runtime
