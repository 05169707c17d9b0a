// Sessions: the caller's standard streams connected to a command in a container, as if it were the
// command itself: run_attached() from create to its exit, attach_to_run() to one that runs already,
// exec_in_run() to another command beside it.
//
// Order of a run: create, attach, wait (acknowledged), start, resize; then bytes in both directions
// until the command has ended and its last byte is written. Output is byte-exact on the stream it
// came from; a slow reader slows the command down. Afterwards no container is left, whatever
// happened: the engine removes it (AutoRemove, which also holds when berth is killed), and the
// session makes sure of it on every path but `detached`.
//
// Signals: before start they cancel; afterwards they are passed on. The second INT stops the
// container (TERM, then KILL after the grace), the third INT or TERM leaves at once, and the
// container is killed behind us.
//
// A connection that breaks is told from the end of the command. Where the engine keeps the output
// (a log driver that can be read), the session waits for the engine to come back, as it does with
// live-restore, and goes on where it was.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/plan.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/signals.hpp"
#include "berth/runtime/supervision.hpp"

namespace berth::runtime {

struct SessionOptions {
  // The caller's streams. Standard input is read where `connect_stdin` and the container's own
  // input is open, put into raw mode where it has a terminal too and `raw` allows it.
  int stdin_fd = 0;
  int stdout_fd = 1;
  int stderr_fd = 2;
  bool connect_stdin = true;  // of attach and exec; a run's spec says it
  bool raw = true;            // false: NORAW, as docker has it
  std::string detach_keys{};  // "ctrl-p,ctrl-q"; empty: the engine's default
  std::optional<std::chrono::milliseconds> timeout{};  // of the command, from start
  std::chrono::milliseconds stop_grace{10'000};        // between TERM and KILL
  // How long an engine may keep a stream open and silent after the command has ended.
  std::chrono::milliseconds drain_limit{10'000};
  // How long an engine may take to remove an ended container by itself before it is asked to.
  std::chrono::milliseconds removal_limit{5'000};
  // How long to wait for an engine that went away while the command ran.
  std::chrono::milliseconds reconnect_limit{60'000};
  // false: signals end the session, by their default action, and the command runs on.
  bool pass_signals = true;
  // After a hangup or a lost engine the run goes on without us.
  bool keep = false;
  // A restart of the engine leaves its containers running (Docker's live-restore, Podman).
  bool survives_engine = false;
  // Removes the container at its end where the engine does not by itself (`keep`).
  bool remove_afterwards = false;
  // The streams go past the engine where it lets them. Used for one run.
  Supervision* supervision = nullptr;
  // false: when a supervisor has told the end, the engine is left to remove the container by
  // itself.
  bool waits_for_removal = true;
  // Sentences for the user, without newline: the engine's warnings, a timeout that was reached, …
  // Never called while the terminal is raw.
  std::function<void(std::string_view)> on_notice{};
  // The same, for those who want to know more (-v).
  std::function<void(std::string_view)> on_detail{};
  // The container exists; an error ends the run before it is started.
  std::function<Result<void>(const std::string& id)> on_created{};
  // The container runs.
  std::function<void(const std::string& id)> on_started{};
  // Nothing of the run is left, or it goes on as its owner wants: nobody needs to clean up.
  std::function<void(bool goes_on)> on_settled{};
  // The caller leaves at once: somebody else kills and removes the container. Without it the
  // session does it, which may take as long as the engine.
  std::function<void()> on_abandoned{};
};

struct SessionOutcome {
  enum class Cause {
    command,        // it ended by itself
    signal,         // it ended after HUP, INT, QUIT or TERM was passed on
    timed_out,      // exit_code is 124
    output_closed,  // nobody reads standard output or standard error any more: 141
    stopped,        // by a repeated INT or TERM; where it had to be killed, 128 + that signal
    detached,       // the container runs on: the detach keys were typed (0), or a signal ended us
  };
  int exit_code = 0;  // for berth to exit with
  Cause cause = Cause::command;
  std::string container_id{};
  // Whether the kernel killed it for its memory; absent where the engine could not say.
  std::optional<bool> oom_killed{};
  bool oom_counted = false;  // by the kernel itself, which misses none; an engine may
  // The highest memory use: the kernel's own figure, or what was seen; absent for runs shorter than
  // a look.
  std::optional<std::uint64_t> peak_memory{};
  // The end of standard error and of standard output.
  std::vector<std::string> output_tails{};
  std::chrono::system_clock::time_point started{};
  std::chrono::system_clock::time_point ended{};
  std::chrono::duration<double> took{};  // by the steady clock
};

// Errors (no container is left then either, unless `keep`):
//   Errc::interrupted                  a signal came before start
//   Errc::command_not_found, Errc::cannot_invoke, Errc::engine_failed   create or start was refused
//   Errc::engine_failed, id `connection-lost`   the connection broke while the command ran, for
//   good Errc::io                           our standard output cannot be written (disk full)
Result<SessionOutcome> run_attached(Engine& engine, const ContainerSpec& spec,
                                    const SessionOptions& options, SignalSource& signals);

// The output so far, as far as the engine kept it, and what follows, until the command ends: its
// exit code, also where it had ended before. Detach keys leave it running. The container is not
// removed. Errc::engine_failed, Errc::not_found as above.
Result<SessionOutcome> attach_to_run(Engine& engine, const ContainerState& run,
                                     const SessionOptions& options, SignalSource& signals);

// Another command in a running container. Signals reach it where the image has a shell; the run
// itself does not notice.
Result<SessionOutcome> exec_in_run(Engine& engine, const ContainerState& run, const ExecSpec& spec,
                                   const SessionOptions& options, SignalSource& signals);

// Creates and starts, and leaves the container running: its id. Errors as above.
Result<std::string> run_detached(Engine& engine, const ContainerSpec& spec,
                                 const SessionOptions& options, SignalSource& signals);

}  // namespace berth::runtime
