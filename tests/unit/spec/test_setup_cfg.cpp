// setup.cfg and .python-version.
#include "support/catch.hpp"

#include <string>
#include <vector>

#include "memory_files.hpp"
#include "spec/python_version_file.hpp"
#include "spec/setup_cfg.hpp"

namespace berth::spec {

namespace {

using testing::message_of;
using testing::reader_of;
using testing::source;
using testing::texts;
using Lines = std::vector<std::string>;

Result<ProjectFacts> read_text(const std::string& content) {
  return read_setup_cfg(source("setup.cfg", content), reader_of({{"r.txt", "scipy\n"}}));
}

}  // namespace

TEST_CASE("setup.cfg: options that count") {
  struct Case {
    std::string content;
    Lines requirements;
    Lines python{};
  };
  const std::vector<Case> cases = {
      {"", {}},
      {"[metadata]\nname = x\ndescription =\n  a\n  b\n", {}},
      {"[options]\npython_requires = >=3.8\ninstall_requires =\n    torch>=2\n    # why\n\n"
       "    numpy ; python_version < '3.12'  # old\n[options.extras_require]\ndev =\n    jax\n",
       {"torch>=2 @setup.cfg:4", "numpy; python_version < '3.12' @setup.cfg:7"},
       {">=3.8 @setup.cfg:2"}},
      {"[options]\ninstall_requires: torch; numpy\n", {"torch @setup.cfg:2", "numpy @setup.cfg:2"}},
      {"[options]\ninstall_requires = torch ; sys_platform == 'linux'\n",
       {"torch; sys_platform == 'linux' @setup.cfg:2"}},
      {"[options]\ninstall_requires = file: r.txt\n", {"scipy @r.txt:1"}},
      {"[other]\ninstall_requires = torch\n", {}},
  };
  for (const Case& c : cases) {
    INFO(c.content);
    const Result<ProjectFacts> facts = read_text(c.content);
    INFO(message_of(facts));
    REQUIRE(facts.has_value());
    REQUIRE(texts(facts->requirements) == c.requirements);
    REQUIRE(texts(facts->python_claims) == c.python);
  }
}

TEST_CASE("setup.cfg: what is refused, and where") {
  struct Case {
    std::string content;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"[options\n", "setup.cfg:1: `[options` is not closed"},
      {"key = value\n", "setup.cfg:1: `key = value` is neither"},
      {"[options]\nnonsense\n", "setup.cfg:2: `nonsense` is neither"},
      {"[options]\ninstall_requires =\n  numpy\n  torch=2\n", "setup.cfg:4: "},
      {"[options]\npython_requires = new\n", "setup.cfg:2: `new` is no Python version"},
      {"[options]\ninstall_requires = file: absent.txt\n", "setup.cfg:2: cannot read `absent.txt`"},
  };
  for (const Case& c : cases) {
    INFO(c.content);
    const std::string message = message_of(read_text(c.content));
    INFO(message);
    REQUIRE(message.find(c.expected) == 0);
  }
}

TEST_CASE(".python-version") {
  struct Case {
    std::string content;
    Lines expected;
    std::size_t warnings = 0;
  };
  const std::vector<Case> cases = {
      {"3.11\n", {"==3.11.* @.python-version:1"}},
      {"\n# x\n3.11.4\n3.9\n", {"==3.11.* @.python-version:3"}},
      {"cpython-3.12\n", {"==3.12.* @.python-version:1"}},
      {">=3.9\n", {">=3.9 @.python-version:1"}},
      {"", {}},
      {"pypy3.9\n", {}, 1},
      {"my-environment\n", {}, 1},
  };
  for (const Case& c : cases) {
    INFO(c.content);
    const Result<ProjectFacts> facts =
        read_python_version_file(source(".python-version", c.content), reader_of({}));
    REQUIRE(facts.has_value());
    REQUIRE(texts(facts->python_choices) == c.expected);
    REQUIRE(facts->warnings.size() == c.warnings);
  }
}

}  // namespace berth::spec
