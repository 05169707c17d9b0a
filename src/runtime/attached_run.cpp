// The loop of a session. What ends it: the exit is known and the output has ended; or an error; or
// a third interrupt. Everything else (timeouts, signals, closed outputs) only makes the command end
// sooner.
#include "runtime/attached_run.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

namespace berth::runtime {

namespace {

using std::chrono::milliseconds;

constexpr int kSignalBase = 128;
constexpr int kResizeAttempts = 10;  // at 10, 20, … 100 ms, as docker's client has it
constexpr milliseconds kResizeStep{10};
constexpr milliseconds kForegroundStep{250};
constexpr milliseconds kKillPatience{15000};  // a process in a driver call may survive KILL
// Enough for a framework's last words; where the output may have to be replayed, also for what an
// engine may lose: what lies in its pipes and buffers.
constexpr std::size_t kLastWords = 16u << 10;
constexpr std::size_t kReplayWindow = 256u << 10;

}  // namespace

AttachedRun::AttachedRun(AttachedCommand& command, Connection connection, bool tty, bool input,
                         const SessionOptions& options, SignalSource& signals)
    : command_(command),
      tty_(tty),
      options_(options),
      signals_(signals),
      connection_(std::move(connection)),
      output_(connection_, tty, options.stdout_fd, options.stderr_fd,
              command.keeps_output() ? kReplayWindow : kLastWords) {
  if (input) {
    input_.emplace(options.stdin_fd, stream_of_input());
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

void AttachedRun::enter_raw_mode() {
  // In the background the terminal is not ours to change: the attempt would stop us (SIGTTOU).
  const bool ours = input_.has_value() && input_->is_terminal() && !input_->in_background();
  if (!tty_ || !options_.raw || !ours || raw_.has_value()) {
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
  if (reconnecting()) {
    return;
  }
  if (input_state_ != InputPump::State::ended && !exit_code_.has_value()) {
    const InputPump::State before = input_state_;
    input_state_ = input_->advance(input_readable_);
    foreground_at_.reset();
    if (input_state_ == InputPump::State::background) {
      foreground_at_ = Clock::now() + kForegroundStep;
    } else if (before == InputPump::State::background) {
      enter_raw_mode();
    }
  }
  input_readable_ = false;
  if (output_state_ == OutputPump::State::ended) {
    return;
  }
  const Result<OutputPump::State> state = output_.advance();
  check_sinks();
  if (!state) {
    connection_broke(state.error());
    return;
  }
  output_state_ = *state;
  if (output_state_ == OutputPump::State::ended) {
    output_has_ended();
  } else if (exit_code_.has_value() && output_state_ == OutputPump::State::sink) {
    drained_by_.reset();  // an engine may not stay silent for ever; our reader may take his time
  } else if (exit_code_.has_value() && (output_.total() != drained_ || !drained_by_.has_value())) {
    drained_ = output_.total();
    drained_by_ = Clock::now() + options_.drain_limit;
  }
}

void AttachedRun::wait_for_event() {
  const int none = -1;  // poll(2) passes over it
  const bool output_open = output_state_ != OutputPump::State::ended && !reconnecting();
  const bool input_wanted = input_state_ == InputPump::State::input && !exit_code_.has_value();
  const bool input_blocked = input_state_ == InputPump::State::stream && !exit_code_.has_value();
  constexpr std::size_t kExit = 1;
  constexpr std::size_t kInput = 2;
  constexpr std::size_t kSecondEar = 4;
  std::vector<pollfd> waiting{
      {signals_.poll_fd(), POLLIN, 0},
      {connection_.exit != nullptr ? connection_.exit->poll_fd() : none, POLLIN, 0},
      {input_wanted && !reconnecting() ? input_->poll_fd() : none, POLLIN, 0},
      {input_blocked ? stream_of_input().poll_fd() : none, POLLOUT, 0},
      {second_ear_ != nullptr ? second_ear_->poll_fd() : none, POLLIN, 0},
  };
  if (output_open) {
    output_.wait_on(waiting);
  }
  if (::poll(waiting.data(), waiting.size(), poll_timeout()) <= 0) {
    return;
  }
  input_readable_ = waiting[kInput].revents != 0;
  if (waiting[kSecondEar].revents != 0) {
    listen_again();
  }
  if (waiting[kExit].revents != 0) {
    take_exit(std::exchange(connection_.exit, nullptr)->get());
  }
}

AttachedStream& AttachedRun::stream_of_input() const {
  return connection_.input != nullptr ? *connection_.input : *connection_.output;
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
  if (number == SIGTSTP) {
    raw_.reset();  // the shell gets its terminal as it gave it
    ::raise(SIGSTOP);
    return;
  }
  if (number == SIGCONT) {
    enter_raw_mode();
    resize();
    return;
  }
  const bool hung_up = options_.keep && number == SIGHUP;
  if (hung_up || (!options_.pass_signals && is_terminating(number))) {
    leave(Cause::detached, kSignalBase + number);
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
    killed_ = true;
    leave(Cause::stopped, kSignalBase + number);
    return;
  }
  if (number == SIGINT && interrupts_ == kStops) {
    notice("stopping the container; once more kills it");
    begin_stop(Cause::stopped);
    return;
  }
  // It may have ended a moment ago: then there is nothing to tell it.
  static_cast<void>(command_.signal(std::string(signal_name(number))));
}

void AttachedRun::leave(Cause cause, int exit_code) {
  cause_ = cause;
  leaving_code_ = exit_code;
  leave_now_ = true;
}

void AttachedRun::begin_stop(Cause cause) {
  if (cause_.has_value() || exit_code_.has_value()) {
    return;
  }
  cause_ = cause;
  static_cast<void>(command_.signal("TERM"));
  kill_at_ = Clock::now() + options_.stop_grace;
}

void AttachedRun::kill_command() {
  killed_ = true;
  static_cast<void>(command_.signal("KILL"));
  give_up_at_ = Clock::now() + kKillPatience;
}

void AttachedRun::resize() {
  const std::optional<ContainerSpec::ConsoleSize> size =
      tty_ ? terminal_size(options_.stdout_fd) : std::nullopt;
  resize_at_.reset();
  if (!size.has_value() || command_.resize(*size)) {
    return;
  }
  if (++resize_attempts_ > kResizeAttempts) {
    notice("the engine could not set the terminal's size");
    return;
  }
  resize_at_ = Clock::now() + resize_attempts_ * kResizeStep;
}

std::vector<std::optional<AttachedRun::Clock::time_point>*> AttachedRun::deadlines() {
  return {&timeout_at_, &kill_at_,       &give_up_at_,  &resize_at_,    &drained_by_,
          &exit_by_,    &exit_asked_at_, &detached_by_, &reconnect_at_, &foreground_at_};
}

int AttachedRun::poll_timeout() {
  if (output_state_ == OutputPump::State::busy && !reconnecting()) {
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
    kill_command();
  }
  if (met(give_up_at_) && !exit_code_.has_value()) {
    failure_ = Error{Errc::engine_failed, "the container does not end although it was killed"}
                   .note("a process that waits for a device cannot be killed")
                   .hint("`docker rm -f " + command_.container_id() + "`");
  }
  if (met(resize_at_)) {
    resize();
  }
  if (met(drained_by_)) {
    output_state_ = OutputPump::State::ended;
    output_has_ended();
  }
  if (met(exit_by_) && !exit_code_.has_value()) {
    failure_ = connection_lost(output_failure_.value_or(Error{}));
  }
  if (met(exit_asked_at_) && !exit_code_.has_value()) {
    ask_for_exit();
  }
  if (met(detached_by_) && !exit_code_.has_value()) {
    look_for_detachment();
  }
  if (met(reconnect_at_)) {
    try_to_reconnect();
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

}  // namespace berth::runtime
