// Whether a command gets a terminal and standard input: one rule for `run`, `exec` and `attach`.
#pragma once

#include <string_view>

#include "berth/base/result.hpp"
#include "berth/model/request.hpp"

namespace berth::runtime {

struct StreamChoice {
  bool tty = false;
  bool open_stdin = true;
};

// A terminal where one is asked for, or by itself where input is connected and both standard input
// and output are terminals. Errc::usage where one is asked for and the input to be connected is
// none; `verb` is for its hints.
Result<StreamChoice> choose_streams(TerminalMode mode, bool connect_stdin, bool stdin_terminal,
                                    bool stdout_terminal, std::string_view verb);

// Whether every image knows a terminal by that name (Debian's ncurses-base), so that a command may
// have the caller's TERM; else the engine's `xterm` does.
bool is_common_terminal(std::string_view term);

}  // namespace berth::runtime
