// Process 1 of a run whose output does not pass through the engine. It is mounted into the
// container, connects to berth through a socket that is mounted beside it, and
//
//   - takes the command's standard streams from berth, as pipes, in place of the engine's;
//   - starts the command, reaps, and passes signals on, as any init does;
//   - ends what the command has left running;
//   - tells berth how the command ended the moment it ends: the engine tells it only when the
//     container's network is taken down;
//   - ends the command where berth is gone. The guard beside berth does so as well, and is given
//     the time to be first (runtime/run_guard.hpp).
//
// What it needs it tries before the command is started: where something is not allowed, the run can
// begin again without it.
//
// Linked statically, since an image may have no libraries, or those of another libc. Allocates
// nothing.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "supervisor/protocol.hpp"

namespace {

using berth::supervisor::Ending;
using berth::supervisor::Signal;
using berth::supervisor::Streams;

constexpr int kNobody = -1;
constexpr int kSignalBase = 128;
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;
constexpr int kClientGone = 137;
constexpr int kMostDescriptors = 3;
constexpr int kGuardsTime = 10'000;  // milliseconds: TERM, grace, KILL and some for a busy engine
constexpr int kGrace = 5'000;        // between TERM and the end

int connect_to_client() {
  const int door = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, berth::supervisor::kDoorPath);
  if (::connect(door, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return door;
  }
  ::close(door);
  return kNobody;
}

// The descriptors become ours, so that /proc/1/fd/1, where some images send their logs, leads to
// berth, too.
bool take_streams(int door) {
  Streams streams;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostDescriptors)] = {};
  iovec part{&streams, sizeof(streams)};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  if (::recvmsg(door, &message, MSG_CMSG_CLOEXEC) != sizeof(streams)) {
    return false;
  }
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  const unsigned long count = streams.input != 0 ? 3 : 2;
  if (header == nullptr || header->cmsg_len != CMSG_LEN(sizeof(int) * count)) {
    return false;
  }
  constexpr int kOrder[] = {STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO};
  for (unsigned long i = 0; i < count; ++i) {
    int descriptor = kNobody;
    std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
    ::dup2(descriptor, kOrder[i]);
    ::close(descriptor);
  }
  return true;
}

// All but those by which the kernel ends a program that has gone wrong.
void block_signals(sigset_t& blocked, sigset_t& before) {
  sigfillset(&blocked);
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
    sigdelset(&blocked, number);
  }
  sigprocmask(SIG_SETMASK, &blocked, &before);
}

// The command's process, or -1 with errno set where it could not be executed.
pid_t start(char** command, const sigset_t& mask) {
  int failure[2];
  if (::pipe2(failure, O_CLOEXEC) != 0) {
    return -1;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);  // a signal to the command's group is not ours
    sigprocmask(SIG_SETMASK, &mask, nullptr);
    ::execvp(command[0], command);
    const int error = errno;
    static_cast<void>(!::write(failure[1], &error, sizeof(error)));
    ::_exit(kNotFound);
  }
  int error = child < 0 ? errno : 0;
  ::close(failure[1]);
  if (child > 0 && ::read(failure[0], &error, sizeof(error)) == sizeof(error)) {
    ::waitpid(child, nullptr, 0);
  }
  ::close(failure[0]);
  errno = error;
  return error == 0 ? child : -1;
}

// Whether the command is among what has ended; then with its exit code.
bool reap(pid_t child, int& exit_code) {
  bool found = false;
  int status = 0;
  for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (ended == child) {
      found = true;
      exit_code = WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
    }
  }
  return found;
}

long long milliseconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1'000'000;
}

// What happens at the door once the streams are taken: signals come, until berth is gone. It goes
// before the command only where it was killed.
class Watch {
 public:
  Watch(int door, pid_t child) : door_(door), child_(child) {}

  int poll_fd() const { return gone_ ? kNobody : door_; }
  int timeout() const {
    const long long left = deadline_ - milliseconds_now();
    return !gone_ ? -1 : left > 0 ? static_cast<int>(left) : 0;
  }
  void listen() {
    Signal signal;
    const ssize_t count = ::recv(door_, &signal, sizeof(signal), MSG_DONTWAIT);
    if (count == sizeof(signal)) {
      ::kill(child_, signal.number);
    } else if (count >= 0 || (errno != EAGAIN && errno != EINTR)) {
      gone_ = true;
      deadline_ = milliseconds_now() + kGuardsTime;
    }
  }
  // When berth is gone the command is asked to end, and has its time for that.
  bool time_is_over() {
    if (!gone_ || milliseconds_now() < deadline_) {
      return false;
    }
    if (asked_) {
      return true;
    }
    asked_ = true;
    deadline_ = milliseconds_now() + kGrace;
    ::kill(child_, SIGTERM);
    return false;
  }

 private:
  const int door_;
  const pid_t child_;
  bool gone_ = false;
  bool asked_ = false;
  long long deadline_ = 0;  // once it is gone
};

int attend(pid_t child, int door, int signals) {
  Watch watch(door, child);
  int exit_code = 0;
  while (true) {
    pollfd waiting[] = {{signals, POLLIN, 0}, {watch.poll_fd(), POLLIN, 0}};
    ::poll(waiting, 2, watch.timeout());
    if (watch.time_is_over()) {
      return kClientGone;
    }
    if (waiting[1].revents != 0) {
      watch.listen();
    }
    signalfd_siginfo received{};
    if ((waiting[0].revents & POLLIN) == 0 ||
        ::read(signals, &received, sizeof(received)) != sizeof(received)) {
      continue;
    }
    const int number = static_cast<int>(received.ssi_signo);
    if (number != SIGCHLD) {
      ::kill(child, number);
    } else if (reap(child, exit_code)) {
      return exit_code;
    }
  }
}

// All that the command has left behind ends before berth hears of its end, as it would before the
// engine tells of it: no process holds a GPU or a file any more. Only where nobody else can be met.
void end_the_others() {
  if (::getpid() != 1) {
    return;
  }
  ::kill(-1, SIGKILL);
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
}

// The number behind `key` in a file of the control group; with an empty key the first one.
long long number_in(const char* path, const char* key) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return -1;
  }
  char text[1024] = {};
  const ssize_t count = ::read(file, text, sizeof(text) - 1);
  ::close(file);
  const char* const found = count > 0 ? std::strstr(text, key) : nullptr;
  return found == nullptr ? -1 : std::strtoll(found + std::strlen(key), nullptr, 10);
}

// Version 2 of control groups, then version 1 (Linux, Documentation/admin-guide).
long long first_known(long long second_version, long long first_version) {
  return second_version >= 0 ? second_version : first_version;
}

void add_memory(Ending& ending) {
  const long long peak =
      first_known(number_in("/sys/fs/cgroup/memory.peak", ""),
                  number_in("/sys/fs/cgroup/memory/memory.max_usage_in_bytes", ""));
  rusage largest{};
  ::getrusage(RUSAGE_CHILDREN, &largest);
  ending.peak_memory = static_cast<std::uint64_t>(peak > 0 ? peak : largest.ru_maxrss * 1024LL);
  ending.oom_kills = static_cast<std::int32_t>(
      first_known(number_in("/sys/fs/cgroup/memory.events", "oom_kill "),
                  number_in("/sys/fs/cgroup/memory/memory.oom_control", "oom_kill ")));
}

// Returns the exit code of a shell for it.
int cannot_execute(const char* command, int error) {
  std::fprintf(stderr, "%s%s: %s\n", berth::supervisor::kFailurePrefix, command,
               std::strerror(error));
  return error == ENOENT ? kNotFound : kNotExecutable;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    return kNotFound;
  }
  char** const command = arguments + 1;
  sigset_t blocked;
  sigset_t before;
  block_signals(blocked, before);
  const int signals = ::signalfd(-1, &blocked, SFD_CLOEXEC);
  const int door = signals < 0 ? kNobody : connect_to_client();
  if (door == kNobody || !take_streams(door)) {
    return berth::supervisor::kCannotSupervise;
  }
  Ending ending;
  const pid_t child = start(command, before);
  ending.exit_code = child < 0 ? cannot_execute(command[0], errno) : attend(child, door, signals);
  end_the_others();
  add_memory(ending);
  static_cast<void>(!::send(door, &ending, sizeof(ending), MSG_NOSIGNAL));
  return ending.exit_code;
}
