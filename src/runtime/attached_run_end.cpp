// How a session ends, and how it tells a command that ended from a connection that broke.
#include <spdlog/fmt/fmt.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "runtime/attached_run.hpp"
#include "runtime/supervised_exit.hpp"

namespace berth::runtime {

namespace {

using std::chrono::milliseconds;

constexpr int kTimedOut = 124;      // as timeout(1)
constexpr int kOutputClosed = 141;  // 128 + SIGPIPE
constexpr int kKilled = 137;
constexpr int kSignalBase = 128;
// What dockerd writes down for a container that it finds ended when it starts (moby
// daemon/daemon.go, restore).
constexpr int kUnknownExit = 255;
constexpr milliseconds kDetachPatience{1000};  // a stream may end a moment before the exit is known
constexpr milliseconds kExitPatience{3000};    // after a broken stream
constexpr milliseconds kExitStep{20};          // between two questions for the exit of an exec
constexpr milliseconds kReconnectStep{250};
constexpr int kOverdue = 2;
constexpr int kReconnections = 20;  // of one session

}  // namespace

bool AttachedRun::finished() const {
  const bool complete = exit_code_.has_value() && output_state_ == OutputPump::State::ended;
  return (complete && !reconnecting()) || leave_now_ || failure_.has_value();
}

void AttachedRun::output_has_ended() {
  drained_by_.reset();
  if (broken_.has_value()) {
    connection_broke(*std::exchange(broken_, std::nullopt));
    return;
  }
  input_state_ = InputPump::State::ended;
  raw_.reset();
  flush_notices();
  if (exit_code_.has_value()) {
    return;
  }
  if (!output_failure_.has_value()) {
    detached_by_ = Clock::now() + kDetachPatience;
  }
  if (connection_.exit == nullptr && !reconnecting()) {
    exit_asked_at_ = Clock::now();
  }
}

// The output has ended, and the command runs on. With a terminal that means that its detach keys
// were typed. Without one, either the command has closed its outputs, or this connection alone was
// cut: a replay tells the two apart, else a second connection on which something is still heard.
void AttachedRun::look_for_detachment() {
  const Result<std::optional<ContainerState>> state = command_.state();
  if (!state || reconnecting()) {
    return;
  }
  if (!state->has_value() || !(*state)->running) {
    exit_is_overdue(*state);
    return;
  }
  if (tty_ && input_.has_value()) {
    leave(Cause::detached, 0);
  } else if (command_.keeps_output()) {
    connection_broke(Error{Errc::engine_failed, "the output ended before the command"});
  } else if (Result<std::unique_ptr<AttachedStream>> ear = command_.listen()) {
    second_ear_ = std::move(*ear);
  }
}

// The command has ended, and the wait does not say so: Podman misses an exit now and then.
void AttachedRun::exit_is_overdue(const std::optional<ContainerState>& state) {
  if (++overdue_ < kOverdue) {
    detached_by_ = Clock::now() + kDetachPatience;
    return;
  }
  connection_.exit.reset();
  if (state.has_value()) {
    take_exit(ExitStatus{state->exit_code, {}});
  } else {
    failure_ = connection_lost(Error{
        Errc::engine_failed, "the container is gone, and the engine did not say how it ended"});
  }
}

void AttachedRun::listen_again() {
  std::array<std::byte, 1024> buffer{};
  const Result<AttachedStream::ReadResult> heard = second_ear_->read(buffer);
  if (heard && heard->state == AttachedStream::ReadState::would_block) {
    return;
  }
  second_ear_.reset();
  if (heard && heard->state == AttachedStream::ReadState::data) {
    failure_ = connection_lost(
        Error{Errc::engine_failed, "the output was cut off, and the command prints on"});
  }
}

// The first failure of our own outputs stops the container: nobody is left to run for.
void AttachedRun::check_sinks() {
  if (cause_ == Cause::output_closed) {
    return;
  }
  for (const OutputSink* sink : {&output_.standard_output(), &output_.standard_error()}) {
    const int number = sink->error_number();
    if (number != 0 && number != EPIPE && !output_failure_.has_value()) {
      output_failure_ =
          Error{Errc::io, fmt::format("cannot write to standard {}: {}",
                                      sink == &output_.standard_output() ? "output" : "error",
                                      std::error_code(number, std::generic_category()).message())};
    }
    if (number != 0) {
      begin_stop(Cause::output_closed);
      return;
    }
  }
}

void AttachedRun::take_exit(Result<ExitStatus> status) {
  if (!status && status.error().id == kSupervisorGone) {
    connection_.exit = std::move(connection_.engine_exit);
    return;
  }
  if (!status) {
    recover_exit(status.error());
    return;
  }
  if (!status->error.empty()) {
    failure_ = Error{Errc::engine_failed, "the engine could not wait for the command to end"}.note(
        "the engine says: " + status->error);
    return;
  }
  exit_code_ = status->code;
  oom_killed_ = status->oom_killed;
  peak_memory_ = status->peak_memory;
  oom_counted_ = oom_killed_.has_value();
  if (status->code != 0 && connection_.engine_exit == nullptr) {
    // Best effort: the engine removes the container while we ask.
    const Result<std::optional<ContainerState>> state = command_.state();
    if (state && state->has_value()) {
      oom_killed_ = (*state)->oom_killed;
    }
  }
  if (output_state_ != OutputPump::State::ended) {
    drained_ = output_.total();
    drained_by_ = Clock::now() + options_.drain_limit;
  }
}

// Of an exec, whose exit the engine does not announce.
void AttachedRun::ask_for_exit() {
  const Result<std::optional<ContainerState>> state = command_.state();
  if (!state) {
    failure_ = connection_lost(state.error());
  } else if (!state->has_value()) {
    failure_ = Error{Errc::engine_failed, "the container ended, and the command in it"}.named(
        "container-ended");
  } else if ((*state)->running) {
    exit_asked_at_ = Clock::now() + kExitStep;
  } else {
    take_exit(ExitStatus{(*state)->exit_code, {}});
  }
}

// The wait was cut off. The command may have ended, or run on while only that connection broke, or
// the engine is gone.
void AttachedRun::recover_exit(const Error& error) {
  if (reconnecting()) {
    return;
  }
  const Result<std::optional<ContainerState>> state = command_.state();
  const bool ended = state && state->has_value() && !(*state)->running;
  if (ended && !command_.keeps_output()) {
    take_exit(ExitStatus{(*state)->exit_code, {}});
    return;
  }
  if (!ended && state && state->has_value() && !std::exchange(rewaited_, true)) {
    if (Result<std::unique_ptr<PendingExit>> again = command_.wait()) {
      connection_.exit = std::move(*again);
      return;
    }
  }
  if (command_.keeps_output() && (!state || state->has_value())) {
    seen_exit_ = ended ? std::optional((*state)->exit_code) : std::nullopt;
    if (output_state_ == OutputPump::State::ended) {
      connection_broke(error);
    } else {  // what has arrived is ours before the log is asked
      broken_ = error;
      drained_by_ = Clock::now() + kExitPatience;
    }
    return;
  }
  failure_ = connection_lost(error);
  if (state && !state->has_value()) {
    failure_->note("the container is gone; its exit code is not known");
  }
}

void AttachedRun::connection_broke(const Error& error) {
  if (reconnecting()) {
    return;
  }
  broken_.reset();
  // Bytes that are not the protocol would be the same once more.
  const bool can_help = command_.keeps_output() && error.id.empty();
  if (can_help && reconnections_++ < kReconnections) {
    reconnect_by_ = Clock::now() + options_.reconnect_limit;
    reconnect_at_ = Clock::now() + (reconnections_ > 1 ? kReconnectStep : milliseconds{0});
    connection_.exit.reset();
    exit_asked_at_.reset();
    detached_by_.reset();
    return;
  }
  output_failure_ = error;
  exit_by_ = Clock::now() + kExitPatience;
  output_state_ = OutputPump::State::ended;
  output_has_ended();
}

void AttachedRun::try_to_reconnect() {
  const Result<std::optional<ContainerState>> state = command_.state();
  if (state && !state->has_value() && seen_exit_.has_value()) {
    reconnect_by_.reset();  // removed meanwhile: there is nothing left to replay
    take_exit(ExitStatus{*seen_exit_, {}});
    return;
  }
  if (state && !state->has_value()) {
    failure_ = connection_lost(
        Error{Errc::engine_failed, "the engine is back, and the container is gone"});
    return;
  }
  const bool input_open = input_.has_value() && !input_->has_ended();
  Result<Connection> again = state ? command_.reopen((*state)->running, input_open)
                                   : Result<Connection>(Failure(state.error()));
  if (!again) {
    if (Clock::now() >= *reconnect_by_) {
      failure_ = connection_lost(again.error());
    } else {
      notice_once(engine_away_, "the engine went away: waiting for it");
      reconnect_at_ = Clock::now() + kReconnectStep;
    }
    return;
  }
  if (!(*state)->running && engine_away_ && !options_.survives_engine) {
    failure_ =
        connection_lost(Error{Errc::engine_failed, "the engine went away, and ended the command"});
    return;
  }
  ended_unseen_ = !(*state)->running && engine_away_;
  output_.replay(*again->output);
  if (again->input != nullptr) {
    input_->resume(*again->input);
    input_state_ = InputPump::State::input;
  }
  connection_ = std::move(*again);
  output_state_ = OutputPump::State::busy;
  reconnect_by_.reset();
  if (std::exchange(engine_away_, false)) {
    notice("the engine is back: the run goes on");
  }
  if (!(*state)->running) {
    take_exit(ExitStatus{(*state)->exit_code, {}});
  } else if (input_open) {
    enter_raw_mode();
  }
}

void AttachedRun::notice_once(bool& told, const std::string& text) {
  if (!std::exchange(told, true)) {
    raw_.reset();
    notice(text);
  }
}

Error AttachedRun::connection_lost(const Error& cause) const {
  Error error{Errc::engine_failed, "the connection to the engine was lost while the command ran"};
  error.id = "connection-lost";
  error.note(cause.message);
  error.notes.insert(error.notes.end(), cause.notes.begin(), cause.notes.end());
  if (options_.keep) {
    error.hint("`berth attach " + command_.container_id().substr(0, 12) +
               "` goes on where it was, once the engine is back");
  }
  return error;
}

void AttachedRun::fill_in(SessionOutcome& outcome) const {
  outcome.container_id = command_.container_id();
  outcome.oom_killed = oom_killed_;
  outcome.oom_counted = oom_counted_;
  outcome.peak_memory = peak_memory_;
  outcome.output_tails = {std::string(output_.tail(OutputStream::standard_error).text()),
                          std::string(output_.tail(OutputStream::standard_output).text())};
}

Result<SessionOutcome> AttachedRun::outcome() {
  if (failure_.has_value()) {
    return fail(*failure_);
  }
  if (ended_unseen_ && !leave_now_) {
    // What it printed in that time, nobody has.
    const int code = exit_code_.value_or(kUnknownExit);
    return fail(connection_lost(Error{
        Errc::engine_failed,
        code == kUnknownExit
            ? "the command ended while the engine was away, which does not know how"
            : fmt::format("the command ended with exit code {} while the engine was away; its "
                          "last output may be missing",
                          code)}));
  }
  if (output_failure_.has_value() && !leave_now_) {
    if (output_failure_->code == Errc::io) {
      return fail(*output_failure_);
    }
    return fail(
        connection_lost(*output_failure_)
            .note(fmt::format("the command ended with exit code {}; its last output may be missing",
                              exit_code_.value_or(0))));
  }
  SessionOutcome outcome;
  fill_in(outcome);
  outcome.exit_code = exit_code_.value_or(leaving_code_);
  outcome.cause = cause_.value_or(last_signal_ != 0 ? Cause::signal : Cause::command);
  switch (outcome.cause) {
    case Cause::timed_out:
      outcome.exit_code = kTimedOut;
      break;
    case Cause::output_closed:
      outcome.exit_code = kOutputClosed;
      break;
    case Cause::detached:
      outcome.exit_code = leaving_code_;
      break;
    case Cause::stopped:
      if (killed_ && exit_code_.value_or(kKilled) == kKilled) {
        outcome.exit_code = kSignalBase + last_signal_;
      }
      break;
    case Cause::command:
    case Cause::signal:
      break;
  }
  return outcome;
}

}  // namespace berth::runtime
