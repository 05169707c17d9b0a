#include "berth/base/pip_variables.hpp"

#include "support/catch.hpp"

using berth::pip_variables_in;
using berth::with_pip_variables;

TEST_CASE("pip's variables are found where pip finds them, and nowhere else") {
  using Names = std::set<std::string>;
  CHECK(pip_variables_in("https://${USER}:${TOKEN_2}@host/${USER}") == Names{"TOKEN_2", "USER"});
  for (const char* text : {"", "$HOME", "${", "${}", "${home}", "${A", "${A-B}", "$ {A}"}) {
    CAPTURE(text);
    CHECK(pip_variables_in(text).empty());
  }
  CHECK(pip_variables_in("${${A}") == Names{"A"});
}

TEST_CASE("what is set is put in, once, and the rest stays") {
  const std::map<std::string, std::string> set{{"A", "${B}"}, {"B", "b"}, {"EMPTY", ""}};
  CHECK(with_pip_variables("x${A}y${B}${EMPTY}${C}$B${b}", set) == "x${B}yb${C}$B${b}");
  CHECK(with_pip_variables("${${B}", set) == "${b");
  CHECK(with_pip_variables("", set).empty());
}
