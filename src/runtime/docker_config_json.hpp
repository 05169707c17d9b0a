// Docker's own files, decoded: config.json, and the meta.json of a context.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "berth/base/result.hpp"
#include "berth/runtime/docker_config.hpp"

namespace berth::runtime {

// config.json in `folder`, without what variables add. Errc::invalid_input.
Result<DockerConfig> decode_docker_config(std::string_view text,
                                          const std::filesystem::path& folder);

// Without the folder of its TLS files. Errc::invalid_input; `what` names the file.
Result<DockerContext> decode_context(std::string_view meta, const std::string& what);

}  // namespace berth::runtime
