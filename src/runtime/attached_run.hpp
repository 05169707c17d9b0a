// AttachedRun: a started container and its caller, until the command has ended and its last byte is
// written. The loop of run_attached(); single-threaded, one poll(2) for streams, signals, the exit
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
#include "runtime/input_pump.hpp"
#include "runtime/output_pump.hpp"

namespace berth::runtime {

class AttachedRun {
 public:
  using Clock = std::chrono::steady_clock;

  AttachedRun(Engine& engine, const ContainerSpec& spec, const SessionOptions& options,
              SignalSource& signals, std::string id, std::unique_ptr<AttachedStream> stream,
              std::unique_ptr<PendingExit> pending_exit);

  // From right after start. The container may still run when it returns an error, or a cause of
  // `detached` or (by the third interrupt) `stopped`.
  Result<SessionOutcome> run();

 private:
  using Cause = SessionOutcome::Cause;

  // One turn of the loop each.
  void pump();
  void wait_for_event();
  void take_signals();
  void handle_signal(int number);
  void take_exit(Result<ExitStatus> status);
  void meet_deadlines();

  void begin_stop(Cause cause);
  void kill_container();
  void resize();
  void enter_raw_mode();
  void notice(const std::string& text);
  void flush_notices();
  std::vector<std::optional<Clock::time_point>*> deadlines();
  int poll_timeout();
  void check_sinks();
  void recover_exit(const Error& error);
  void output_has_ended();
  void look_for_detachment();

  bool finished() const;
  Result<SessionOutcome> outcome();
  Error connection_lost(const std::string& during) const;

  Engine& engine_;
  const ContainerSpec& spec_;
  const SessionOptions& options_;
  SignalSource& signals_;
  const std::string id_;
  std::unique_ptr<AttachedStream> stream_;
  std::unique_ptr<PendingExit> pending_exit_;
  OutputSink standard_output_;
  OutputSink standard_error_;
  OutputPump output_;
  std::optional<InputPump> input_{};
  std::optional<RawTerminal> raw_{};

  OutputPump::State output_state_ = OutputPump::State::busy;
  InputPump::State input_state_ = InputPump::State::ended;
  bool input_readable_ = false;

  std::optional<int> exit_code_{};
  std::optional<bool> oom_killed_{};
  std::optional<Error> failure_{};  // ends the run at once
  std::optional<Error>
      output_failure_{};  // of the engine's stream: told where the exit cannot explain it
  std::optional<Cause> cause_{};
  bool killed_ = false;
  bool leave_now_ = false;
  bool rewaited_ = false;
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
  std::optional<Clock::time_point> detached_by_{};
  std::optional<Clock::time_point>
      foreground_at_{};  // when to ask again whether the terminal is ours

  std::vector<std::string> notices_{};
};

}  // namespace berth::runtime
