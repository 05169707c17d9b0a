// run_attached(): one container from create to its exit, connected to the caller's standard streams
// like the command itself would be.
//
// Order: create, attach, wait (acknowledged), start, resize; then bytes in both directions until
// the command has ended and its last byte is written. Output is byte-exact on the stream it came
// from; a slow reader slows the command down. Afterwards no container is left, whatever happened:
// the engine removes it (AutoRemove, which also holds when berth is killed), and the session makes
// sure of it on every path but `detached`.
//
// Signals: before start they cancel; afterwards they are passed on. The second INT stops the
// container (TERM, then KILL after the grace), the third INT or TERM kills it and returns at once.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "berth/base/result.hpp"
#include "berth/model/plan.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/signals.hpp"

namespace berth::runtime {

struct SessionOptions {
  // The caller's streams. Standard input is read where spec.open_stdin is set, put into raw mode
  // where spec.tty is set too and it is a terminal.
  int stdin_fd = 0;
  int stdout_fd = 1;
  int stderr_fd = 2;
  std::optional<std::chrono::milliseconds> timeout{};  // of the command, from start
  std::chrono::milliseconds stop_grace{10'000};        // between TERM and KILL
  // How long an engine may keep a stream open and silent after the command has ended.
  std::chrono::milliseconds drain_limit{10'000};
  // How long an engine may take to remove an ended container by itself before it is asked to.
  std::chrono::milliseconds removal_limit{5'000};
  // Sentences for the user, without newline: the engine's warnings, a timeout that was reached, …
  // Never called while the terminal is raw.
  std::function<void(std::string_view)> on_notice{};
  // The container runs.
  std::function<void(const std::string& id)> on_started{};
};

struct SessionOutcome {
  enum class Cause {
    command,        // it ended by itself
    signal,         // it ended after HUP, INT, QUIT or TERM was passed on
    timed_out,      // exit_code is 124
    output_closed,  // nobody reads standard output or standard error any more: 141
    stopped,        // by a repeated INT or TERM; where it had to be killed, 128 + that signal
    detached,       // the engine's detach keys were typed: 0, and the container runs on
  };
  int exit_code = 0;  // for berth to exit with
  Cause cause = Cause::command;
  std::string container_id{};
  // Whether the kernel killed it for its memory; absent where the engine could not say.
  std::optional<bool> oom_killed{};
};

// Errors (no container is left then either):
//   Errc::interrupted                  a signal came before start
//   Errc::command_not_found, Errc::cannot_invoke, Errc::engine_failed   create or start was refused
//   Errc::engine_failed, id `connection-lost`   the connection broke while the command ran
//   Errc::io                           our standard output cannot be written (disk full)
Result<SessionOutcome> run_attached(Engine& engine, const ContainerSpec& spec,
                                    const SessionOptions& options, SignalSource& signals);

}  // namespace berth::runtime
