// What is sent to the engine about containers that are there: the bodies of POST /containers/…/exec
// and POST /exec/…/start, of POST /commit, the filter of GET /containers/json and /images/json.
// Source: moby api/swagger.yaml.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"

namespace berth::runtime {

// What is empty is left out. Errc::invalid_input where a text is not UTF-8.
Result<std::string> exec_body(const ExecSpec& spec);
std::string exec_start_body(bool tty);

// The configuration of an image that is made of a container. An empty list is sent as one, so that
// the container's own entry point does not become the image's. Errc::invalid_input where a text is
// not UTF-8.
Result<std::string> commit_body(const CommitSpec& spec);

// The query `filters` for containers or images that have all of these labels.
std::string label_filter(const std::vector<std::string>& labels);

}  // namespace berth::runtime
