// The Engine that speaks the Docker Engine API over HTTP: dockerd 20.10 and later, Podman's Docker
// API.
//
// Facts: API 1.41 to 1.51 (moby api/swagger.yaml of those versions); DOCKER_API_VERSION pins the
// version. Calls may be made from several threads; each takes a connection from a small pool.
// libcurl is initialised once per process, by the first engine that is made
// (runtime/curl_connection.cpp), and never torn down.
#pragma once

#include <chrono>
#include <memory>

#include "berth/base/result.hpp"
#include "berth/runtime/endpoint.hpp"
#include "berth/runtime/engine.hpp"

namespace spdlog {
class logger;
}

namespace berth::runtime {

// How long the engine may take; what takes longer is Errc::engine_unreachable. wait and pull have
// no limit once the engine has begun to answer: a pull ends early through its stop token.
struct EngineTimeouts {
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds ping{10'000};  // the first call: is anybody there
  std::chrono::milliseconds query{
      30'000};  // inspect, kill, resize, the acknowledgement of attach and wait
  // create, start, remove: copying a big image's layers (driver vfs) or a slow GPU hook takes
  // minutes.
  std::chrono::milliseconds action{600'000};
};

struct EngineOptions {
  EngineTimeouts timeouts{};
  // DOCKER_API_VERSION, DOCKER_CONFIG, DOCKER_AUTH_CONFIG, HOME, PATH.
  EnvironmentLookup environment = process_environment();
  // Ends facts, inspect_image and start with Errc::interrupted. Not create: a container whose id
  // nobody has heard could not be removed. Not what cleans up.
  std::stop_token stop{};
  // Ends, with the same error, what a session asks while its command runs: inspect, kill, resize,
  // stats. A caller in a hurry does not wait for an engine that hangs.
  std::stop_token leave{};
  // Told of every call at level debug: method, path, status, duration. Bodies and headers are never
  // written, since they can hold secrets. Must be safe for several threads. Absent: nobody is told.
  std::shared_ptr<spdlog::logger> log{};
};

// Connects lazily: the first call finds out whether an engine answers. The endpoint is an open one.
std::unique_ptr<Engine> make_docker_engine(Endpoint endpoint, EngineOptions options = {});

// find_endpoint(), open_endpoint() and make_docker_engine().
Result<std::unique_ptr<Engine>> open_engine(const EndpointQuery& query, EngineOptions options = {});

}  // namespace berth::runtime
