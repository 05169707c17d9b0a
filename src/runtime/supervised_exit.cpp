#include "runtime/supervised_exit.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "runtime/socket_io.hpp"
#include "supervisor/protocol.hpp"

namespace berth::runtime {

namespace {

class SupervisedExit final : public PendingExit {
 public:
  explicit SupervisedExit(UniqueFd supervisor) : supervisor_(std::move(supervisor)) {}

  int poll_fd() const override { return supervisor_.get(); }

  Result<ExitStatus> get() override {
    supervisor::Ending ending;
    pollfd told{supervisor_.get(), POLLIN, 0};
    while (::poll(&told, 1, -1) < 0 && errno == EINTR) {
    }
    if (::recv(supervisor_.get(), &ending, sizeof(ending), 0) != sizeof(ending)) {
      return fail(Error{Errc::engine_failed, "the supervisor ended before the command"}.named(
          kSupervisorGone));
    }
    ExitStatus status{.code = ending.exit_code};
    if (ending.oom_kills >= 0) {
      status.oom_killed = ending.oom_kills > 0;
    }
    if (ending.peak_memory > 0) {
      status.peak_memory = ending.peak_memory;
    }
    return status;
  }

 private:
  UniqueFd supervisor_;
};

Result<void> hand_over(int supervisor, const std::vector<int>& descriptors, bool input) {
  const supervisor::Streams streams{.input = input ? 1u : 0u};
  if (!send_descriptors(supervisor, std::as_bytes(std::span(&streams, 1)), descriptors)) {
    return fail(Errc::engine_failed, "the command's streams cannot be handed over: " +
                                         std::error_code(errno, std::generic_category()).message());
  }
  return {};
}

// 0: it has none.
int number_of(const std::string& name) {
  for (int number = 1; number < NSIG; ++number) {
    const char* const known = ::sigabbrev_np(number);
    if (known != nullptr && name == known) {
      return number;
    }
  }
  return 0;
}

}  // namespace

bool send_signal(int supervisor, const std::string& name) {
  const supervisor::Signal signal{.number = number_of(name)};
  return signal.number != 0 &&
         ::send(supervisor, &signal, sizeof(signal), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(signal);
}

Result<SupervisedPipes> make_supervised_pipes(bool input) {
  SupervisedPipes pipes;
  BERTH_TRY(pipes.output, make_pipe(PipeEnd::reading));
  BERTH_TRY(pipes.error, make_pipe(PipeEnd::reading));
  if (input) {
    BERTH_TRY(pipes.input, make_pipe(PipeEnd::writing));
  }
  return pipes;
}

Result<Connection> connect_supervisor(UniqueFd supervisor, SupervisedPipes pipes,
                                      std::unique_ptr<PendingExit> engine_exit) {
  Connection connection;
  std::vector<int> descriptors{pipes.output.writing.get(), pipes.error.writing.get()};
  const bool input = static_cast<bool>(pipes.input.reading);
  if (input) {
    descriptors.push_back(pipes.input.reading.get());
    connection.input = std::make_unique<PipeStream>(std::move(pipes.input.writing));
  }
  BERTH_CHECK(hand_over(supervisor.get(), descriptors, input));
  connection.output = std::make_unique<PipeStream>(std::move(pipes.output.reading));
  connection.error = std::make_unique<PipeStream>(std::move(pipes.error.reading));
  connection.supervisor = UniqueFd(::fcntl(supervisor.get(), F_DUPFD_CLOEXEC, 0));
  connection.exit = std::make_unique<SupervisedExit>(std::move(supervisor));
  connection.engine_exit = std::move(engine_exit);
  return connection;
}

}  // namespace berth::runtime
