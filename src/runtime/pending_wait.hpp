// A wait request in the background, and the descriptor that tells when it is over.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"
#include "runtime/http_client.hpp"

namespace berth::runtime {

// Sends `POST target` on a thread of its own and returns as soon as the engine has answered with
// headers, which is its word that an exit from now on will be reported. Where it has not within
// `acknowledgement`: Errc::engine_unreachable.
Result<std::unique_ptr<PendingExit>> begin_wait(const HttpClient& client, const std::string& target,
                                                std::chrono::milliseconds acknowledgement);

}  // namespace berth::runtime
