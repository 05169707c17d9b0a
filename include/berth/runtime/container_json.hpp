// POST /containers/create: its path and its body, as the engine gets it and `--dry-run` shows it.
#pragma once

#include <string>

#include "berth/base/result.hpp"
#include "berth/model/plan.hpp"

namespace berth::runtime {

// "/containers/create?name=…&platform=…", below the API version.
std::string create_path(const ContainerSpec& spec);

// JSON on one line, keys in a fixed order; what the spec leaves to the engine is left out. Bytes
// that are not UTF-8 show as U+FFFD: check_encodable() refuses them before anything is sent. The
// name and the platform are no part of the body: they go into the query.
std::string create_body(const ContainerSpec& spec);

// Errc::invalid_input, naming the value, where a text is not UTF-8 and so cannot be said in JSON.
Result<void> check_encodable(const ContainerSpec& spec);

}  // namespace berth::runtime
