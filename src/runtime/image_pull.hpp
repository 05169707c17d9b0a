// POST /images/create: a pull, its progress and its errors.
#pragma once

#include <stop_token>
#include <string>

#include "berth/base/result.hpp"
#include "berth/runtime/docker_config.hpp"
#include "berth/runtime/engine.hpp"
#include "runtime/http_client.hpp"

namespace berth::runtime {

// `prefix` is the API version's path: "/v1.41".
Result<void> pull_image(const HttpClient& client, const std::string& prefix,
                        const std::string& reference, const std::string& platform,
                        const DockerConfig& config, const PullObserver& observer,
                        std::stop_token stop);

}  // namespace berth::runtime
