// The body of POST /containers/create, as the engine gets it and `--dry-run` shows it.
#pragma once

#include <string>

#include "berth/base/result.hpp"
#include "berth/model/plan.hpp"

namespace berth::runtime {

// JSON on one line, keys in a fixed order; what the spec leaves to the engine is left out. Bytes
// that are not UTF-8 show as U+FFFD: check_encodable() refuses them before anything is sent. The
// name is no part of the body: it goes into the query.
std::string create_body(const ContainerSpec& spec);

// Errc::invalid_input, naming the value, where a text is not UTF-8 and so cannot be said in JSON.
Result<void> check_encodable(const ContainerSpec& spec);

}  // namespace berth::runtime
