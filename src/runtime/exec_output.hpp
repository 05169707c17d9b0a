// The output of a command of exec, without the engine's own words in it.
#pragma once

#include <memory>
#include <string>

#include "berth/runtime/engine.hpp"

namespace berth::runtime {

// Engines tell that a command could not be started by a line in its output: Docker on standard
// output, Podman on standard error. Where the stream begins like that, it is held back to its end;
// if the exit code is one of a command that was not started, the line goes to `refusal` and nowhere
// else. A command's own output is passed on as it comes.
std::unique_ptr<AttachedStream> without_refusal(std::unique_ptr<AttachedStream> stream,
                                                Engine& engine, const std::string& exec_id,
                                                bool tty, std::shared_ptr<std::string> refusal);

}  // namespace berth::runtime
