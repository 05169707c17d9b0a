// pyproject.toml, Poetry's constraints and Pipfile.
#include "support/catch.hpp"

#include <string>
#include <vector>

#include "memory_files.hpp"
#include "spec/poetry_constraint.hpp"
#include "spec/pyproject.hpp"

namespace berth::spec {

namespace {

using testing::Files;
using testing::message_of;
using testing::reader_of;
using testing::source;
using testing::texts;
using Lines = std::vector<std::string>;

ProjectFacts read(const std::string& content, const Files& others = {}) {
  Result<ProjectFacts> facts = read_pyproject(source("pyproject.toml", content), reader_of(others));
  INFO(message_of(facts));
  REQUIRE(facts.has_value());
  return std::move(*facts);
}

}  // namespace

TEST_CASE("pyproject.toml: PEP 621") {
  const ProjectFacts facts = read(
      "[project]\n"
      "name = 'x'\n"
      "requires-python = '>=3.9,<3.13'\n"
      "dependencies = [\n"
      "  'torch==2.3.1; sys_platform == \"linux\"',\n"
      "  'numpy',  # any\n"
      "]\n"
      "[project.optional-dependencies]\n"
      "jax = ['jax']\n"
      "[tool.uv.sources]\n"
      "torch = { index = 'pytorch-cu121' }\n"
      "[[tool.uv.index]]\n"
      "name = 'pytorch-cu121'\n");
  REQUIRE(texts(facts.requirements) ==
          Lines{"torch==2.3.1; sys_platform == \"linux\" @pyproject.toml:5",
                "numpy @pyproject.toml:6"});
  REQUIRE(texts(facts.python_claims) == Lines{">=3.9,<3.13 @pyproject.toml:3"});
  REQUIRE(facts.python_choices.empty());
}

TEST_CASE("pyproject.toml: files with nothing to say") {
  for (const std::string content :
       {"", "# only a comment", "[build-system]\nrequires = ['setuptools']",
        "[tool.black]\nline-length = 100"}) {
    INFO(content);
    const ProjectFacts facts = read(content);
    REQUIRE(facts.requirements.empty());
    REQUIRE(facts.python_claims.empty());
  }
}

TEST_CASE("pyproject.toml: dynamic dependencies of setuptools") {
  const ProjectFacts facts = read(
      "[project]\ndynamic = ['dependencies']\n"
      "[tool.setuptools.dynamic]\ndependencies = { file = ['reqs/base.txt'] }\n",
      {{"reqs/base.txt", "torch==2.3.1\n"}});
  REQUIRE(texts(facts.requirements) == Lines{"torch==2.3.1 @reqs/base.txt:1"});
}

TEST_CASE("pyproject.toml: Poetry") {
  const ProjectFacts facts = read(
      "[tool.poetry.dependencies]\n"
      "python = '^3.9'\n"
      "torch = '^2.1'\n"
      "numpy = { version = '~1.26', markers = \"platform_machine == 'x86_64'\", source = 'pypi' }\n"
      "jax = { version = '*', extras = ['cuda12'], python = '>=3.10' }\n"
      "scipy = { version = '1.11.*', optional = true }\n"
      "Pandas = [\n"
      "  { version = '<2', python = '<3.9' },\n"
      "  { version = '>=2', platform = 'linux' },\n"
      "]\n"
      "local = { path = '../local' }\n"
      "vision = { url = 'https://h/vision-0.16.0%2Bcu121-cp310-cp310-linux_x86_64.whl' }\n"
      "[tool.poetry.group.dev.dependencies]\n"
      "pytest = '*'\n");
  REQUIRE(texts(facts.python_claims) == Lines{">=3.9,<4 @pyproject.toml:2"});
  REQUIRE(texts(facts.requirements) ==
          Lines{
              "torch>=2.1,<3 @pyproject.toml:3",
              "numpy>=1.26,<1.27; (platform_machine == 'x86_64') @pyproject.toml:4",
              "jax[cuda12]; (python_version >= \"3.10\") @pyproject.toml:5",
              "Pandas<2; (python_version < \"3.9\") @pyproject.toml:8",
              "Pandas>=2; (sys_platform == \"linux\") @pyproject.toml:9",
              "local @pyproject.toml:11",
              "vision==0.16.0+cu121 @pyproject.toml:12",
          });
}

TEST_CASE("poetry constraints as PEP 440") {
  struct Case {
    std::string text;
    Lines expected;
  };
  const std::vector<Case> cases = {
      {"*", {""}},
      {"", {""}},
      {"^1.2.3", {">=1.2.3,<2"}},
      {"^0.2.3", {">=0.2.3,<0.3"}},
      {"^0.0.3", {">=0.0.3,<0.0.4"}},
      {"^0.0", {">=0.0,<0.1"}},
      {"^0", {">=0,<1"}},
      {"~1.2.3", {">=1.2.3,<1.3"}},
      {"~1.2", {">=1.2,<1.3"}},
      {"~1", {">=1,<2"}},
      {"1.2.*", {"==1.2.*"}},
      {"1.2.3", {"==1.2.3"}},
      {"==2.0.1+cu118", {"==2.0.1+cu118"}},
      {"~=2.1", {"~=2.1"}},
      {">= 2.0, < 3.0", {">=2.0,<3.0"}},
      {">=2.0 <3.0", {">=2.0,<3.0"}},
      {"!=2.1.*,>2", {"!=2.1.*,>2"}},
      {"^1.13 || ^2.0", {">=1.13,<2", ">=2.0,<3"}},
      {"<2|>3", {"<2", ">3"}},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const Result<Lines> alternatives = poetry_alternatives(c.text);
    INFO(message_of(alternatives));
    REQUIRE(alternatives.has_value());
    REQUIRE(*alternatives == c.expected);
  }
  for (const std::string bad :
       {"x", "^", "^x", ">=1.*", "1.2.3.4-", "^1 latest", "==", "99999999999999999999999"}) {
    INFO(bad);
    REQUIRE_FALSE(poetry_alternatives(bad).has_value());
  }
  REQUIRE(
      python_marker("^3.8 || 2.7.*").value() ==
      "(python_version >= \"3.8\" and python_version < \"4\") or (python_version == \"2.7.*\")");
  REQUIRE(python_marker(">=3.8.1").value() == "python_full_version >= \"3.8.1\"");
  REQUIRE(python_marker("*").value().empty());
}

TEST_CASE("pyproject.toml: several ranges are not merged silently") {
  const ProjectFacts facts =
      read("[tool.poetry.dependencies]\npython = '~2.7 || ^3.8'\ntorch = '^1.13 || ^2.0'\n");
  REQUIRE(texts(facts.requirements) == Lines{"torch @pyproject.toml:3"});
  REQUIRE(facts.python_claims.empty());
  REQUIRE(facts.warnings.size() == 2);
}

TEST_CASE("pyproject.toml: what is refused, and where") {
  struct Case {
    std::string content;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"[project\n", "pyproject.toml:1: "},
      {"[+Epackage]]\n", "pyproject.toml:1: "},  // fails an assertion of toml++ 3.3
      {"[project]\ndependencies = 'torch'\n",
       "pyproject.toml:2: `project.dependencies` is `torch`, expected a list"},
      {"[project]\ndependencies = [\n1]\n", "pyproject.toml:3: `project.dependencies` is `1`"},
      {"[project]\ndependencies = ['a',\n'torch=2']\n", "pyproject.toml:3: "},
      {"[project]\nrequires-python = 3.10\n", "pyproject.toml:2: `requires-python` is `3.1"},
      {"[project]\nrequires-python = 'three'\n", "pyproject.toml:2: `three` is no Python version"},
      {"[project]\nname='x'\nname='y'\n", "pyproject.toml:3: "},
      {"[tool.poetry.dependencies]\ntorch = 2.1\n", "pyproject.toml:2: `torch` is `2.1`"},
      {"[tool.poetry.dependencies]\ntorch = '^x'\n",
       "pyproject.toml:2: `torch`: `^x` is no version constraint"},
      {"[tool.poetry]\ndependencies = 3\n", "pyproject.toml:2: "},
      {"[tool.setuptools.dynamic]\ndependencies = {file = 'absent.txt'}\n",
       "pyproject.toml:2: cannot read `absent.txt`"},
      {"x = " + std::string(100000, '['), "pyproject.toml:1: "},
      {"x" + std::string(1, '\x7f') + "=1", "pyproject.toml:1: "},
      {"a = 1" + std::string(400, '0'), "pyproject.toml:1: "},
  };
  for (const Case& c : cases) {
    INFO(c.content.substr(0, 200));
    const std::string message =
        message_of(read_pyproject(source("pyproject.toml", c.content), reader_of({})));
    INFO(message);
    REQUIRE(message.find(c.expected) == 0);
  }
  std::string endless = "a";
  for (int i = 0; i < 200000; ++i) {
    endless += ".a";
  }
  for (const std::string& content :
       {endless + " = 1", "x = {" + endless + "=1}", "[" + endless + "]"}) {
    REQUIRE_FALSE(read_pyproject(source("pyproject.toml", content), reader_of({})).has_value());
  }
}

TEST_CASE("TOML: characters beyond ASCII belong into strings and comments") {
  const ProjectFacts facts = read(
      "# \xC3\xA9 ....\n[project]\ndescription = \"\"\"\n\xC3\xA9 \\\" = \xC3\xA9\n\"\"\"\n"
      "name = '\xC3\xA9\\'\nurl = \"\xC3\xA9\\\\\"  # \xC3\xA9\ndependencies = ['torch']\n");
  REQUIRE(texts(facts.requirements) == Lines{"torch @pyproject.toml:8"});
  const std::string message = message_of(
      read_pyproject(source("pyproject.toml", "a = '''\n'''\n\xC6\x8C = 1\n"), reader_of({})));
  REQUIRE_FALSE(
      read_pyproject(source("pyproject.toml", "a = 2'1\xCA\x9F"), reader_of({})).has_value());
  REQUIRE(message == "pyproject.toml:3: a character beyond ASCII stands outside of quotes");
}

TEST_CASE("Pipfile") {
  const Result<ProjectFacts> facts = read_pipfile(
      source("Pipfile",
             "[packages]\ntorch = '==2.3.1'\nnumpy = '*'\n[dev-packages]\npytest = '*'\n"
             "[requires]\npython_version = '3.10'\n"),
      reader_of({}));
  REQUIRE(facts.has_value());
  REQUIRE(texts(facts->requirements) == Lines{"torch==2.3.1 @Pipfile:2", "numpy @Pipfile:3"});
  REQUIRE(texts(facts->python_choices) == Lines{"==3.10.* @Pipfile:7"});
}

}  // namespace berth::spec
