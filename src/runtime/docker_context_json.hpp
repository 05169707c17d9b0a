// The meta.json of a docker context.
#pragma once

#include <string>
#include <string_view>

#include "berth/base/result.hpp"
#include "berth/runtime/docker_config.hpp"

namespace berth::runtime {

// Without the folder of its TLS files. Errc::invalid_input; `what` names the file.
Result<DockerContext> decode_context(std::string_view meta, const std::string& what);

}  // namespace berth::runtime
