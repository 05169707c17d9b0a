#include "cli/exit_code.hpp"
#include "support/catch.hpp"

using berth::Errc;
using berth::Error;
using berth::cli::exit_code_of;

TEST_CASE("a run answers failures of its own with 125, and keeps docker's 126 and 127") {
  for (const Errc code :
       {Errc::usage, Errc::invalid_input, Errc::not_found, Errc::no_solution,
        Errc::engine_unreachable, Errc::engine_failed, Errc::io, Errc::internal}) {
    INFO(berth::name_of(code));
    REQUIRE(exit_code_of(Error{code, ""}, true) == 125);
  }
  REQUIRE(exit_code_of(Error{Errc::cannot_invoke, ""}, true) == 126);
  REQUIRE(exit_code_of(Error{Errc::command_not_found, ""}, true) == 127);
}

TEST_CASE("other verbs tell usage, no solution and an absent engine apart") {
  REQUIRE(exit_code_of(Error{Errc::usage, ""}, false) == 2);
  REQUIRE(exit_code_of(Error{Errc::no_solution, ""}, false) == 3);
  REQUIRE(exit_code_of(Error{Errc::engine_unreachable, ""}, false) == 4);
  REQUIRE(exit_code_of(Error{Errc::engine_failed, ""}, false) == 1);
  REQUIRE(exit_code_of(Error{Errc::internal, ""}, false) == 70);
}

TEST_CASE("an interruption is 128 and the signal") {
  Error error{Errc::interrupted, ""};
  error.signal = 15;
  REQUIRE(exit_code_of(error, true) == 143);
  REQUIRE(exit_code_of(error, false) == 143);
}
