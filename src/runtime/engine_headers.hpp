// Headers that a user wants with every request to the engine, for a gateway in front of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/docker_config.hpp"

namespace berth::runtime {

// "Name: value": those of DOCKER_CUSTOM_HEADERS (`custom`: CSV of NAME=VALUE) where it is set, else
// HttpHeaders of config.json; never those that HTTP itself or berth is responsible for, as
// User-Agent and Host. A header of config.json that cannot be sent is left out with a remark;
// Errc::invalid_input where `custom` is malformed.
// Source: docker/cli cli/command/cli.go, cli_options.go (withCustomHeadersFromEnv).
Result<std::vector<std::string>> engine_headers(DockerConfig& config,
                                                const std::optional<std::string>& custom);

// One line of comma-separated values, fields in double quotes where they hold a comma or a quote;
// absent where a quote is out of place.
std::optional<std::vector<std::string>> csv_fields(const std::string& line);

}  // namespace berth::runtime
