// The loop of an attached run. What ends it: the exit is known and the output has ended; or an
// error; or a third interrupt. Everything else (timeouts, signals, closed outputs) only makes the
// container end sooner.
#include "runtime/attached_run.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace berth::runtime {

namespace {

using std::chrono::milliseconds;

constexpr int kTimedOut = 124;      // as timeout(1)
constexpr int kOutputClosed = 141;  // 128 + SIGPIPE
constexpr int kKilled = 137;
constexpr int kSignalBase = 128;
constexpr int kResizeAttempts = 10;  // at 10, 20, … 100 ms, as docker's client has it
constexpr milliseconds kResizeStep{10};
constexpr milliseconds kForegroundStep{250};
constexpr milliseconds kDetachPatience{1000};  // a stream may end a moment before the exit is known
constexpr milliseconds kExitPatience{3000};    // after a broken stream
constexpr milliseconds kKillPatience{15000};   // a process in a driver call may survive KILL

}  // namespace

AttachedRun::AttachedRun(Engine& engine, const ContainerSpec& spec, const SessionOptions& options,
                         SignalSource& signals, std::string id,
                         std::unique_ptr<AttachedStream> stream,
                         std::unique_ptr<PendingExit> pending_exit)
    : engine_(engine),
      spec_(spec),
      options_(options),
      signals_(signals),
      id_(std::move(id)),
      stream_(std::move(stream)),
      pending_exit_(std::move(pending_exit)),
      standard_output_(options.stdout_fd),
      standard_error_(options.stderr_fd),
      output_(*stream_, !spec.tty, standard_output_, standard_error_) {
  if (spec.open_stdin) {
    input_.emplace(options.stdin_fd, *stream_);
    input_state_ = InputPump::State::input;
  }
}

Result<SessionOutcome> AttachedRun::run() {
  if (options_.timeout.has_value()) {
    timeout_at_ = Clock::now() + *options_.timeout;
  }
  enter_raw_mode();
  resize();
  while (true) {
    pump();
    if (finished()) {
      break;
    }
    wait_for_event();
    take_signals();
    meet_deadlines();
  }
  raw_.reset();
  flush_notices();
  return outcome();
}

bool AttachedRun::finished() const {
  const bool complete = exit_code_.has_value() && output_state_ == OutputPump::State::ended;
  return complete || leave_now_ || failure_.has_value();
}

void AttachedRun::enter_raw_mode() {
  if (!spec_.tty || !input_.has_value() || !input_->is_terminal()) {
    return;
  }
  Result<RawTerminal> raw = RawTerminal::enter(options_.stdin_fd);
  if (raw) {
    raw_.emplace(std::move(*raw));
  } else {
    notice(raw.error().message);
  }
}

void AttachedRun::pump() {
  if (input_state_ != InputPump::State::ended && !exit_code_.has_value()) {
    input_state_ = input_->advance(input_readable_);
    foreground_at_.reset();
    if (input_state_ == InputPump::State::background) {
      foreground_at_ = Clock::now() + kForegroundStep;
    }
  }
  input_readable_ = false;
  if (output_state_ == OutputPump::State::ended) {
    return;
  }
  const Result<OutputPump::State> state = output_.advance();
  check_sinks();
  if (!state) {
    output_failure_ = state.error();
    exit_by_ = Clock::now() + kExitPatience;
  }
  output_state_ = state.value_or(OutputPump::State::ended);
  if (output_state_ == OutputPump::State::ended) {
    output_has_ended();
  } else if (exit_code_.has_value() &&
             (output_.total() != drained_ || output_state_ == OutputPump::State::sink)) {
    drained_ = output_.total();
    drained_by_ = Clock::now() + options_.drain_limit;
  }
}

void AttachedRun::output_has_ended() {
  drained_by_.reset();
  input_state_ = InputPump::State::ended;
  raw_.reset();
  flush_notices();
  if (spec_.tty && spec_.open_stdin && !output_failure_.has_value() && !exit_code_.has_value()) {
    detached_by_ = Clock::now() + kDetachPatience;
  }
}

// The first failure of our own outputs stops the container: nobody is left to run for.
void AttachedRun::check_sinks() {
  if (cause_ == Cause::output_closed) {
    return;
  }
  for (const OutputSink* sink : {&standard_output_, &standard_error_}) {
    const int number = sink->error_number();
    if (number != 0 && number != EPIPE && !output_failure_.has_value()) {
      output_failure_ =
          Error{Errc::io, fmt::format("cannot write to standard {}: {}",
                                      sink == &standard_output_ ? "output" : "error",
                                      std::error_code(number, std::generic_category()).message())};
    }
    if (number != 0) {
      begin_stop(Cause::output_closed);
      return;
    }
  }
}

void AttachedRun::wait_for_event() {
  const int none = -1;  // poll(2) passes over it
  const bool output_open = output_state_ != OutputPump::State::ended;
  short stream_events = output_open && output_state_ == OutputPump::State::stream ? POLLIN : 0;
  if (input_state_ == InputPump::State::stream) {
    stream_events = static_cast<short>(stream_events | POLLOUT);
  }
  const bool sink_full = output_state_ == OutputPump::State::sink;
  const bool input_wanted = input_state_ == InputPump::State::input && !exit_code_.has_value();
  std::array<pollfd, 5> waiting{{
      {signals_.poll_fd(), POLLIN, 0},
      {pending_exit_ != nullptr ? pending_exit_->poll_fd() : none, POLLIN, 0},
      {output_open && stream_events != 0 ? stream_->poll_fd() : none, stream_events, 0},
      {sink_full ? output_.sink().poll_fd() : none, POLLOUT, 0},
      {input_wanted ? input_->poll_fd() : none, POLLIN, 0},
  }};
  if (::poll(waiting.data(), waiting.size(), poll_timeout()) <= 0) {
    return;
  }
  input_readable_ = waiting[4].revents != 0;
  if (waiting[1].revents != 0) {
    take_exit(std::exchange(pending_exit_, nullptr)->get());
  }
}

void AttachedRun::take_exit(Result<ExitStatus> status) {
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
  if (status->code != 0) {
    // Best effort: the engine removes the container while we ask.
    const Result<std::optional<ContainerState>> state = engine_.inspect_container(id_);
    if (state && state->has_value()) {
      oom_killed_ = (*state)->oom_killed;
    }
  }
  if (output_state_ != OutputPump::State::ended) {
    drained_ = output_.total();
    drained_by_ = Clock::now() + options_.drain_limit;
  }
}

// The wait was cut off. The container may have ended, or run on while only that connection broke.
void AttachedRun::recover_exit(const Error& error) {
  const Result<std::optional<ContainerState>> state = engine_.inspect_container(id_);
  if (state && state->has_value() && !(*state)->running) {
    take_exit(ExitStatus{(*state)->exit_code, {}});
    return;
  }
  if (state && state->has_value() && !std::exchange(rewaited_, true)) {
    Result<std::unique_ptr<PendingExit>> again = engine_.wait(id_, WaitCondition::next_exit);
    if (again) {
      pending_exit_ = std::move(*again);
      return;
    }
  }
  failure_ = connection_lost(error.message);
  if (state && !state->has_value()) {
    failure_->note("the container is gone; its exit code is not known");
  }
}

Error AttachedRun::connection_lost(const std::string& during) const {
  Error error{Errc::engine_failed, "the connection to the engine was lost while the command ran"};
  error.id = "connection-lost";
  error.note(during);
  return error;
}

void AttachedRun::take_signals() {
  while (const std::optional<int> number = signals_.next()) {
    handle_signal(*number);
  }
}

void AttachedRun::handle_signal(int number) {
  if (number == SIGWINCH) {
    resize_attempts_ = 0;
    resize();
    return;
  }
  interrupts_ += number == SIGINT ? 1 : 0;
  interrupts_or_terms_ += number == SIGINT || number == SIGTERM ? 1 : 0;
  if (is_terminating(number)) {
    last_signal_ = number;
  }
  constexpr int kStops = 2;
  constexpr int kLeaves = 3;
  if (interrupts_or_terms_ >= kLeaves) {
    cause_ = Cause::stopped;
    killed_ = true;
    leave_now_ = true;
    return;
  }
  if (number == SIGINT && interrupts_ == kStops) {
    notice("stopping the container; once more kills it");
    begin_stop(Cause::stopped);
    return;
  }
  // It may have ended a moment ago: then there is nothing to tell it.
  static_cast<void>(engine_.kill(id_, std::string(signal_name(number))));
}

void AttachedRun::begin_stop(Cause cause) {
  if (cause_.has_value() || exit_code_.has_value()) {
    return;
  }
  cause_ = cause;
  static_cast<void>(engine_.kill(id_, "TERM"));
  kill_at_ = Clock::now() + options_.stop_grace;
}

void AttachedRun::kill_container() {
  killed_ = true;
  static_cast<void>(engine_.kill(id_, "KILL"));
  give_up_at_ = Clock::now() + kKillPatience;
}

void AttachedRun::resize() {
  const std::optional<ContainerSpec::ConsoleSize> size =
      spec_.tty ? terminal_size(options_.stdout_fd) : std::nullopt;
  resize_at_.reset();
  if (!size.has_value() || engine_.resize(id_, *size)) {
    return;
  }
  if (++resize_attempts_ > kResizeAttempts) {
    notice("the engine could not set the terminal's size");
    return;
  }
  resize_at_ = Clock::now() + resize_attempts_ * kResizeStep;
}

std::vector<std::optional<AttachedRun::Clock::time_point>*> AttachedRun::deadlines() {
  return {&timeout_at_, &kill_at_, &give_up_at_,  &resize_at_,
          &drained_by_, &exit_by_, &detached_by_, &foreground_at_};
}

int AttachedRun::poll_timeout() {
  if (output_state_ == OutputPump::State::busy) {
    return 0;
  }
  std::optional<Clock::time_point> first;
  for (const std::optional<Clock::time_point>* deadline : deadlines()) {
    if (deadline->has_value() && (!first.has_value() || **deadline < *first)) {
      first = **deadline;
    }
  }
  if (!first.has_value()) {
    return -1;
  }
  constexpr milliseconds kLongest{3'600'000};
  const auto left = std::chrono::ceil<milliseconds>(*first - Clock::now());
  return static_cast<int>(std::clamp(left, milliseconds{0}, kLongest).count());
}

void AttachedRun::meet_deadlines() {
  const Clock::time_point now = Clock::now();
  const auto met = [now](std::optional<Clock::time_point>& deadline) {
    if (!deadline.has_value() || *deadline > now) {
      return false;
    }
    deadline.reset();
    return true;
  };
  if (met(timeout_at_) && !exit_code_.has_value()) {
    notice("the command's time is over: stopping it");
    begin_stop(Cause::timed_out);
  }
  if (met(kill_at_) && !exit_code_.has_value()) {
    kill_container();
  }
  if (met(give_up_at_) && !exit_code_.has_value()) {
    failure_ = Error{Errc::engine_failed, "the container does not end although it was killed"}
                   .note("a process that waits for a device cannot be killed")
                   .hint("`docker rm -f " + id_ + "`");
  }
  if (met(resize_at_)) {
    resize();
  }
  if (met(drained_by_)) {
    output_state_ = OutputPump::State::ended;
    output_has_ended();
  }
  if (met(exit_by_) && !exit_code_.has_value()) {
    failure_ = connection_lost(output_failure_.value_or(Error{}).message);
  }
  if (met(detached_by_) && !exit_code_.has_value()) {
    look_for_detachment();
  }
}

// With a terminal, the output of a running container ends when its detach keys are typed.
void AttachedRun::look_for_detachment() {
  const Result<std::optional<ContainerState>> state = engine_.inspect_container(id_);
  if (state && state->has_value() && (*state)->running) {
    cause_ = Cause::detached;
    leave_now_ = true;
  }
}

void AttachedRun::notice(const std::string& text) {
  notices_.push_back(text);
  if (!raw_.has_value()) {
    flush_notices();
  }
}

void AttachedRun::flush_notices() {
  for (const std::string& text : std::exchange(notices_, {})) {
    if (options_.on_notice) {
      options_.on_notice(text);
    }
  }
}

Result<SessionOutcome> AttachedRun::outcome() {
  if (failure_.has_value()) {
    return fail(*failure_);
  }
  if (output_failure_.has_value() && !leave_now_) {
    if (output_failure_->code == Errc::io) {
      return fail(*output_failure_);
    }
    return fail(
        connection_lost(output_failure_->message)
            .note(fmt::format("the command ended with exit code {}; its last output may be missing",
                              exit_code_.value_or(0))));
  }
  SessionOutcome outcome;
  outcome.container_id = id_;
  outcome.oom_killed = oom_killed_;
  outcome.exit_code = exit_code_.value_or(kSignalBase + last_signal_);
  outcome.cause = cause_.value_or(last_signal_ != 0 ? Cause::signal : Cause::command);
  switch (outcome.cause) {
    case Cause::timed_out:
      outcome.exit_code = kTimedOut;
      break;
    case Cause::output_closed:
      outcome.exit_code = kOutputClosed;
      break;
    case Cause::detached:
      outcome.exit_code = 0;
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
