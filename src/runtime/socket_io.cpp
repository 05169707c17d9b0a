#include "runtime/socket_io.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <vector>

namespace berth::runtime {

namespace {

// The result of a call that is repeated where a signal came between.
template <class Call>
ssize_t without_interruption(Call call) {
  while (true) {
    const ssize_t count = call();
    if (count >= 0) {
      return count;
    }
    if (errno != EINTR) {
      return -errno;
    }
  }
}

}  // namespace

ssize_t receive_now(int fd, std::span<std::byte> buffer) {
  return without_interruption(
      [&] { return ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT); });
}

ssize_t send_now(int fd, std::span<const std::byte> bytes) {
  return without_interruption(
      [&] { return ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL); });
}

bool send_descriptors(int socket, std::span<const std::byte> message,
                      std::span<const int> descriptors) {
  std::vector<char> control(CMSG_SPACE(descriptors.size_bytes()));
  iovec part{const_cast<std::byte*>(message.data()), message.size()};  // sendmsg(2) only reads
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* const rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  return ::sendmsg(socket, &header, MSG_NOSIGNAL) == static_cast<ssize_t>(message.size());
}

int connect_unix_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return -ENAMETOOLONG;
  }
  std::copy(path.begin(), path.end(), static_cast<char*>(address.sun_path));
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return -errno;
  }
  return socket.release();
}

SocketWait::SocketWait(Clock::time_point deadline, std::stop_token stop) : deadline_(deadline) {
  if (!stop.stop_possible()) {
    return;
  }
  stopped_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stopped_) {
    throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  on_stop_.emplace(std::move(stop), [fd = stopped_.get()] {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(fd, &one, sizeof(one)));
  });
}

SocketWait::Outcome SocketWait::wait_until(int fd, short events, Clock::time_point deadline) const {
  constexpr std::int64_t kLongestPoll = 60'000;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) {
      return Outcome::timeout;
    }
    std::array<pollfd, 2> waiting{pollfd{fd, events, 0}, pollfd{stopped_.get(), POLLIN, 0}};
    const int ready =
        ::poll(waiting.data(), waiting.size(), static_cast<int>(std::min(left, kLongestPoll)));
    if (ready > 0) {
      return waiting[1].revents != 0 ? Outcome::stopped : Outcome::ready;
    }
    if (ready < 0 && errno != EINTR) {
      return Outcome::timeout;
    }
  }
}

}  // namespace berth::runtime
