// fork and exec by hand: posix_spawn cannot ask for a signal at the parent's death. Between the two
// only what is safe in the child of a program with threads.
#include "runtime/socket_program.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <utility>

#include "berth/base/text.hpp"
#include "berth/runtime/endpoint.hpp"
#include "runtime/connection_error.hpp"
#include "runtime/private_folder.hpp"

namespace berth::runtime {

namespace {

constexpr const char* kSocketName = "/engine.sock";
constexpr std::chrono::milliseconds kLook{5};

std::string reason(int error_number) {
  return lowered(std::error_code(error_number, std::generic_category()).message());
}

std::string quoted_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    line += (line.empty() ? "" : " ") + shell_quoted(word);
  }
  return line;
}

// In the child. Which signals it is born with decides what a key on the terminal does to it.
void set_signals(bool on_our_terminal) {
  for (int number = 1; number < SIGSYS; ++number) {
    ::signal(number, SIG_DFL);
  }
  if (on_our_terminal) {
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
      ::signal(number, SIG_IGN);
    }
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

struct ChildSettings {
  char* const* argv;
  pid_t parent;
  int input;
  int output;
  int report;  // the errno of a failed exec
  bool on_our_terminal;
};

[[noreturn]] void become(const ChildSettings& settings) {
  ::prctl(PR_SET_PDEATHSIG, settings.on_our_terminal ? SIGKILL : SIGTERM);
  if (::getppid() != settings.parent) {
    ::_exit(1);  // it died before that took effect
  }
  if (!settings.on_our_terminal) {
    ::setsid();
  }
  set_signals(settings.on_our_terminal);
  ::dup2(settings.input, STDIN_FILENO);
  ::dup2(settings.output, STDOUT_FILENO);
  ::dup2(settings.output, STDERR_FILENO);
  ::execvp(settings.argv[0], settings.argv);
  const int error_number = errno;
  static_cast<void>(!::write(settings.report, &error_number, sizeof(error_number)));
  ::_exit(127);
}

}  // namespace

SocketProgram::SocketProgram(SocketProgramOptions options, std::string folder, UniqueFd output)
    : options_(std::move(options)),
      folder_(std::move(folder)),
      path_(folder_ + kSocketName),
      argv_(options_.command(path_)),
      command_line_(quoted_line(argv_)),
      output_(std::move(output)) {}

Result<std::shared_ptr<SocketProgram>> SocketProgram::start(const SocketProgramOptions& options) {
  UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
  if (!output) {
    return fail(Errc::io, "no file in memory can be made: " + reason(errno));
  }
  BERTH_TRY(std::string folder, make_private_folder(kSocketName));
  std::shared_ptr<SocketProgram> program(
      new SocketProgram(options, std::move(folder), std::move(output)));
  BERTH_CHECK(program->spawn());
  return program;
}

Result<void> SocketProgram::spawn() {
  std::array<int, 2> ends{};
  const UniqueFd input(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!input || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(Errc::io, fmt::format("`{}` cannot be run: {}", argv_.front(), reason(errno)));
  }
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  std::vector<char*> words;
  for (const std::string& word : argv_) {
    words.push_back(const_cast<char*>(word.c_str()));
  }
  words.push_back(nullptr);
  remember_terminal();
  const ChildSettings settings{words.data(),  ::getpid(),    input.get(),
                               output_.get(), writing.get(), options_.on_our_terminal};
  pid_ = ::fork();
  if (pid_ == 0) {
    become(settings);
  }
  if (pid_ < 0) {
    return fail(Errc::io, fmt::format("`{}` cannot be run: {}", argv_.front(), reason(errno)));
  }
  writing.reset();
  int error_number = 0;
  ssize_t count = 0;
  while ((count = ::read(reading.get(), &error_number, sizeof(error_number))) < 0 &&
         errno == EINTR) {
  }
  if (count <= 0) {
    return {};  // closed by the exec
  }
  return fail(error_number == ENOENT ? Errc::not_found : Errc::io,
              fmt::format("`{}` cannot be run: {}", argv_.front(), reason(error_number)));
}

SocketProgram::~SocketProgram() {
  constexpr std::chrono::seconds kPatience{5};
  if (!has_ended() && !options_.on_our_terminal) {
    ::kill(pid_, SIGTERM);
    static_cast<void>(ends_within(kPatience));
  }
  if (!has_ended()) {
    ::kill(options_.on_our_terminal ? pid_ : -pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (!socket_) {
      restore_terminal();  // it may have been asking for a password, unseen
    }
  }
  remove_folder();
}

bool SocketProgram::has_ended() {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) != 0) {
    pid_ = -1;
  }
  return pid_ < 0;
}

bool SocketProgram::ends_within(std::chrono::seconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!has_ended()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

void SocketProgram::remember_terminal() {
  termios state{};
  const UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (options_.on_our_terminal && terminal && ::tcgetattr(terminal.get(), &state) == 0) {
    terminal_ = state;
  }
}

void SocketProgram::restore_terminal() const {
  const UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  // A program in the background would be stopped for it.
  if (terminal_ && terminal && ::tcgetpgrp(terminal.get()) == ::getpgrp()) {
    ::tcsetattr(terminal.get(), TCSANOW, &*terminal_);
  }
}

void SocketProgram::remove_folder() {
  if (!folder_.empty()) {
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
    folder_.clear();
  }
}

Result<bool> SocketProgram::wait_until_ready(const std::stop_token& stop) {
  while (probe_unix_socket(path_) != 0) {
    if (stop.stop_requested()) {
      return fail(Errc::interrupted, fmt::format("stopped while waiting for `{}`", argv_.front()));
    }
    if (has_ended()) {
      return false;
    }
    std::this_thread::sleep_for(kLook);
  }
  socket_.reset(::open(path_.c_str(), O_PATH | O_CLOEXEC));
  if (socket_ && probe_unix_socket(socket_path()) == 0) {
    remove_folder();
  }
  return true;
}

std::string SocketProgram::socket_path() const {
  // Without /proc the name stays, and is removed at the end.
  return folder_.empty() ? fmt::format("/proc/{}/fd/{}", ::getpid(), socket_.get()) : path_;
}

std::string SocketProgram::said() const {
  constexpr off_t kMost = 8192;
  struct stat status {};
  if (::fstat(output_.get(), &status) != 0) {
    return {};
  }
  std::string text(static_cast<std::size_t>(std::min(status.st_size, kMost)), '\0');
  const ssize_t count = ::pread(output_.get(), text.data(), text.size(),
                                status.st_size - static_cast<off_t>(text.size()));
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

}  // namespace berth::runtime
