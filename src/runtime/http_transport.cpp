#include "runtime/http_transport.hpp"

#include <spdlog/fmt/fmt.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "berth/base/text.hpp"
#include "runtime/socket_io.hpp"

namespace berth::runtime {

void AnswerCollector::take_head(ResponseHead head) {
  has_head_ = true;
  response_.status = head.status;
  response_.headers = std::move(head.headers);
  if (request_.on_status) {
    request_.on_status(response_.status);
  }
}

bool AnswerCollector::take_body(std::string_view piece) {
  if (request_.on_body && response_.ok()) {
    if (Result<void> taken = request_.on_body(piece); !taken) {
      failure_ = std::move(taken).error();
    }
  } else if (response_.body.size() + piece.size() > request_.response_limit) {
    failure_ = Error{Errc::engine_failed,
                     fmt::format("the engine's answer to `{}` is larger than {} MiB",
                                 request_.operation(), request_.response_limit >> 20)};
  } else {
    response_.body += piece;
  }
  return !failure_.has_value();
}

Failure broken_stream(const char* doing, std::string_view why) {
  return fail(Error{Errc::engine_failed,
                    fmt::format("the connection to the container broke while {}", doing)}
                  .note(lowered(why)));
}

Result<StreamSocket::ReadResult> read_plainly(int fd, std::span<std::byte> buffer) {
  using State = AttachedStream::ReadState;
  const ssize_t count = receive_now(fd, buffer);
  if (count == -EAGAIN) {
    return StreamSocket::ReadResult{State::would_block, 0};
  }
  if (count < 0) {
    return broken_stream("reading", std::generic_category().message(static_cast<int>(-count)));
  }
  return StreamSocket::ReadResult{count == 0 ? State::end : State::data,
                                  static_cast<std::size_t>(count)};
}

Result<std::size_t> write_plainly(int fd, std::span<const std::byte> bytes) {
  const ssize_t count = send_now(fd, bytes);
  if (count < 0 && count != -EAGAIN) {
    return broken_stream("writing", std::generic_category().message(static_cast<int>(-count)));
  }
  return count < 0 ? std::size_t{0} : static_cast<std::size_t>(count);
}

std::shared_ptr<HttpTransport> make_transport(Endpoint endpoint,
                                              std::chrono::milliseconds connect_timeout) {
  return endpoint.transport == Endpoint::Transport::unix_socket
             ? make_unix_transport(std::move(endpoint), connect_timeout)
             : make_curl_transport(std::move(endpoint), connect_timeout);
}

}  // namespace berth::runtime
