// SignalWatcher: signals are blocked, taken from a signalfd by one thread, and handed on through a
// pipe.
#include "berth/runtime/signals.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spdlog/fmt/fmt.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <thread>

namespace berth::runtime {

namespace {

struct NamedSignal {
  int number;
  std::string_view name;
};
constexpr std::array<NamedSignal, 10> kWatched = {{{SIGHUP, "HUP"},
                                                   {SIGINT, "INT"},
                                                   {SIGQUIT, "QUIT"},
                                                   {SIGALRM, "ALRM"},
                                                   {SIGTERM, "TERM"},
                                                   {SIGUSR1, "USR1"},
                                                   {SIGUSR2, "USR2"},
                                                   {SIGWINCH, "WINCH"},
                                                   {SIGTSTP, "TSTP"},
                                                   {SIGCONT, "CONT"}}};
constexpr int kPatience = 3;  // terminating signals until berth gives in, as docker's client has it

bool is_ignored(int number) {
  struct sigaction action {};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

void die_by(int number) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(number, &action, nullptr);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, number);
  ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  ::raise(number);
}

}  // namespace

struct SignalWatcher::State {
  sigset_t mask_before{};
  struct sigaction pipe_before {};
  UniqueFd signals{};
  UniqueFd wake{};
  UniqueFd events_out{};  // a byte per signal
  UniqueFd events_in{};
  std::atomic<bool> handed_over{false};
  std::atomic<int> stopped_by{0};
  std::stop_source stop{};
  std::stop_source leave{};
  int terminating = 0;  // of the watching thread, before the command runs
  int interrupts = 0;   // and while it runs
  std::jthread thread{};

  void take(int number) {
    if (is_terminating(number) && !handed_over) {
      int none = 0;
      stopped_by.compare_exchange_strong(none, number);
      stop.request_stop();
      if (++terminating == kPatience) {
        die_by(number);
      }
    }
    if (number == SIGTSTP && !handed_over) {
      ::raise(SIGSTOP);  // nobody has a terminal to put in order yet
      return;
    }
    if (handed_over && (number == SIGINT || number == SIGTERM) && ++interrupts == kPatience) {
      leave.request_stop();
    }
    const unsigned char byte = static_cast<unsigned char>(number);
    // A pipe holds 65536 of them; whoever sends more while nobody reads loses some, as with any
    // pending signal.
    static_cast<void>(::write(events_in.get(), &byte, 1));
  }

  void watch() {
    while (true) {
      std::array<pollfd, 2> waiting{{{signals.get(), POLLIN, 0}, {wake.get(), POLLIN, 0}}};
      if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
        return;
      }
      if (waiting[1].revents != 0) {
        return;
      }
      signalfd_siginfo info{};
      if (::read(signals.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
        take(static_cast<int>(info.ssi_signo));
      }
    }
  }
};

SignalWatcher::SignalWatcher() : state_(std::make_unique<State>()) {
  sigset_t watched;
  sigemptyset(&watched);
  for (const NamedSignal& signal : kWatched) {
    if (!is_ignored(signal.number)) {
      sigaddset(&watched, signal.number);
    }
  }
  ::pthread_sigmask(SIG_BLOCK, &watched, &state_->mask_before);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &state_->pipe_before);

  state_->signals.reset(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  state_->wake.reset(::eventfd(0, EFD_CLOEXEC));
  std::array<int, 2> ends{-1, -1};
  static_cast<void>(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK));
  state_->events_out.reset(ends[0]);
  state_->events_in.reset(ends[1]);
  state_->thread = std::jthread([state = state_.get()] { state->watch(); });
}

SignalWatcher::~SignalWatcher() {
  const std::uint64_t one = 1;
  static_cast<void>(::write(state_->wake.get(), &one, sizeof(one)));
  state_->thread.join();
  ::sigaction(SIGPIPE, &state_->pipe_before, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &state_->mask_before, nullptr);
}

int SignalWatcher::poll_fd() const {
  return state_->events_out.get();
}

std::optional<int> SignalWatcher::next() {
  unsigned char byte = 0;
  if (::read(state_->events_out.get(), &byte, 1) == 1) {
    return byte;
  }
  return std::nullopt;
}

std::stop_token SignalWatcher::stop_token() const {
  return state_->stop.get_token();
}

std::stop_token SignalWatcher::leave_token() const {
  return state_->leave.get_token();
}

int SignalWatcher::stopped_by() const {
  return state_->stopped_by;
}

void SignalWatcher::hand_over() {
  state_->handed_over = true;
}

bool is_terminating(int number) {
  return number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM;
}

std::string_view signal_name(int number) {
  for (const NamedSignal& signal : kWatched) {
    if (signal.number == number) {
      return signal.name;
    }
  }
  return {};
}

Error interrupted_by(int number) {
  Error error{Errc::interrupted,
              fmt::format("`SIG{}` came before the command started", signal_name(number))};
  error.signal = number;
  return error;
}

}  // namespace berth::runtime
