#include "berth/runtime/stream_choice.hpp"
#include "support/catch.hpp"

using berth::Errc;
using berth::TerminalMode;
using berth::runtime::choose_streams;
using berth::runtime::is_common_terminal;

TEST_CASE("a terminal by itself where both ends are one, and otherwise where it is asked for") {
  const auto tty = [](TerminalMode mode, bool connect, bool in, bool out) {
    return choose_streams(mode, connect, in, out, "exec").value().tty;
  };
  REQUIRE(tty(TerminalMode::automatic, true, true, true));
  REQUIRE_FALSE(tty(TerminalMode::automatic, true, false, true));
  REQUIRE_FALSE(tty(TerminalMode::automatic, true, true, false));
  REQUIRE_FALSE(tty(TerminalMode::automatic, false, true, true));
  REQUIRE_FALSE(tty(TerminalMode::never, true, true, true));
  REQUIRE(tty(TerminalMode::always, true, true, false));
  REQUIRE(tty(TerminalMode::always, false, false, false));
  REQUIRE_FALSE(choose_streams(TerminalMode::never, false, true, true, "exec")->open_stdin);
}

TEST_CASE("a terminal whose input is none is refused with the verb's own forms") {
  const berth::Error error =
      choose_streams(TerminalMode::always, true, false, true, "exec").error();
  REQUIRE(error.code == Errc::usage);
  REQUIRE(error.hints.front().find("`berth exec -t -n …`") == 0);
}

TEST_CASE("a terminal that images do not know is not named to them") {
  REQUIRE(is_common_terminal("xterm-256color"));
  REQUIRE_FALSE(is_common_terminal("xterm-kitty"));
  REQUIRE_FALSE(is_common_terminal(""));
}
