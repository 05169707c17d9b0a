// An error inside of a larger document; the form is that of docs/errors.md.
#pragma once

#include <nlohmann/json.hpp>

#include "berth/base/error.hpp"

namespace berth::cli {

nlohmann::ordered_json error_json(const Error& error);

}  // namespace berth::cli
