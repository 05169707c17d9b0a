#include "runtime/attached_command.hpp"

#include <poll.h>
#include <spdlog/fmt/fmt.h>

#include <array>
#include <utility>

#include "berth/base/text.hpp"
#include "runtime/supervised_exit.hpp"

namespace berth::runtime {

namespace {

// Reads what comes, and forgets it, until the end. Docker ends a command of exec whose caller
// leaves (moby daemon/exec.go), so the caller stays; not for ever.
void await_end(AttachedStream& stream) {
  constexpr int kLimitMilliseconds = 5'000;  // without a byte
  std::array<std::byte, 4096> buffer{};
  while (true) {
    const Result<AttachedStream::ReadResult> read = stream.read(buffer);
    if (!read || read->state == AttachedStream::ReadState::end) {
      return;
    }
    pollfd waiting{stream.poll_fd(), POLLIN, 0};
    if (read->state == AttachedStream::ReadState::would_block &&
        ::poll(&waiting, 1, kLimitMilliseconds) <= 0) {
      return;
    }
  }
}

}  // namespace

bool is_readable_log(const std::string& log_driver) {
  return log_driver != "none" && log_driver != "passthrough";
}

Result<void> ContainerCommand::signal(const std::string& name) {
  if (supervisor_ && send_signal(supervisor_.get(), name)) {
    return {};
  }
  return engine_.kill(id_, name);
}

Result<Connection> ContainerCommand::reopen(bool running, bool with_input) {
  Connection connection;
  LogOptions log;
  log.follow = running;
  BERTH_TRY(connection.output, engine_.logs(id_, log));
  if (!running) {
    return connection;
  }
  BERTH_TRY(connection.exit, wait());
  if (with_input) {
    AttachOptions input_only;
    input_only.stdin_stream = true;
    input_only.stdout_stream = false;
    input_only.stderr_stream = false;
    input_only.detach_keys = "";
    BERTH_TRY(connection.input, engine_.attach(id_, input_only));
  }
  return connection;
}

Result<std::unique_ptr<AttachedStream>> ContainerCommand::listen() {
  AttachOptions output_only;
  output_only.detach_keys = "";
  return engine_.attach(id_, output_only);
}

Result<std::optional<ContainerState>> ExecCommand::state() {
  const Result<ExecState> exec = engine_.inspect_exec(exec_id_);
  if (!exec && exec.error().code == Errc::not_found) {
    return std::optional<ContainerState>();
  }
  if (!exec) {
    return fail(exec.error());
  }
  ContainerState state;
  state.running = exec->running;
  state.exit_code = exec->exit_code;
  return std::optional<ContainerState>(std::move(state));
}

// The API has no signals for exec. A shell beside the command finds it and its children by a
// variable that only they have inherited. The last number of NSpid is a process's own where /proc
// is that of a namespace further out, as in nested containers.
Result<void> ExecCommand::signal(const std::string& name) {
  ExecSpec sender;
  sender.open_stdin = false;
  sender.user = user_;
  sender.command = {
      "sh", "-c",
      // Not grep alone: busybox's sees no further than the first NUL.
      fmt::format("for p in /proc/[0-9]*; do tr '\\0' '\\n' <\"$p/environ\" | grep -qxF {} || "
                  "continue; n=; "
                  "while read -r k v; do [ \"$k\" = NSpid: ] && n=${{v##*[!0-9]}}; done "
                  "<\"$p/status\"; kill -s {} \"${{n:-${{p#/proc/}}}}\"; done; true",
                  shell_quoted(marker_), name)};
  BERTH_TRY(const std::string exec_id, engine_.create_exec(container_id_, sender));
  BERTH_TRY(const std::unique_ptr<AttachedStream> stream, engine_.start_exec(exec_id, false));
  await_end(*stream);
  return {};
}

}  // namespace berth::runtime
