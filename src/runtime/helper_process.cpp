// posix_spawn with two pipes; a helper that hangs, as some do without a desktop session, is killed.
#include "runtime/helper_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "berth/base/file.hpp"

extern char** environ;

namespace berth::runtime {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLargestOutput = 1u << 20;

std::string reason(int error_number) {
  return std::error_code(error_number, std::generic_category()).message();
}

// A child that is killed and reaped, whatever happens.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      static_cast<void>(reap());
    }
  }

  int reap() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_;
};

struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

// The child's side of the conversation is its standard input and output; blocked signals are not
// handed down.
Result<pid_t> spawn(const std::string& program, const std::string& argument, int fd) {
  SpawnSettings settings;
  posix_spawn_file_actions_adddup2(&settings.actions, fd, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&settings.actions, fd, STDOUT_FILENO);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETSIGMASK);
  std::string program_copy = program;
  std::string argument_copy = argument;
  std::array<char*, 3> argv{program_copy.data(), argument_copy.data(), nullptr};
  pid_t pid = -1;
  const int error_number = ::posix_spawnp(&pid, program.c_str(), &settings.actions,
                                          &settings.attributes, argv.data(), environ);
  if (error_number != 0) {
    return fail(error_number == ENOENT ? Errc::not_found : Errc::io,
                fmt::format("`{}` cannot be run: {}", program, reason(error_number)));
  }
  return pid;
}

Result<std::string> read_to_end(int fd, const std::string& program,
                                std::chrono::milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  std::string output;
  std::array<char, 4096> buffer{};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) {
      return fail(Errc::io, fmt::format("`{}` did not answer within {} s", program,
                                        std::chrono::ceil<std::chrono::seconds>(timeout).count()));
    }
    pollfd waiting{fd, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000))) <= 0) {
      continue;
    }
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count <= 0) {
      return output;
    }
    output.append(buffer.data(), static_cast<std::size_t>(count));
    if (output.size() > kLargestOutput) {
      return fail(Errc::io, fmt::format("`{}` writes without end", program));
    }
  }
}

}  // namespace

Result<HelperOutput> run_helper(const std::string& program, const std::string& argument,
                                const std::string& input, std::chrono::milliseconds timeout) {
  // A socket instead of two pipes: writing to it raises no SIGPIPE where the helper has gone.
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(Errc::io, fmt::format("`{}` cannot be run: {}", program, reason(errno)));
  }
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  BERTH_TRY(const pid_t pid, spawn(program, argument, theirs.get()));
  Child child(pid);
  theirs.reset();
  // A server's name fits into any socket's buffer, so this cannot block.
  static_cast<void>(::send(ours.get(), input.data(), input.size(), MSG_NOSIGNAL));
  ::shutdown(ours.get(), SHUT_WR);
  BERTH_TRY(std::string output, read_to_end(ours.get(), program, timeout));
  return HelperOutput{child.reap(), std::move(output)};
}

}  // namespace berth::runtime
