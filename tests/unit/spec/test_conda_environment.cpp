// environment.yml: conda's specifications become requirements, a Python and a CUDA version.
#include "support/catch.hpp"

#include <string>
#include <vector>

#include "memory_files.hpp"
#include "spec/conda_environment.hpp"

namespace berth::spec {

namespace {

using testing::message_of;
using testing::reader_of;
using testing::source;
using testing::texts;
using Lines = std::vector<std::string>;

Result<ProjectFacts> read_text(const std::string& content) {
  return read_conda_environment(source("environment.yml", content),
                                reader_of({{"more.txt", "scipy\n"}}));
}

ProjectFacts read(const std::string& content) {
  Result<ProjectFacts> facts = read_text(content);
  INFO(message_of(facts));
  REQUIRE(facts.has_value());
  return std::move(*facts);
}

}  // namespace

TEST_CASE("environment.yml: a usual file") {
  const ProjectFacts facts = read(
      "name: x\n"
      "channels: [pytorch, nvidia, defaults]\n"
      "dependencies:\n"
      "  - python=3.10\n"
      "  - pytorch=2.1\n"
      "  - torchvision==0.16.0\n"
      "  - pytorch-cuda=11.8\n"
      "  - _libgcc_mutex=0.1=main\n"
      "  - openssl=1.1.1k=h27cfd23_0\n"
      "  - pip\n"
      "  - pip:\n"
      "    - transformers==4.41.2  # hub\n"
      "    - -r more.txt\n"
      "prefix: /home/x\n");
  REQUIRE(texts(facts.requirements) ==
          Lines{"torch==2.1.* @environment.yml:5", "torchvision==0.16.0 @environment.yml:6",
                "pip @environment.yml:10", "transformers==4.41.2 @environment.yml:12",
                "scipy @more.txt:1"});
  REQUIRE(texts(facts.python_choices) == Lines{"==3.10.* @environment.yml:4"});
  REQUIRE(facts.cuda.size() == 1);
  REQUIRE(facts.cuda[0].value.text() == "11.8");
  REQUIRE(facts.cuda[0].origin.text == "environment.yml:7");
}

TEST_CASE("environment.yml: package specifications") {
  struct Case {
    std::string spec;
    std::string requirement;  // without origin; empty for none
    std::string cuda{};
    std::string python{};
  };
  const std::vector<Case> cases = {
      {"pytorch", "torch"},
      {"pytorch::pytorch=2.1.*", "torch==2.1.*"},
      {"conda-forge/linux-64::pytorch==2.1.0", "torch==2.1.0"},
      {"pytorch>=2.0,<2.2", "torch>=2.0,<2.2"},
      {"pytorch >=2.0", "torch>=2.0"},
      {"pytorch 2.1.0", "torch==2.1.0"},
      {"pytorch 2.1.*", "torch==2.1.*"},
      {"pytorch = 2.1", "torch==2.1.*"},
      {"pytorch ~=2.1", "torch~=2.1"},
      {"pytorch!=2.1.0", "torch!=2.1.0"},
      {"pytorch=*", "torch"},
      {"PyTorch-GPU=2", "torch==2.*"},
      {"pytorch=1.12.1=py3.9_cuda11.3_cudnn8.3.2_0", "torch==1.12.1", "11.3"},
      {"pytorch 1.12.1 cuda112py39h01bd6f0_200", "torch==1.12.1", "11.2"},
      {"pytorch=2.1.0=cpu_py310", "torch==2.1.0"},
      {"pytorch[version='2.1']", "torch"},
      {"pytorch>=2.0=*cuda*", "torch>=2.0"},
      {"tensorflow-gpu=2.4", "tensorflow==2.4.*"},
      {"numpy=1.26.4=py310hb13e2d6_0", "numpy==1.26.4"},
      {"cudatoolkit=11.3.1", "", "11.3"},
      {"cudatoolkit==11.3", "", "11.3"},
      {"cuda-version=12.4", "", "12.4"},
      {"nvidia::cuda-toolkit=12.1.*", "", "12.1"},
      {"cuda-version>=12", ""},
      {"python", ""},
      {"python>=3.8,<3.11", "", "", ">=3.8,<3.11"},
      {"python=3.10.12=h955ad1f_0", "", "", "==3.10.*"},
      {"python 3.9", "", "", "==3.9.*"},
      {"python=3", "", "", "==3.*"},
  };
  for (const Case& c : cases) {
    INFO(c.spec);
    const ProjectFacts facts = read("dependencies:\n- " + c.spec + "\n");
    const Lines expected =
        c.requirement.empty() ? Lines{} : Lines{c.requirement + " @environment.yml:2"};
    REQUIRE(texts(facts.requirements) == expected);
    REQUIRE((facts.cuda.empty() ? "" : facts.cuda[0].value.text()) == c.cuda);
    REQUIRE(texts(facts.python_choices) ==
            (c.python.empty() ? Lines{} : Lines{c.python + " @environment.yml:2"}));
  }
}

TEST_CASE("environment.yml: two CUDA versions contradict each other") {
  const ProjectFacts facts = read("dependencies:\n- pytorch-cuda=12.1\n- cudatoolkit=11.8\n");
  REQUIRE(message_of(agreed_cuda(facts)) ==
          "CUDA 12.1 (environment.yml:2) and CUDA 11.8 (environment.yml:3) contradict each other");
  const ProjectFacts same = read("dependencies: [pytorch-cuda=12.1, cuda-version=12.1]\n");
  REQUIRE(agreed_cuda(same).value()->value.text() == "12.1");
}

TEST_CASE("environment.yml: what cannot be expressed is said") {
  const ProjectFacts facts = read("dependencies: ['pytorch=2.0|2.1', 'cuda-version>=12']\n");
  REQUIRE(texts(facts.requirements) == Lines{"torch @environment.yml:1"});
  REQUIRE(facts.warnings.size() == 2);
}

TEST_CASE("environment.yml: files with nothing to say") {
  for (const std::string content : {"", "# x\n", "name: x\n", "dependencies:\n",
                                    "dependencies: []\n", "dependencies: [{pip: }]\n"}) {
    INFO(content);
    REQUIRE(read(content).requirements.empty());
  }
}

TEST_CASE("environment.yml: what is refused, and where") {
  struct Case {
    std::string content;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"- a\n", "environment.yml:1: the file is a list"},
      {"torch\n", "environment.yml:1: the file is `torch`"},
      {"dependencies: torch\n", "environment.yml:1: `dependencies` is `torch`"},
      {"dependencies:\n- [a]\n", "environment.yml:2: `dependencies` has a list"},
      {"dependencies:\n- conda: [a]\n", "environment.yml:2: a map stands here"},
      {"dependencies:\n- pip: a\n", "environment.yml:2: a map stands here"},
      {"dependencies:\n- pip: [{a: b}]\n", "environment.yml:2: `pip` has a map"},
      {"dependencies:\n- pip:\n  - torch=2\n", "environment.yml:3: "},
      {"dependencies:\n- pytorch=1.1.1k\n", "environment.yml:2: "},
      {"dependencies:\n- python=three\n",
       "environment.yml:2: `python` has no version here, expected for example python=3.10"},
      {"dependencies: [a\n", "environment.yml:2: "},
      {"a: b: c\n", "environment.yml:1: "},
      {"a: 1\na: 2\n", "environment.yml:2: key `a` stands here again, first in line 1"},
      {"\tdependencies:\n", "environment.yml:1: "},
  };
  for (const Case& c : cases) {
    INFO(c.content);
    const std::string message = message_of(read_text(c.content));
    INFO(message);
    REQUIRE(message.find(c.expected) == 0);
  }
}

}  // namespace berth::spec
