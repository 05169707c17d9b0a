#include <vector>

#include "berth/base/text.hpp"
#include "support/catch.hpp"

TEST_CASE("text: capitals and small letters are ASCII's alone") {
  REQUIRE(berth::raised("http_Proxy9") == "HTTP_PROXY9");
  REQUIRE(berth::lowered("HTTP_Proxy9") == "http_proxy9");
  REQUIRE(berth::raised("\xc3\xa4") == "\xc3\xa4");
}

TEST_CASE("a typing mistake finds its word, a different word does not") {
  const std::vector<std::string> verbs = {"run", "resolve", "doctor", "gpus", "catalog"};
  REQUIRE(berth::nearest("rnu", verbs) == "run");
  REQUIRE(berth::nearest("resovle", verbs) == "resolve");
  REQUIRE(berth::nearest("Doctr", verbs) == "doctor");
  REQUIRE_FALSE(berth::nearest("python", verbs));
  REQUIRE_FALSE(berth::nearest("", verbs));
  REQUIRE_FALSE(berth::nearest(std::string(1000, 'a'), verbs));
}

TEST_CASE("split and join are inverse") {
  REQUIRE(berth::split("a,,b", ',') == std::vector<std::string>{"a", "", "b"});
  REQUIRE(berth::split("", ',') == std::vector<std::string>{""});
  REQUIRE(berth::join(berth::split("x:y:", ':'), ":") == "x:y:");
}

TEST_CASE("shell quoting keeps every character") {
  REQUIRE(berth::shell_quoted("a-b_c/d.e=1") == "a-b_c/d.e=1");
  REQUIRE(berth::shell_quoted("") == "''");
  REQUIRE(berth::shell_quoted("it's $HOME") == "'it'\\''s $HOME'");
}

TEST_CASE("a word occurs, or none does") {
  CHECK(berth::contains_any("the disk is full", {"tape", "disk"}));
  CHECK_FALSE(berth::contains_any("the disk is full", {"tape", "drum"}));
  CHECK_FALSE(berth::contains_any("the disk is full", std::initializer_list<std::string_view>{}));
  CHECK(berth::contains_any("anything", {""}));
}
