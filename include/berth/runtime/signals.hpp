// Signals as events. A SignalWatcher blocks the signals that berth passes on to the command and
// takes them in with a thread of its own, so that nothing in berth runs in a signal handler and no
// system call is cut short.
//
// Make it first thing in `run`, before any other thread exists (threads inherit the mask). A child
// process inherits the mask too: start children with posix_spawn and POSIX_SPAWN_SETSIGMASK |
// POSIX_SPAWN_SETSIGDEF.
//
// Taken: HUP INT QUIT ALRM TERM USR1 USR2 WINCH, and TSTP and CONT, by which a session puts the
// terminal in order before it stops and when it goes on. Not one that was ignored when berth
// started (nohup, `&` in a script). Not taken: TTIN and TTOU, which stop berth itself, as a shell's
// job control expects; PIPE is ignored, so that a closed output is an error of write(2); CHLD and
// URG mean nothing here.
#pragma once

#include <csignal>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>

#include "berth/base/file.hpp"
#include "berth/base/result.hpp"

namespace berth::runtime {

// What a session needs of it; tests send their own.
class SignalSource {
 public:
  virtual ~SignalSource() = default;
  // Readable while a signal waits.
  virtual int poll_fd() const = 0;
  // The next one in order of arrival; absent where none waits. Never blocks.
  virtual std::optional<int> next() = 0;
  // From here on signals are events for the session; nothing is cancelled any more.
  virtual void hand_over() = 0;
};

class SignalWatcher : public SignalSource {
 public:
  SignalWatcher();  // restored by the destructor: the mask and SIGPIPE's disposition
  ~SignalWatcher() override;
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

  int poll_fd() const override;
  std::optional<int> next() override;

  // Before the command starts a first HUP, INT, QUIT or TERM cancels: the token for Engine::pull()
  // and the like. The third such signal ends berth by its default action, should something not heed
  // the token.
  std::stop_token stop_token() const;
  // After hand_over(): the third INT or TERM asks whatever still waits for the engine to give up.
  std::stop_token leave_token() const;
  // The signal that requested the stop; 0: none.
  int stopped_by() const;
  void hand_over() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// HUP, INT, QUIT, TERM: what asks a command to end.
bool is_terminating(int number);

// "TERM"; empty for a number that has no name here.
std::string_view signal_name(int number);

// Errc::interrupted with the signal's number, for what was cancelled: "`TERM` came before the
// command started".
Error interrupted_by(int number);

}  // namespace berth::runtime
