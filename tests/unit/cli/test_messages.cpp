#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/messages.hpp"
#include "support/catch.hpp"

using berth::Errc;
using berth::Error;
using berth::cli::Messages;
using berth::cli::Terminal;

TEST_CASE("an error is a line, its notes and its hints") {
  std::ostringstream stream;
  const Terminal plain(false, false, 80);
  Messages messages(stream, plain);
  messages.error(Error{Errc::not_found, "`x` is not there"}.note("looked in `y`").hint("`make x`"));
  REQUIRE(stream.str() == "error: `x` is not there\nnote: looked in `y`\nhint: `make x`\n");
}

TEST_CASE("quiet hides warnings and keeps errors") {
  std::ostringstream stream;
  const Terminal plain(false, false, 80);
  Messages messages(stream, plain);
  messages.set_quiet(true);
  messages.warning("w");
  messages.note("n");
  REQUIRE(stream.str().empty());
  messages.error(Error{Errc::io, "e"});
  REQUIRE(stream.str() == "error: e\n");
}

TEST_CASE("colour marks the label and nothing else") {
  std::ostringstream stream;
  const Terminal colored(true, true, 80);
  Messages(stream, colored).error(Error{Errc::io, "e"});
  REQUIRE(stream.str() == "\x1b[1;31merror:\x1b[0m e\n");
}

TEST_CASE("a terminal is never given control characters that others wrote") {
  std::ostringstream stream;
  const Terminal plain(false, false, 80);
  Messages messages(stream, plain);
  messages.error(Error{Errc::io, "a\x1b[2Jb"}
                     .note("c\rd\x07")
                     .hint("\xc2\x9b"
                           "31m"));
  messages.warning("tab\tand\nline stay, \x7f does not");
  REQUIRE(stream.str() ==
          "error: a\\x1b[2Jb\nnote: c\\x0dd\\x07\nhint: \\xc2\\x9b31m\n"
          "warning: tab\tand\nline stay, \\x7f does not\n");
}

TEST_CASE("an error document is JSON whatever bytes the message has") {
  Error error{Errc::engine_failed, "bad \xff byte"};
  const nlohmann::json document = nlohmann::json::parse(berth::cli::error_document(error));
  REQUIRE(document["schema"] == "berth/error/1");
  REQUIRE(document["error"]["code"] == "engine-failed");
  error.id = "connection-lost";
  REQUIRE(nlohmann::json::parse(berth::cli::error_document(error))["error"]["code"] ==
          "connection-lost");
}

namespace {

Terminal terminal_with(const std::map<std::string, std::string>& variables,
                       std::optional<bool> forced) {
  return Terminal::of(
      -1, forced, [variables](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
      });
}

bool colors(const Terminal& terminal) {
  return terminal.styled(berth::cli::Style::error, "x") != "x";
}

}  // namespace

TEST_CASE(
    "the option --color wins over NO_COLOR, that over FORCE_COLOR, that over what the stream is") {
  REQUIRE_FALSE(colors(terminal_with({}, std::nullopt)));
  REQUIRE(colors(terminal_with({{"FORCE_COLOR", "1"}}, std::nullopt)));
  REQUIRE_FALSE(colors(terminal_with({{"FORCE_COLOR", "1"}, {"NO_COLOR", "1"}}, std::nullopt)));
  REQUIRE(colors(terminal_with({{"NO_COLOR", "1"}}, true)));
  REQUIRE_FALSE(colors(terminal_with({{"CLICOLOR_FORCE", "1"}}, false)));
}
