// The engine's errors as berth's: what was meant, the engine's own words in a note, and what to do.
#pragma once

#include <string>

#include "berth/base/error.hpp"
#include "runtime/http_client.hpp"

namespace berth::runtime {

// Any refusal: "the container cannot be created", the engine's message in a note. 404 is
// Errc::not_found.
Error engine_error(const HttpResponse& response, const std::string& what);

// A failed start, or a failed attach: Podman prepares the container then. Errc::command_not_found
// and cannot_invoke by the engine's words, as docker's own client tells them apart; GPU problems
// are Errc::engine_failed with the id `gpu-unavailable`, whatever words they contain.
Error start_error(const HttpResponse& response);

// A failed pull, from the last words of its stream or from an HTTP error.
Error pull_error(const std::string& message, const std::string& image, const std::string& registry);

}  // namespace berth::runtime
