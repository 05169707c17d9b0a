// Env files.
#include "support/catch.hpp"

#include <string>
#include <utility>
#include <vector>

#include "memory_files.hpp"
#include "spec/env_file.hpp"

namespace berth::spec {

namespace {

using testing::message_of;
using testing::source;

Result<std::vector<EnvironmentVariable>> read_text(const std::string& content) {
  return read_env_file(source(".env", content), [](const std::string& name) {
    return name == "TOKEN" ? std::optional<std::string>("secret") : std::nullopt;
  });
}

}  // namespace

TEST_CASE("env files: values") {
  struct Case {
    std::string line;
    std::string value;
  };
  const std::vector<Case> cases = {
      {"A=1", "1"},
      {"A=", ""},
      {"  A=1", "1"},
      {"A=1\r\n", "1"},
      {"export A=1", "1"},
      {"export  A=1", "1"},
      {"A= spaced ", " spaced "},
      {"A=a=b", "a=b"},
      {"A=x # kept", "x # kept"},
      {"A=\"x y\"", "x y"},
      {"A=\"x\" # dropped", "x"},
      {"A=\"a\\nb\\t\\\"\\\\\\$\"", "a\nb\t\"\\$"},
      {"A=\"\\d\"", "\\d"},
      {"A='\\n $X'", "\\n $X"},
      {"A=''", ""},
      {"A=$HOME", "$HOME"},
      {"A=it's", "it's"},
  };
  for (const Case& c : cases) {
    INFO(c.line);
    const auto variables = read_text(c.line);
    INFO(message_of(variables));
    REQUIRE(variables.has_value());
    REQUIRE(variables->size() == 1);
    REQUIRE(variables->front().name == "A");
    REQUIRE(variables->front().value == c.value);
  }
}

TEST_CASE("env files: comments, order, origins and the caller's variables") {
  const auto variables = read_text("# x\n\nB=1\n  # y\nTOKEN\nABSENT\nB=2\n");
  REQUIRE(variables.has_value());
  REQUIRE(variables->size() == 3);
  REQUIRE(variables->at(0).origin.text == ".env:3");
  REQUIRE(variables->at(1).name == "TOKEN");
  REQUIRE_FALSE(variables->at(1).value.has_value());  // its value never enters a plan
  REQUIRE(variables->at(2).value == "2");
}

TEST_CASE("env files: what is refused, and where") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"A=1\n=2\n", ".env:2: `=2` names no variable"},
      {"A B=1\n", ".env:1: `A B=1` names no variable"},
      {"A =1\n", ".env:1: `A =1` names no variable"},
      {"A=\"x\n", ".env:1: the quote \" is not closed in this line"},
      {"A='x\n", ".env:1: the quote ' is not closed in this line"},
      {"A=\"x\\\"\n", ".env:1: the quote \" is not closed in this line"},
      {"A='x'y\n", ".env:1: `y` stands behind the closing quote"},
  };
  for (const auto& [content, expected] : cases) {
    INFO(content);
    const std::string message = message_of(read_text(content));
    INFO(message);
    REQUIRE(message.find(expected) == 0);
  }
}

}  // namespace berth::spec
