// AttachedRun: a running command and its caller, until the command has ended and its last byte is
// written. The loop of every session; single-threaded, one poll(2) for streams, signals, the exit
// and all deadlines.
#pragma once

#include <poll.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/raw_terminal.hpp"
#include "berth/runtime/session.hpp"
#include "runtime/attached_command.hpp"
#include "runtime/input_pump.hpp"
#include "runtime/run_output.hpp"

namespace berth::runtime {

class AttachedRun {
 public:
  using Clock = std::chrono::steady_clock;

  // `tty`: the command has a terminal; `input`: its standard input is connected.
  AttachedRun(AttachedCommand& command, Connection connection, bool tty, bool input,
              const SessionOptions& options, SignalSource& signals);

  // From right after start. The command may still run when it returns an error, or a cause of
  // `detached` or (by the third interrupt) `stopped`.
  Result<SessionOutcome> run();

  // Whether the third interrupt ended it: nobody waits for the engine any more.
  bool left_at_once() const { return leave_now_ && cause_ == Cause::stopped; }

 private:
  using Cause = SessionOutcome::Cause;

  // One turn of the loop each (attached_run.cpp).
  void pump();
  void wait_for_event();
  AttachedStream& stream_of_input() const;
  void take_signals();
  void handle_signal(int number);
  void meet_deadlines();
  std::vector<std::optional<Clock::time_point>*> deadlines();
  int poll_timeout();

  void begin_stop(Cause cause);
  void kill_command();
  void leave(Cause cause, int exit_code);
  void resize();
  void enter_raw_mode();
  void notice(const std::string& text);
  void notice_once(bool& told, const std::string& text);
  void flush_notices();

  // Ends, and what is lost (attached_run_end.cpp).
  void take_exit(Result<ExitStatus> status);
  void recover_exit(const Error& error);
  void ask_for_exit();
  void check_sinks();
  void output_has_ended();
  void look_for_detachment();
  void connection_broke(const Error& error);
  void exit_is_overdue(const std::optional<ContainerState>& state);
  void listen_again();
  void try_to_reconnect();
  bool reconnecting() const { return reconnect_by_.has_value(); }
  bool finished() const;
  void fill_in(SessionOutcome& outcome) const;
  Result<SessionOutcome> outcome();
  Error connection_lost(const Error& cause) const;

  AttachedCommand& command_;
  const bool tty_;
  const SessionOptions& options_;
  SignalSource& signals_;
  Connection connection_;
  std::unique_ptr<AttachedStream> second_ear_{};  // see look_for_detachment()
  RunOutput output_;
  std::optional<InputPump> input_{};
  std::optional<RawTerminal> raw_{};

  OutputPump::State output_state_ = OutputPump::State::busy;
  InputPump::State input_state_ = InputPump::State::ended;
  bool input_readable_ = false;

  std::optional<int> exit_code_{};
  std::optional<int> seen_exit_{};  // before the output was complete
  std::optional<bool> oom_killed_{};
  std::optional<std::uint64_t> peak_memory_{};
  bool oom_counted_ = false;
  std::optional<Error> broken_{};   // the wait; the output is still read to its end
  std::optional<Error> failure_{};  // ends the run at once
  // Of the engine's stream: told where the exit cannot explain it.
  std::optional<Error> output_failure_{};
  std::optional<Cause> cause_{};
  bool ended_unseen_ = false;  // while the engine was away
  bool killed_ = false;
  bool leave_now_ = false;
  bool rewaited_ = false;
  int overdue_ = 0;
  int reconnections_ = 0;
  bool engine_away_ = false;  // while reconnecting: it did not answer
  int leaving_code_ = 0;
  int last_signal_ = 0;
  int interrupts_ = 0;  // INT
  int interrupts_or_terms_ = 0;
  int resize_attempts_ = 0;
  std::size_t drained_ = 0;

  std::optional<Clock::time_point> timeout_at_{};
  std::optional<Clock::time_point> kill_at_{};
  std::optional<Clock::time_point> give_up_at_{};
  std::optional<Clock::time_point> resize_at_{};
  std::optional<Clock::time_point> drained_by_{};
  std::optional<Clock::time_point> exit_by_{};  // after the output has ended with an error
  std::optional<Clock::time_point> exit_asked_at_{};
  std::optional<Clock::time_point> detached_by_{};
  std::optional<Clock::time_point> reconnect_at_{};
  std::optional<Clock::time_point> reconnect_by_{};
  // When to ask again whether the terminal is ours.
  std::optional<Clock::time_point> foreground_at_{};

  std::vector<std::string> notices_{};
};

}  // namespace berth::runtime
