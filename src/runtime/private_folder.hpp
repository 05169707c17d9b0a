// A folder that only the caller can enter, for sockets: its path is short enough for one. In
// $XDG_RUNTIME_DIR, $TMPDIR or /tmp, the first that will do.
//
// `longest` is the longest name that something in it is to have: "/engine.sock". Errc::io where
// there is no place.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "berth/base/result.hpp"

namespace berth::runtime {

Result<std::string> make_private_folder(std::string_view longest);

// One whose name follows from the run's id, so that whoever knows that can clear it up:
// remove_run_folder() takes these files and the folder away, wherever it is.
Result<std::string> make_run_folder(const std::string& run_id, std::string_view longest);
void remove_run_folder(const std::string& run_id, std::initializer_list<std::string_view> files);

}  // namespace berth::runtime
