// A folder that only the caller can enter, for a socket: its path is short enough for one.
#pragma once

#include <string>
#include <string_view>

#include "berth/base/result.hpp"

namespace berth::runtime {

// In $XDG_RUNTIME_DIR, $TMPDIR or /tmp, the first that will do. `socket` is the longest name that
// a socket in it is to have: "/engine.sock". Errc::io where there is no place.
Result<std::string> make_private_folder(std::string_view socket);

}  // namespace berth::runtime
