// The sessions: what comes before and behind the loop of AttachedRun; and no container left behind
// on any path.
#include "berth/runtime/session.hpp"

#include <poll.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "berth/runtime/gpu_support.hpp"
#include "berth/runtime/run_guard.hpp"
#include "berth/runtime/run_labels.hpp"
#include "runtime/attached_run.hpp"
#include "runtime/engine_error.hpp"
#include "runtime/exec_output.hpp"
#include "runtime/memory_watch.hpp"
#include "runtime/supervised_exit.hpp"
#include "supervisor/protocol.hpp"

namespace berth::runtime {

namespace {

using std::chrono::milliseconds;

// Of an error: the run can begin again without its supervisor.
constexpr const char* kCannotBeSupervised = "cannot-be-supervised";

// Waits while the engine removes a container by itself (AutoRemove), then sees to it: Docker
// refuses a removal that is already under way, and an engine may have been restarted in between.
// Whether it is known to be gone.
bool make_sure_it_is_gone(Engine& engine, const std::string& id, milliseconds limit) {
  constexpr milliseconds kFirstPause{5};
  constexpr milliseconds kLongestPause{100};
  milliseconds waited{0};
  for (milliseconds pause = kFirstPause; waited < limit;
       pause = std::min(pause * 2, kLongestPause)) {
    const Result<std::optional<ContainerState>> state = engine.inspect_container(id);
    if (!state || !state->has_value()) {
      return state.has_value();
    }
    std::this_thread::sleep_for(pause);
    waited += pause;
  }
  return engine.remove(id, true).has_value();
}

// The same, told by a wait that was begun before the start: looking again and again comes late, and
// gives an engine that removes something more to do.
bool hears_that_it_is_gone(PendingExit& removal, milliseconds limit) {
  pollfd told{removal.poll_fd(), POLLIN, 0};
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= milliseconds{0}) {
      return false;
    }
    const int ready = ::poll(&told, 1, static_cast<int>(left.count()));
    if (ready > 0) {
      const Result<ExitStatus> status = removal.get();
      return status && status->error.empty();
    }
    if (ready < 0 && errno != EINTR) {
      return false;
    }
  }
}

// Removes the container when it goes out of scope, and says so.
class ContainerGuard {
 public:
  ContainerGuard(Engine& engine, std::string id, const SessionOptions& options)
      : engine_(engine), id_(std::move(id)), options_(options) {}
  ContainerGuard(const ContainerGuard&) = delete;
  ContainerGuard& operator=(const ContainerGuard&) = delete;
  ~ContainerGuard() {
    if (released_) {
      return;
    }
    if (runs_) {
      // Podman's removal by force would ask with TERM first, and wait.
      static_cast<void>(engine_.kill(id_, "KILL"));
    }
    if (engine_.remove(id_, true) || make_sure_it_is_gone(engine_, id_, options_.removal_limit)) {
      settle();
    }
  }
  void release() { released_ = true; }
  // The command in it: it may run from here on; it has ended.
  void started() { runs_ = true; }
  void ended() { runs_ = false; }
  // Nothing is left, or it is left on purpose.
  void settle(bool goes_on = false) {
    released_ = true;
    if (options_.on_settled) {
      options_.on_settled(goes_on);
    }
  }

 private:
  Engine& engine_;
  std::string id_;
  const SessionOptions& options_;
  bool runs_ = false;
  bool released_ = false;
};

// A signal that asked to end before there was anything to pass it on to.
Result<void> check_interrupt(SignalSource& signals) {
  while (const std::optional<int> number = signals.next()) {
    if (is_terminating(*number)) {
      return fail(interrupted_by(*number));
    }
  }
  return {};
}

void tell_warnings(const CreatedContainer& container, const SessionOptions& options) {
  for (const std::string& warning : container.warnings) {
    if (options.on_notice) {
      options.on_notice("the engine warns: " + warning);
    }
  }
}

// With the container that was made, or the certainty that there is none.
Result<std::string> create(Engine& engine, const ContainerSpec& spec,
                           const SessionOptions& options) {
  Result<CreatedContainer> container = engine.create(spec);
  if (!container) {
    // An engine that answered has made nothing; one that broke off may have.
    if (container.error().code != Errc::engine_unreachable && options.on_settled) {
      options.on_settled(false);
    }
    return fail(std::move(container).error());
  }
  tell_warnings(*container, options);
  return std::move(container->id);
}

// Before start; its error ends the run.
Result<void> announce(const SessionOptions& options, const std::string& id) {
  return options.on_created ? options.on_created(id) : Result<void>();
}

// Without a terminal every byte of the input is the command's.
std::optional<std::string> detach_keys(const SessionOptions& options, bool tty) {
  if (!tty) {
    return "";
  }
  return options.detach_keys.empty() ? std::nullopt : std::optional(options.detach_keys);
}

// Runs the loop, and notes its times.
Result<SessionOutcome> follow(AttachedRun& run) {
  const auto began = std::chrono::steady_clock::now();
  const auto started = std::chrono::system_clock::now();
  Result<SessionOutcome> outcome = run.run();
  if (outcome) {
    outcome->started = started;
    outcome->ended = std::chrono::system_clock::now();
    outcome->took = std::chrono::steady_clock::now() - began;
  }
  return outcome;
}

// What becomes of the container once its session is over. `removal` tells of the engine's own;
// null: nobody waits for that.
void part(Engine& engine, const SessionOptions& options, const std::string& id,
          PendingExit* removal, const AttachedRun& run, const Result<SessionOutcome>& outcome,
          ContainerGuard& guard) {
  using Cause = SessionOutcome::Cause;
  if (run.left_at_once() && options.on_abandoned) {
    guard.release();
    options.on_abandoned();
    return;
  }
  if (outcome && !run.left_at_once()) {
    guard.ended();
  }
  const bool goes_on = (outcome && outcome->cause == Cause::detached) || (!outcome && options.keep);
  if (goes_on) {
    guard.settle(true);
    return;
  }
  if (!outcome || outcome->cause == Cause::stopped || options.remove_afterwards) {
    return;  // the guard's
  }
  // Without one to wait for it stays, or the engine removes it in a moment.
  if (removal == nullptr || hears_that_it_is_gone(*removal, options.removal_limit) ||
      make_sure_it_is_gone(engine, id, options.removal_limit)) {
    guard.settle();
  } else {
    guard.release();  // whoever watches over us looks after it
  }
}

// Both before start, so that neither the first byte nor a quick exit is missed.
Result<Connection> connect(Engine& engine, const std::string& id, const ContainerSpec& spec,
                           const SessionOptions& options) {
  Connection connection;
  AttachOptions attach;
  attach.stdin_stream = spec.open_stdin;
  attach.stdout_stream = spec.attach_stdout;
  attach.stderr_stream = spec.attach_stderr;
  attach.detach_keys = detach_keys(options, spec.tty);
  Result<std::unique_ptr<AttachedStream>> stream = engine.attach(id, attach);
  if (!stream) {
    return fail(explained_gpu_failure(std::move(stream).error()));
  }
  connection.output = std::move(*stream);
  BERTH_TRY(connection.exit, engine.wait(id, WaitCondition::next_exit));
  return connection;
}

void tell_detail(const SessionOptions& options, std::string_view detail) {
  if (options.on_detail) {
    options.on_detail(detail);
  }
}

// Before the command: the supervisor ended, and nothing was started.
Error not_supervised(const Result<ExitStatus>& exit) {
  Error error{Errc::engine_failed, "the container ended before the command began"};
  if (exit && exit->code == supervisor::kCannotSupervise) {
    error.id = kCannotBeSupervised;
  } else if (exit) {
    error.note(fmt::format("its exit code was {}", exit->code));
  } else {
    error.note(exit.error().message);
  }
  return error;
}

// Right after start: until the supervisor is at the door. So far a signal cancels the run.
Result<void> await_supervisor(const Supervision& supervision, PendingExit& exit,
                              SignalSource& signals) {
  constexpr int kPatience = 60'000;  // a machine that can hardly start a process
  std::array<pollfd, 3> waiting{{{supervision.listener(), POLLIN, 0},
                                 {exit.poll_fd(), POLLIN, 0},
                                 {signals.poll_fd(), POLLIN, 0}}};
  while (true) {
    const int ready = ::poll(waiting.data(), waiting.size(), kPatience);
    if (ready > 0 && waiting[0].revents != 0) {
      return {};
    }
    if (ready > 0 && waiting[1].revents != 0) {
      return fail(not_supervised(exit.get()));
    }
    if (ready == 0) {
      return fail(Errc::engine_failed, "the container does not begin its command");
    }
    BERTH_CHECK(check_interrupt(signals));
  }
}

// One container, from its creation to its removal. With `supervised` the supervisor is in it.
Result<SessionOutcome> run_container(Engine& engine, const ContainerSpec& spec,
                                     const SessionOptions& options, SignalSource& signals,
                                     SupervisedPipes* supervised) {
  BERTH_TRY(const std::string id, create(engine, spec, options));
  ContainerGuard guard(engine, id, options);
  BERTH_CHECK(announce(options, id));
  BERTH_CHECK(check_interrupt(signals));
  BERTH_TRY(Connection connection, connect(engine, id, spec, options));
  const bool waits_for_removal = options.waits_for_removal || supervised == nullptr;
  std::unique_ptr<PendingExit> removal;
  if (spec.auto_remove && waits_for_removal) {
    BERTH_TRY(removal, engine.wait(id, WaitCondition::removed));
  }
  BERTH_CHECK(check_interrupt(signals));
  guard.started();
  if (Result<void> started = engine.start(id); !started) {
    return fail(explained_gpu_failure(std::move(started).error()));
  }
  std::optional<MemoryWatch> memory;
  if (supervised != nullptr) {
    BERTH_CHECK(await_supervisor(*options.supervision, *connection.exit, signals));
    BERTH_TRY(connection, connect_supervisor(options.supervision->take_connection(),
                                             std::move(*supervised), std::move(connection.exit)));
  } else {
    memory.emplace(engine, id);
  }
  signals.hand_over();
  if (options.on_started) {
    options.on_started(id);
  }

  ContainerCommand command(engine, id, is_readable_log(spec.log_driver),
                           std::move(connection.supervisor));
  AttachedRun run(command, std::move(connection), spec.tty, spec.open_stdin, options, signals);
  Result<SessionOutcome> outcome = follow(run);
  if (outcome && memory) {
    outcome->peak_memory = memory->peak();
  }
  part(engine, options, id, removal.get(), run, outcome, guard);
  return outcome;
}

Error streams_taken() {
  return Error{Errc::engine_failed, "the run's output goes straight to the client that started it"}
      .note("nothing of it passes through the engine, where others could attach")
      .hint("`berth run --streams engine …` leaves it there; `--keep` and `-d` do so, too")
      .named("streams-taken");
}

// With a supervisor; nullopt where that cannot be, and nothing has run.
std::optional<Result<SessionOutcome>> run_supervised(Engine& engine, const ContainerSpec& spec,
                                                     const SessionOptions& options,
                                                     SignalSource& signals) {
  Result<SupervisedPipes> pipes = make_supervised_pipes(spec.open_stdin);
  if (!pipes) {
    tell_detail(options, pipes.error().message + ": the streams go through the engine");
    return std::nullopt;
  }
  Supervision& supervision = *options.supervision;
  std::optional<bool> settled;
  SessionOptions attempt = options;
  attempt.on_settled = [&settled](bool goes_on) { settled = goes_on; };
  Result<SessionOutcome> outcome =
      run_container(engine, supervision.container_of(spec), attempt, signals, &*pipes);
  if (!outcome &&
      (outcome.error().id == kCannotBeSupervised || supervision.is_blamed_in(outcome.error()))) {
    tell_detail(options, "the supervisor cannot work there: the streams go through the engine");
    return std::nullopt;
  }
  if (settled && options.on_settled) {
    options.on_settled(*settled);
  }
  return outcome;
}

}  // namespace

Result<SessionOutcome> run_attached(Engine& engine, const ContainerSpec& spec,
                                    const SessionOptions& options, SignalSource& signals) {
  BERTH_CHECK(check_interrupt(signals));
  if (options.supervision != nullptr) {
    if (std::optional<Result<SessionOutcome>> outcome =
            run_supervised(engine, spec, options, signals)) {
      return std::move(*outcome);
    }
  }
  return run_container(engine, spec, options, signals, nullptr);
}

Result<std::string> run_detached(Engine& engine, const ContainerSpec& spec,
                                 const SessionOptions& options, SignalSource& signals) {
  BERTH_CHECK(check_interrupt(signals));
  BERTH_TRY(std::string id, create(engine, spec, options));
  ContainerGuard guard(engine, id, options);
  BERTH_CHECK(announce(options, id));
  BERTH_CHECK(check_interrupt(signals));
  guard.started();
  if (Result<void> started = engine.start(id); !started) {
    return fail(explained_gpu_failure(std::move(started).error()));
  }
  signals.hand_over();
  guard.settle(true);
  return id;
}

Result<SessionOutcome> attach_to_run(Engine& engine, const ContainerState& run,
                                     const SessionOptions& options, SignalSource& signals) {
  BERTH_CHECK(check_interrupt(signals));
  if (run.running && run.labels.contains(kStreamsLabel)) {
    return fail(streams_taken());
  }
  const bool keeps_output = is_readable_log(run.log_driver);
  ContainerCommand command(engine, run.id, keeps_output);
  const bool input = run.running && run.open_stdin && options.connect_stdin;
  Connection connection;
  if (keeps_output && !(run.running && run.tty)) {
    // By the log alone: an engine's attach with its log loses or repeats what comes in between.
    BERTH_TRY(connection, command.reopen(run.running, input));
  } else if (run.running) {
    // With a terminal what has no line's end yet, a prompt, must be seen, which is in no log.
    AttachOptions attach;
    attach.stdin_stream = input;
    attach.logs = keeps_output;
    attach.detach_keys = detach_keys(options, run.tty);
    BERTH_TRY(connection.exit, command.wait());
    BERTH_TRY(connection.output, engine.attach(run.id, attach));
  } else {
    return fail(Error{Errc::not_found, "the run has ended, and its output was not kept"}
                    .note("its exit code was " + std::to_string(run.exit_code))
                    .hint("`berth inspect " + run.id.substr(0, 12) + "` shows its record"));
  }
  signals.hand_over();
  AttachedRun session(command, std::move(connection), run.tty, input, options, signals);
  Result<SessionOutcome> outcome = follow(session);
  if (session.left_at_once()) {
    static_cast<void>(engine.stop(run.id, "KILL", std::chrono::seconds(0)));
  }
  return outcome;
}

Result<SessionOutcome> exec_in_run(Engine& engine, const ContainerState& run, const ExecSpec& spec,
                                   const SessionOptions& options, SignalSource& signals) {
  BERTH_CHECK(check_interrupt(signals));
  // A variable that only this command and its children have.
  const std::string marker = "BERTH_EXEC_ID=" + make_run_id();
  ExecSpec marked = spec;
  marked.environment.push_back(marker);
  marked.detach_keys = options.detach_keys;
  BERTH_TRY(const std::string exec_id, engine.create_exec(run.id, marked));
  const std::shared_ptr<std::string> refusal = std::make_shared<std::string>();
  Connection connection;
  BERTH_TRY(std::unique_ptr<AttachedStream> output, engine.start_exec(exec_id, spec.tty));
  connection.output = without_refusal(std::move(output), engine, exec_id, spec.tty, refusal);
  signals.hand_over();
  ExecCommand command(engine, run.id, exec_id, marker, spec.user);
  AttachedRun session(command, std::move(connection), spec.tty, spec.open_stdin, options, signals);
  Result<SessionOutcome> outcome = follow(session);
  if (outcome && refusal->find("read escape sequence") != std::string::npos) {
    outcome->cause = SessionOutcome::Cause::detached;  // Docker's words for detach keys
    outcome->exit_code = 0;
    return outcome;
  }
  if (!refusal->empty()) {
    return fail(start_error({.status = 0, .body = *refusal}));
  }
  return outcome;
}

}  // namespace berth::runtime
