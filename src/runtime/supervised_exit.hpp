// What the supervisor and berth tell each other, once it is connected (supervisor/protocol.hpp).
#pragma once

#include <memory>
#include <string>

#include "berth/base/file.hpp"
#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"
#include "runtime/attached_command.hpp"

namespace berth::runtime {

// The error of an exit that the supervisor did not tell, since it was killed itself: the engine
// knows.
inline constexpr const char* kSupervisorGone = "supervisor-gone";

// Makes the pipes, hands the supervisor its ends, and with that lets the command begin. `input`:
// with standard input. The exit is the supervisor's, `engine_exit` what is asked where it is gone.
Result<Connection> connect_supervisor(UniqueFd supervisor, bool input,
                                      std::unique_ptr<PendingExit> engine_exit);

// To its command; a name without SIG. Whether the supervisor is there to take it.
bool send_signal(int supervisor, const std::string& name);

}  // namespace berth::runtime
