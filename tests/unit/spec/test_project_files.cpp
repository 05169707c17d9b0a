// Locks, and several files in one project.
#include "support/catch.hpp"

#include <string>
#include <vector>

#include "memory_files.hpp"
#include "spec/lock_file.hpp"
#include "spec/project_files.hpp"

namespace berth::spec {

namespace {

using testing::Files;
using testing::message_of;
using testing::reader_of;
using testing::source;
using testing::texts;
using Lines = std::vector<std::string>;

ProjectFacts read(const Files& files) {
  Result<ProjectFacts> facts = read_project_files("/project", reader_of(files));
  INFO(message_of(facts));
  REQUIRE(facts.has_value());
  return std::move(*facts);
}

const std::string kPyproject =
    "[project]\nname = 'x'\nrequires-python = '>=3.10'\ndependencies = ['lightning', 'torch>=2']\n";

const std::string kUvLock =
    "version = 1\nrequires-python = '>=3.10'\n"
    "[[package]]\nname = 'x'\nversion = '0.1'\nsource = { virtual = '.' }\n"
    "dependencies = [{ name = 'lightning' }, { name = 'torch' }]\n"
    "[package.optional-dependencies]\nother = [{ name = 'jax' }]\n"
    "[[package]]\nname = 'lightning'\nversion = '2.3.0'\n"
    "dependencies = [{ name = 'numpy' }, { name = 'colorama', marker = \"sys_platform == 'win32'\" "
    "}]\n"
    "[[package]]\nname = 'torch'\nversion = '2.3.1+cu121'\n"
    "[[package]]\nname = 'numpy'\nversion = '1.26.4'\n"
    "[[package]]\nname = 'colorama'\nversion = '0.4.6'\n"
    "[[package]]\nname = 'jax'\nversion = '0.4.30'\n";

}  // namespace

TEST_CASE("uv.lock: its versions take the place of the ranges") {
  const ProjectFacts facts = read({{"pyproject.toml", kPyproject}, {"uv.lock", kUvLock}});
  REQUIRE(texts(facts.requirements) ==
          Lines{"lightning==2.3.0 @uv.lock:11", "torch==2.3.1+cu121 @uv.lock:15",
                "numpy==1.26.4 @uv.lock:18",
                "colorama==0.4.6; sys_platform == 'win32' @uv.lock:21"});
  REQUIRE(texts(facts.python_claims) == Lines{">=3.10 @pyproject.toml:3"});
}

TEST_CASE("uv.lock: a version for each platform keeps its marker") {
  const ProjectFacts facts = read(
      {{"uv.lock",
        "[[package]]\nname = 'x'\nsource = { editable = '.' }\ndependencies = [\n"
        "  { name = 'torch', version = '2.5.1', marker = \"sys_platform == 'darwin'\" },\n"
        "  { name = 'torch', version = '2.5.1+cu124', marker = \"sys_platform != 'darwin'\" },\n]\n"
        "[[package]]\nname = 'torch'\nversion = '2.5.1'\nresolution-markers = [\"sys_platform == "
        "'darwin'\"]\n"
        "[[package]]\nname = 'torch'\nversion = '2.5.1+cu124'\n"}});
  REQUIRE(facts.requirements.size() == 2);
  const pep508::Environment linux;
  REQUIRE_FALSE(facts.requirements[0].value.applies(linux));
  REQUIRE(facts.requirements[1].value.applies(linux));
  REQUIRE(facts.requirements[1].value.specifiers.text() == "==2.5.1+cu124");
}

TEST_CASE("a stale lock is not hidden") {
  Files files = {{"pyproject.toml", kPyproject}, {"uv.lock", kUvLock}};
  files["pyproject.toml"] = "[project]\ndependencies = ['torch>=2.4']\n";
  const ProjectFacts facts = read(files);
  const Lines lines = texts(facts.requirements);
  REQUIRE(lines.front() == "torch>=2.4 @pyproject.toml:2");
  REQUIRE(std::count(lines.begin(), lines.end(), "torch==2.3.1+cu121 @uv.lock:15") == 1);
}

TEST_CASE("a lock keeps the extras that were asked for") {
  const ProjectFacts facts =
      read({{"pyproject.toml", "[project]\ndependencies = ['jax[cuda12]']\n"},
            {"poetry.lock", "[[package]]\nname = 'jax'\nversion = '0.4.30'\n"}});
  REQUIRE(texts(facts.requirements) == Lines{"jax[cuda12]==0.4.30 @poetry.lock:2"});
}

TEST_CASE("poetry.lock: what the project's names reach") {
  const ProjectFacts facts =
      read({{"pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.10'\ntorch = '^2.0'\n"},
            {"poetry.lock",
             "[[package]]\nname = 'torch'\nversion = '2.3.1'\noptional = false\n"
             "[package.dependencies]\nNumPy = '*'\nopt = { version = '*', optional = true }\n"
             "triton = [{ version = '2.3.1', markers = \"platform_system == 'Linux'\" }]\n"
             "[[package]]\nname = 'numpy'\nversion = '1.26.4'\n"
             "[[package]]\nname = 'opt'\nversion = '1'\n"
             "[[package]]\nname = 'triton'\nversion = '2.3.1'\n"
             "[[package]]\nname = 'pytest'\nversion = '8.0'\n[package.dependencies]\njax = '*'\n"
             "[[package]]\nname = 'jax'\nversion = '0.4.30'\n"}});
  REQUIRE(texts(facts.requirements) ==
          Lines{"torch==2.3.1 @poetry.lock:2", "numpy==1.26.4 @poetry.lock:10",
                "triton==2.3.1; platform_system == 'Linux' @poetry.lock:16"});
}

TEST_CASE("a lock alone counts with its main group") {
  const ProjectFacts facts =
      read({{"poetry.lock",
             "[[package]]\nname = 'torch'\nversion = '2.3.1'\ngroups = ['main']\n"
             "[[package]]\nname = 'jax'\nversion = '0.4.30'\ngroups = ['dev']\n"
             "[[package]]\nname = 'tensorflow'\nversion = '2.16.1'\ncategory = 'dev'\n"}});
  REQUIRE(texts(facts.requirements) == Lines{"torch==2.3.1 @poetry.lock:2"});
}

TEST_CASE("locks: what is refused, and where") {
  struct Case {
    std::string content;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"package = 1\n", "uv.lock:1: `package` is no list"},
      {"[[package]]\nversion = '1'\n", "uv.lock:1: a [[package]] has no `name`"},
      {"[[package]]\nname = 'torch'\nversion = 'new'\n",
       "uv.lock:2: `torch` has the version `new`"},
      {"[[package]]\nname = 'a b'\nversion = '1'\n", "uv.lock:2: "},
      {"[[package]\n", "uv.lock:1: "},
      {"[[package]]\nname = ", "uv.lock:2: "},
  };
  for (const Case& c : cases) {
    INFO(c.content);
    const std::string message = message_of(read_uv_lock(source("uv.lock", c.content), {}));
    INFO(message);
    REQUIRE(message.find(c.expected) == 0);
  }
  REQUIRE(read_uv_lock(source("uv.lock", ""), {}).value().empty());
}

TEST_CASE("locks: a cycle of many packages ends") {
  std::string lock;
  for (int i = 0; i < 60; ++i) {
    lock += "[[package]]\nname = 'p" + std::to_string(i) + "'\nversion = '1'\ndependencies = [";
    for (int k = 0; k < 60; ++k) {
      lock += "{ name = 'p" + std::to_string(k) + "', marker = \"python_version > '3." +
              std::to_string(k) + "'\" },";
    }
    lock += "]\n";
  }
  const Result<std::vector<RequirementLine>> lines = read_uv_lock(source("uv.lock", lock), {});
  INFO(message_of(lines));
  REQUIRE(lines.has_value());
  REQUIRE(lines->size() == 60);
}

TEST_CASE("several files in one project: all lines hold") {
  const ProjectFacts facts =
      read({{"requirements.txt", "-c limits.txt\ntorch==2.3.1\n"},
            {"limits.txt", "torch<3\nscipy<2\n"},
            {"setup.cfg", "[options]\npython_requires = >=3.8\ninstall_requires = numpy\n"},
            {"environment.yml", "dependencies: [python=3.10, pytorch=2.1]\n"},
            {".python-version", "3.11\n"}});
  // torch==2.3.1 and torch==2.1.* exclude each other: both are kept, for the resolver to say so.
  REQUIRE(texts(facts.requirements) ==
          Lines{"torch==2.3.1 @requirements.txt:2", "numpy @setup.cfg:3",
                "torch==2.1.* @environment.yml:1", "torch<3 @limits.txt:1"});
  REQUIRE(texts(facts.python_claims) == Lines{">=3.8 @setup.cfg:2"});
  REQUIRE(texts(facts.python_choices) ==
          Lines{"==3.10.* @environment.yml:1", "==3.11.* @.python-version:1"});
}

TEST_CASE("a file that is read in two ways counts once") {
  const ProjectFacts facts =
      read({{"requirements.txt", "torch==2.3.1\n"},
            {"setup.cfg", "[options]\ninstall_requires = file: requirements.txt\n"}});
  REQUIRE(texts(facts.requirements) == Lines{"torch==2.3.1 @requirements.txt:1"});
}

TEST_CASE("two locks: uv's counts, and berth says so") {
  const ProjectFacts facts = read({{"uv.lock", kUvLock}, {"poetry.lock", ""}});
  REQUIRE(facts.warnings == Lines{"both uv.lock and poetry.lock are here: uv.lock counts"});
}

}  // namespace berth::spec
