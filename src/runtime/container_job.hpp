// A container that runs to its end by itself: it is given its input, its output is passed on as it
// comes, its exit code is the result. For berth's own work (a trial, a build); a user's command is
// an AttachedRun.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/stream_frames.hpp"

namespace berth::runtime {

struct ContainerJob {
  std::string id{};     // of a container that was created and not started
  std::string input{};  // empty: its standard input is not open
  std::function<void(OutputStream, std::string_view bytes)> on_output{};
  std::optional<std::chrono::milliseconds> limit{};  // for all of it; absent: none
  std::stop_token stop{};
};

// The exit code. Errc::interrupted after a stop, Errc::engine_failed after the limit or where the
// connection breaks: the container may run on then, and is the caller's to remove.
Result<int> run_container_job(Engine& engine, const ContainerJob& job);

}  // namespace berth::runtime
