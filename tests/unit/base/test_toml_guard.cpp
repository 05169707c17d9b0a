// What toml++ does not survive is found before it parses, with its line, and nothing else is.
#include "berth/base/toml_guard.hpp"
#include "support/catch.hpp"

using berth::find_toml_trouble;

namespace {

std::string key_of_depth(unsigned dots) {
  std::string key = "a";
  for (unsigned i = 0; i < dots; ++i) {
    key += ".a";
  }
  return key;
}

}  // namespace

TEST_CASE("keys of endless depth are trouble, those that people write are not") {
  REQUIRE_FALSE(find_toml_trouble(key_of_depth(100) + " = 1\n"));
  const auto trouble = find_toml_trouble("[x]\n" + key_of_depth(101) + " = 1\n");
  REQUIRE(trouble);
  REQUIRE(trouble->line == 2);
  REQUIRE(trouble->text == "the key is nested more than 100 levels deep");
}

TEST_CASE("characters beyond ASCII are trouble outside of strings and comments") {
  REQUIRE(find_toml_trouble("größe = 1\n"));
  for (const char* text : {"a = \"größe\" # größe\n", "a = 'größe'\n", "a = \"\"\"\nö\n\"\"\"\n",
                           "\"ö\" = 1\n", "a = \"\\\"ö\"\n"}) {
    INFO(text);
    REQUIRE_FALSE(find_toml_trouble(text));
  }
  const auto after_text = find_toml_trouble("a = \"\"\"\n\n\"\"\"\nö");
  REQUIRE(after_text);
  REQUIRE(after_text->line == 4);
}
