// requirements.txt: what counts, where it stands, and what is refused.
#include "support/catch.hpp"

#include <string>
#include <vector>

#include "memory_files.hpp"
#include "spec/requirements_txt.hpp"

namespace berth::spec {

namespace {

using testing::Files;
using testing::message_of;
using testing::reader_of;
using testing::source;
using testing::texts;
using Lines = std::vector<std::string>;

ProjectFacts read(const std::string& content, const Files& others = {}) {
  Result<ProjectFacts> facts =
      read_requirements_txt(source("requirements.txt", content), reader_of(others));
  INFO(message_of(facts));
  REQUIRE(facts.has_value());
  return std::move(*facts);
}

std::string refused(const std::string& content, const Files& others = {}) {
  return message_of(read_requirements_txt(source("requirements.txt", content), reader_of(others)));
}

}  // namespace

TEST_CASE("requirements.txt: lines and their origins") {
  struct Case {
    std::string content;
    Lines expected;
  };
  const std::vector<Case> cases = {
      {"", {}},
      {"\n\n# nothing\n   # indented\n", {}},
      {"torch==2.3.1", {"torch==2.3.1 @requirements.txt:1"}},
      {"torch==2.3.1\r\nnumpy\r\n",
       {"torch==2.3.1 @requirements.txt:1", "numpy @requirements.txt:2"}},
      {"torch==2.3.1 # pinned\n", {"torch==2.3.1 @requirements.txt:1"}},
      {"\ttorch == 2.3.1  \n", {"torch==2.3.1 @requirements.txt:1"}},
      {"torch==2.3.1 \\\n  --hash=sha256:aa \\\n  --hash=sha256:bb\nnumpy\n",
       {"torch==2.3.1 @requirements.txt:1", "numpy @requirements.txt:4"}},
      {"torch==1.9.0+cu111 -f https://download.pytorch.org/whl/torch_stable.html\n",
       {"torch==1.9.0+cu111 @requirements.txt:1"}},
      {"torch\\\n==2.3.1\njax", {"torch==2.3.1 @requirements.txt:1", "jax @requirements.txt:3"}},
      // A comment line ends what it interrupts.
      {"torch \\\n# why\nnumpy\n", {"torch @requirements.txt:1", "numpy @requirements.txt:3"}},
      {"torch\\", {"torch @requirements.txt:1"}},
      {"--index-url https://download.pytorch.org/whl/cu121\n-i x\n--pre\n-f=./wheels\ntorch\n",
       {"torch @requirements.txt:5"}},
      {"-e .\n-e ./src[dev]\n.\n../other\n/abs/path\ngit+https://${TOKEN}@host/x.git\n", {}},
      {"git+https://host/x.git@v1#egg=torch&subdirectory=y\n", {"torch @requirements.txt:1"}},
      {"-e git+ssh://git@host/x.git#egg=jax[cuda12]\n", {"jax[cuda12] @requirements.txt:1"}},
      {"https://download.pytorch.org/whl/cu118/"
       "torch-2.0.1%2Bcu118-cp310-cp310-linux_x86_64.whl\n",
       {"torch==2.0.1+cu118 @requirements.txt:1"}},
      {"./wheels/torch-2.1.0-cp310-cp310-linux_x86_64.whl ; python_version < \"3.11\"\n",
       {"torch==2.1.0; python_version < \"3.11\" @requirements.txt:1"}},
      {"torch @ https://host/torch-2.0.1+cu118-cp310-cp310-linux_x86_64.whl\n",
       {"torch==2.0.1+cu118 @requirements.txt:1"}},
      {"Torch_Vision[x]>=0.1,<2 ; sys_platform == 'linux'\n",
       {"Torch_Vision[x]>=0.1,<2; sys_platform == 'linux' @requirements.txt:1"}},
  };
  for (const Case& c : cases) {
    INFO(c.content);
    REQUIRE(texts(read(c.content).requirements) == c.expected);
  }
}

TEST_CASE("requirements.txt: includes are relative to the file that names them") {
  const Files others = {{"sub/base.txt", "numpy\n-r more.txt\n"},
                        {"sub/more.txt", "torch==2.3.1\n"},
                        {"limits.txt", "torch<3\nscipy<2\n"}};
  const ProjectFacts facts =
      read("-r sub/base.txt\n--constraint=limits.txt\n-rsub/more.txt\njax\n", others);
  REQUIRE(texts(facts.requirements) == Lines{"numpy @sub/base.txt:1",
                                             "torch==2.3.1 @sub/more.txt:1",
                                             "jax @requirements.txt:4"});
  REQUIRE(texts(facts.constraints) == Lines{"torch<3 @limits.txt:1", "scipy<2 @limits.txt:2"});
}

TEST_CASE("requirements.txt: a file may be both included and a constraint") {
  const ProjectFacts facts = read("-c all.txt\n-r all.txt\n", {{"all.txt", "torch==2.3.1\n"}});
  REQUIRE(facts.requirements.size() == 1);
  REQUIRE(facts.constraints.size() == 1);
}

TEST_CASE("requirements.txt: addresses are not fetched") {
  const ProjectFacts facts = read("-r https://host/requirements.txt\n");
  REQUIRE(facts.requirements.empty());
  REQUIRE(facts.warnings.size() == 1);
  REQUIRE(facts.warnings[0].find("requirements.txt:1: ") == 0);
}

TEST_CASE("requirements.txt: what is refused, and where") {
  struct Case {
    std::string content;
    std::string expected;  // somewhere in the message
    Files others{};
  };
  const std::vector<Case> cases = {
      {"numpy\ntorch=2.3.1\n", "requirements.txt:2: "},
      {"numpy\n\n  torch==\n", "requirements.txt:3: "},
      {"a\\\nb c d\n", "requirements.txt:1: "},
      {"==2.0\n", "requirements.txt:1: "},
      {"\x01\x02\n", "requirements.txt:1: "},
      {"--no-such-option x\n", "requirements.txt:1: unknown option `--no-such-option`"},
      {"-r\n", "requirements.txt:1: `-r` names no file"},
      {"numpy\n-r absent.txt\n", "requirements.txt:2: cannot read `absent.txt`"},
      {"-r requirements.txt\n",
       "requirements.txt:1: `-r requirements.txt` includes the file that it stands in"},
      {"-r a.txt\n",
       "b.txt:1: `-r a.txt` includes the file that it stands in",
       {{"a.txt", "numpy\n-r b.txt\n"}, {"b.txt", "-r a.txt\n"}}},
      {"-r a.txt\n", "a.txt:2: ", {{"a.txt", "numpy\ntorch=1\n"}}},
  };
  for (const Case& c : cases) {
    INFO(c.content);
    const std::string message = refused(c.content, c.others);
    INFO(message);
    REQUIRE(message.find(c.expected) != std::string::npos);
  }
}

TEST_CASE("requirements.txt: what is refused is shown without passwords") {
  for (const char* line :
       {"torch ? https://me:s3cret@host/a.whl", "--unknown=https://me:s3cret@host/",
        "torch @ https://me:s3cret@host/a.whl ; nonsense > '3'"}) {
    const std::string message = refused(line);
    INFO(message);
    REQUIRE(message.starts_with("requirements.txt:1: "));
    REQUIRE(message.find("s3cret") == std::string::npos);
  }
}

TEST_CASE("requirements.txt: includes end at a depth") {
  Files others;
  for (int i = 0; i < 100; ++i) {
    others["r" + std::to_string(i) + ".txt"] = "-r r" + std::to_string(i + 1) + ".txt\n";
  }
  others["r100.txt"] = "torch\n";
  REQUIRE(refused("-r r0.txt\n", others).find("more than 32 levels deep") != std::string::npos);
}

TEST_CASE("source files: encodings") {
  REQUIRE(decode("/x", "x", "\xEF\xBB\xBFtorch")->content == "torch");
  REQUIRE(decode("/x", "x", "")->content.empty());
  REQUIRE(decode("/x", "x", "# \xC3\xA9\n")->content == "# \xC3\xA9\n");
  const Result<SourceFile> wide = decode("/x", "x", std::string("\xFF\xFEt\0o\0", 6));
  REQUIRE(message_of(wide) == "x:1: the file is UTF-16, expected UTF-8");
  REQUIRE(wide.error().hints.at(0) == "iconv -f UTF-16 -t UTF-8 x > x.utf8 && mv x.utf8 x");
  REQUIRE(message_of(decode("/x", "x", std::string("a\nb\0", 4))) ==
          "x:2: a byte 0 stands here, expected a text file");
  REQUIRE(message_of(decode("/x", "x", "a\n\n\xE9t\n")) ==
          "x:3: byte 0xe9 is not UTF-8, expected UTF-8 text");
  REQUIRE_FALSE(decode("/x", "x", "\xC3").has_value());
  REQUIRE_FALSE(decode("/x", "x", "\xF8\x88\x80\x80\x80").has_value());
}

}  // namespace berth::spec
