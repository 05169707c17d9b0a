// SignalWatcher with real signals, sent to this process.
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "berth/runtime/signals.hpp"
#include "support/catch.hpp"

using namespace berth;
using namespace berth::runtime;

namespace {

std::optional<int> next_within_10s(SignalWatcher& watcher) {
  pollfd waiting{watcher.poll_fd(), POLLIN, 0};
  ::poll(&waiting, 1, 10'000);
  return watcher.next();
}

}  // namespace

TEST_CASE("signals come as events, in order of arrival") {
  SignalWatcher watcher;
  CHECK_FALSE(watcher.next().has_value());
  for (const int number : {SIGUSR1, SIGWINCH, SIGUSR2}) {
    ::kill(::getpid(), number);
    CHECK(next_within_10s(watcher) == number);
  }
  CHECK_FALSE(watcher.stop_token().stop_requested());
  CHECK(watcher.stopped_by() == 0);
}

TEST_CASE("the first terminating signal requests the stop, and is an event too") {
  SignalWatcher watcher;
  ::kill(::getpid(), SIGTERM);
  CHECK(next_within_10s(watcher) == SIGTERM);
  CHECK(watcher.stop_token().stop_requested());
  CHECK(watcher.stopped_by() == SIGTERM);
  ::kill(::getpid(), SIGINT);
  CHECK(next_within_10s(watcher) == SIGINT);
  CHECK(watcher.stopped_by() == SIGTERM);
}

TEST_CASE("after the session has taken over, nothing is cancelled, however many come") {
  SignalWatcher watcher;
  watcher.hand_over();
  for (int i = 0; i < 5; ++i) {
    ::kill(::getpid(), SIGINT);
    CHECK(next_within_10s(watcher) == SIGINT);
  }
  CHECK_FALSE(watcher.stop_token().stop_requested());
}

TEST_CASE("a signal that was ignored at the start stays ignored") {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGHUP, &ignore, &before);
  {
    SignalWatcher watcher;
    ::kill(::getpid(), SIGHUP);
    ::kill(::getpid(), SIGUSR1);
    CHECK(next_within_10s(watcher) == SIGUSR1);
    CHECK_FALSE(watcher.next().has_value());
  }
  ::sigaction(SIGHUP, &before, nullptr);
}

TEST_CASE(
    "a closed pipe is an error of write while a watcher lives, and the mask comes back after it") {
  sigset_t before;
  sigset_t after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    SignalWatcher watcher;
    int ends[2] = {-1, -1};
    REQUIRE(::pipe(ends) == 0);
    ::close(ends[0]);
    CHECK(::write(ends[1], "x", 1) == -1);
    CHECK(errno == EPIPE);
    ::close(ends[1]);
  }
  ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) {
    CHECK(sigismember(&before, number) == sigismember(&after, number));
  }
}

TEST_CASE("signals have the names that the engine's API takes") {
  CHECK(signal_name(SIGTERM) == "TERM");
  CHECK(signal_name(SIGUSR2) == "USR2");
  CHECK(signal_name(SIGCHLD).empty());
  CHECK(interrupted_by(SIGINT).message == "`SIGINT` came before the command started");
}
