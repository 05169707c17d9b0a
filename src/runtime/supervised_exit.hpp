// What the supervisor and berth tell each other, once it is connected (supervisor/protocol.hpp).
#pragma once

#include <memory>
#include <string>

#include "berth/base/file.hpp"
#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"
#include "runtime/attached_command.hpp"
#include "runtime/pipe_stream.hpp"

namespace berth::runtime {

// The error of an exit that the supervisor did not tell, since it was killed itself: the engine
// knows.
inline constexpr const char* kSupervisorGone = "supervisor-gone";

// The command's standard streams. Made before the container, so that a lack of descriptors is known
// while the run can still do without a supervisor.
struct SupervisedPipes {
  Pipe output{};
  Pipe error{};
  Pipe input{};  // empty: it has none
};
Result<SupervisedPipes> make_supervised_pipes(bool input);

// Hands the supervisor its ends, and with that lets the command begin. The exit is the
// supervisor's, `engine_exit` what is asked where it is gone.
Result<Connection> connect_supervisor(UniqueFd supervisor, SupervisedPipes pipes,
                                      std::unique_ptr<PendingExit> engine_exit);

// To its command; a name without SIG. Whether the supervisor is there to take it.
bool send_signal(int supervisor, const std::string& name);

}  // namespace berth::runtime
