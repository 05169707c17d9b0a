#include "berth/base/printable.hpp"

#include <string>

#include "support/catch.hpp"

using berth::printable;

TEST_CASE("readable text stays as it is") {
  REQUIRE(printable("torch==2.3.1") == "torch==2.3.1");
  REQUIRE(printable("é … 𝄞") == "é … 𝄞");
  REQUIRE(printable("") == "");
}

TEST_CASE("what a terminal or JSON cannot take is spelled out") {
  REQUIRE(printable(std::string("a\0b", 3)) == "a\\x00b");
  REQUIRE(printable("\x1b[31m\n\t\x7f") == "\\x1b[31m\\x0a\\x09\\x7f");
  REQUIRE(printable("\xc2\x9b") == "\\xc2\\x9b");  // a control character of Latin-1
  REQUIRE(printable("\xff\xc3") == "\\xff\\xc3");  // no UTF-8, and cut off
  REQUIRE(printable("\xc0\xaf") == "\\xc0\\xaf");  // overlong
  REQUIRE(printable("\xe0\x80\xaf") == "\\xe0\\x80\\xaf");
  REQUIRE(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
  REQUIRE(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
}

TEST_CASE("long text is cut at a character") {
  REQUIRE(printable("abcdef", 4) == "abcd…");
  REQUIRE(printable("aaaé", 4) == "aaa…");
  REQUIRE(printable("abcd", 4) == "abcd");
}
