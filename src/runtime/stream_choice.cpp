#include "berth/runtime/stream_choice.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

namespace berth::runtime {

Result<StreamChoice> choose_streams(TerminalMode mode, bool connect_stdin, bool stdin_terminal,
                                    bool stdout_terminal, std::string_view verb) {
  if (mode == TerminalMode::always && connect_stdin && !stdin_terminal) {
    return fail(Error{Errc::usage, "`-t` needs a terminal, and standard input is none"}
                    .hint(fmt::format(
                        "`berth {} -t -n …` gives the command a terminal without input", verb))
                    .hint(fmt::format("`berth {} --no-tty …` passes the input on as it is", verb)));
  }
  const bool by_itself =
      mode == TerminalMode::automatic && connect_stdin && stdin_terminal && stdout_terminal;
  return StreamChoice{mode == TerminalMode::always || by_itself, connect_stdin};
}

bool is_common_terminal(std::string_view term) {
  constexpr std::array<std::string_view, 9> kCommon = {
      "xterm", "xterm-256color", "screen", "screen-256color", "tmux", "tmux-256color",
      "linux", "vt100",          "dumb"};
  return std::find(kCommon.begin(), kCommon.end(), term) != kCommon.end();
}

}  // namespace berth::runtime
