// Reading, writing and waiting on a socket, with an end to each wait.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>

#include "berth/base/file.hpp"

namespace berth::runtime {

// What comes or goes without waiting: the bytes (0 of a read: the end), or a negative errno, of
// which -EAGAIN says that nothing does at the moment.
ssize_t receive_now(int fd, std::span<std::byte> buffer);
ssize_t send_now(int fd, std::span<const std::byte> bytes);

// A message with descriptors beside it (SCM_RIGHTS), in one piece; errno where it was not sent.
bool send_descriptors(int socket, std::span<const std::byte> message,
                      std::span<const int> descriptors);

// A connected Unix socket, or a negative errno: -EAGAIN while the queue of the listener is full.
int connect_unix_socket(const std::string& path);

// Waits on a socket until a time has come or a stop is asked for.
class SocketWait {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Outcome { ready, timeout, stopped };

  explicit SocketWait(Clock::time_point deadline, std::stop_token stop = {});

  // `events` as in poll(2); the end and an error of the socket are ready, too.
  Outcome wait_for(int fd, short events) const { return wait_until(fd, events, deadline_); }
  // The same with an earlier deadline.
  Outcome wait_until(int fd, short events, Clock::time_point deadline) const;

  Clock::time_point deadline() const { return deadline_; }

 private:
  Clock::time_point deadline_;
  UniqueFd stopped_{};  // an eventfd, where a stop is possible
  std::optional<std::stop_callback<std::function<void()>>> on_stop_{};
};

}  // namespace berth::runtime
