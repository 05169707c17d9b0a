// berth.yaml and berth.json: every key, strictness, and the schema that describes them.
#include "support/catch.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "berth/base/file.hpp"
#include "memory_files.hpp"
#include "spec/document.hpp"
#include "spec/spec_file.hpp"

namespace berth::spec {

namespace {

using testing::message_of;
using testing::source;
using testing::texts;
using Lines = std::vector<std::string>;

Result<SpecFile> read_text(const std::string& content, const std::string& name = "berth.yaml",
                           SpecPlace place = SpecPlace::project) {
  return read_spec(source(name, content), place, "/home/me");
}

SpecFile read(const std::string& content, const std::string& name = "berth.yaml") {
  Result<SpecFile> spec = read_text(content, name);
  INFO(message_of(spec));
  REQUIRE(spec.has_value());
  return std::move(*spec);
}

}  // namespace

TEST_CASE("berth.yaml: every key") {
  const Settings s = read(
                         "framework:\n- torch==2.3.1\n- jax\n"
                         "python: 3.10\n"
                         "cuda: 12.1\n"
                         "image: ubuntu:22.04\n"
                         "source: cuda-base\n"
                         "devel: yes\n"
                         "prefer: local\noffline: on\n"
                         "packages:\n  pip: transformers\n  apt: [git, ffmpeg]\n"
                         "gpus: device=0,1\n"
                         "run: [python, -c, 'print(1)', 3]\n"
                         "env:\n  A: 1\n  B: ''\n  C:\n  D: 010\n"
                         "mounts: ['./data:/data', 'type=tmpfs,target=/scratch']\n"
                         "workdir: src\n"
                         "shm: 16g\nmemory: 64g\ntimeout: 1h30m\n"
                         "network: host\nipc: host\nuser: 0:0\n")
                         .settings;
  REQUIRE(texts(*s.frameworks) == Lines{"torch==2.3.1 @berth.yaml:2", "jax @berth.yaml:3"});
  REQUIRE(s.python->value.text() == "==3.10.*");
  REQUIRE(s.python->origin.text == "berth.yaml:4");
  REQUIRE(s.cuda->value.text() == "12.1");
  REQUIRE(s.image->value == "ubuntu:22.04");
  REQUIRE(s.source->value == ImageSource::cuda_base);
  REQUIRE(s.devel->value);
  REQUIRE(s.prefer->value == Preference::local);
  REQUIRE(s.offline->value);
  REQUIRE(s.pip_packages.at(0).value == "transformers");
  REQUIRE(s.pip_packages.at(0).origin.text == "berth.yaml:12");
  REQUIRE(s.apt_packages.size() == 2);
  REQUIRE(s.gpus->value.devices == Lines{"0", "1"});
  REQUIRE(s.command->value == Lines{"python", "-c", "print(1)", "3"});
  REQUIRE(s.environment.size() == 4);
  REQUIRE(s.environment[0].value == "1");
  REQUIRE(s.environment[0].origin.text == "berth.yaml:17");
  REQUIRE(s.environment[1].value == "");
  REQUIRE_FALSE(s.environment[2].value.has_value());
  REQUIRE(s.environment[3].value == "010");
  REQUIRE(s.mounts.at(0).value.source == "/project/data");
  REQUIRE(s.mounts.at(1).value.type == Mount::Type::tmpfs);
  REQUIRE(s.workdir->value == "src");
  REQUIRE(s.shm->value == 16ull << 30);
  REQUIRE(s.memory->value == 64ull << 30);
  REQUIRE(s.timeout->value == std::chrono::minutes(90));
  REQUIRE(s.network->value == "host");
  REQUIRE(s.ipc->value == "host");
  REQUIRE(s.user->value == "0:0");
}

TEST_CASE("berth.json: the same keys, and lines too") {
  const SpecFile spec = read(
      "{\n  \"framework\": \"torch\",\n  \"python\": 3.10,\n  \"gpus\": 2\n,"
      "\"env\": {\"A\": 1, \"B\": null, \"C\": true},\n  \"jobs\": {\"eval\": {\n\"run\": "
      "[\"x\"]}}}\n",
      "berth.json");
  REQUIRE(spec.settings.python->value.text() == "==3.10.*");
  REQUIRE(spec.settings.python->origin.text == "berth.json:3");
  REQUIRE(spec.settings.gpus->origin.text == "berth.json:4");
  REQUIRE(spec.settings.environment.at(2).value == "true");
  REQUIRE(spec.jobs.at(0).settings.command->origin.text == "berth.json:7");
}

TEST_CASE("berth.yaml: nothing, or keys without values") {
  for (const std::string content :
       {"", "# later\n", "---\n", "framework:\ngpus:\njobs:\npackages: { pip: }\n", "{}", "~"}) {
    INFO(content);
    const SpecFile spec = read(content);
    REQUIRE_FALSE(spec.settings.frameworks.has_value());
    REQUIRE(spec.jobs.empty());
  }
}

TEST_CASE("berth.yaml: anchors and aliases") {
  const SpecFile spec = read(
      "env: &common { A: 1 }\njobs:\n  a: { env: *common, run: x }\n  b: { env: *common, run: y "
      "}\n");
  REQUIRE(spec.jobs.at(1).settings.environment.at(0).value == "1");
}

TEST_CASE("berth.yaml: what is refused, and where") {
  struct Case {
    std::string content;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"framwork: torch\n", "berth.yaml:1: unknown key `framwork`, did you mean `framework`?"},
      {"zzz: 1\n", "berth.yaml:1: unknown key `zzz`, expected one of framework, packages"},
      {"a:\n  jobs: 1\n", "berth.yaml:1: unknown key `a`"},
      {"jobs: { eval: { gpu: 1 } }\n", "berth.yaml:1: unknown key `gpu`, did you mean `gpus`?"},
      {"jobs: { eval: { jobs: {} } }\n", "berth.yaml:1: `jobs` has no place in a job"},
      {"jobs: [eval]\n", "berth.yaml:1: `jobs` is a list, expected a map such as"},
      {"jobs:\n  eval: python x.py\n",
       "berth.yaml:2: `jobs.eval` is `python x.py`, expected a map"},
      {"\ngpus: [0, 1]\n", "berth.yaml:2: `gpus` is a list, expected a text such as `2`"},
      {"gpus: lots\n", "berth.yaml:1: `gpus`: "},
      {"python: {a: b}\n", "berth.yaml:1: `python` is a map"},
      {"python: three\n",
       "berth.yaml:1: `python`: `three` is no Python version, expected 3.10 or >=3.9,<3.12"},
      {"cuda: 121\n", "berth.yaml:1: `cuda`: `121` is no CUDA version, expected for example 12.1"},
      {"cuda: ''\n", "berth.yaml:1: `cuda`: `` is empty, expected for example"},
      {"source: pypi\n",
       "berth.yaml:1: `source`: `pypi` is no source of images, expected official, ngc or "
       "cuda-base"},
      {"devel: 2\n", "berth.yaml:1: `devel`: `2` is neither true nor false"},
      {"prefer: old\n",
       "berth.yaml:1: `prefer`: `old` is nothing to prefer, expected newest or local"},
      {"offline: maybe\n", "berth.yaml:1: `offline`: `maybe` is neither true nor false"},
      {"shm: big\n", "berth.yaml:1: `shm`: "},
      {"shm: 0\n", "berth.yaml:1: `shm`: `0` is no memory at all"},
      {"timeout: soon\n", "berth.yaml:1: `timeout`: `soon` is no duration"},
      {"image: a b\n", "berth.yaml:1: `image`: `a b` is no image reference"},
      {"run: ''\n", "berth.yaml:1: `run` is empty"},
      {"run: []\n", "berth.yaml:1: `run` is empty"},
      {"run: { a: b }\n", "berth.yaml:1: `run` is a map"},
      {"run: [[a]]\n", "berth.yaml:1: `run` is a list"},
      {"env: [A=1]\n", "berth.yaml:1: `env` is a list, expected a map such as"},
      {"env: { A: [1] }\n", "berth.yaml:1: `env.A` is a list"},
      {"env: { 'A B': 1 }\n", "berth.yaml:1: `A B` is no name of a variable"},
      {"mounts: { a: b }\n", "berth.yaml:1: `mounts` is a map"},
      {"mounts:\n- a:b:c:d:e\n", "berth.yaml:2: "},
      {"packages: [a]\n", "berth.yaml:1: `packages` is a list"},
      {"packages: { conda: [a] }\n",
       "berth.yaml:1: unknown key `conda` in `packages`, expected one of pip, apt"},
      {"packages: { pip: [[a]] }\n", "berth.yaml:1: `packages.pip` has a list in its list"},
      {"framework: torch=2\n", "berth.yaml:1: "},
      {"framework: [torch, {a: b}]\n", "berth.yaml:1: `framework` has a map in its list"},
      {"gpus: 1\ngpus: 2\n", "berth.yaml:2: key `gpus` stands here again, first in line 1"},
      {"- torch\n", "berth.yaml:1: the file is a list, expected keys such as `framework: torch`"},
      {"torch\n", "berth.yaml:1: the file is `torch`"},
      {"gpus: 1\n---\ngpus: 2\n", "berth.yaml:"},
      {"gpus: 1\n  x: 2\n", "berth.yaml:2: "},
      {"gpus: 'open\n", "berth.yaml:"},
      {"gpus: *nobody\n", "berth.yaml:1: "},
      {"env: &a { A: *a }\n", "berth.yaml:1: an alias stands inside what it repeats"},
      {"gpus: !!python/object 1\n", "berth.yaml:1: "},
      {"? [a]\n: b\n", "berth.yaml:1: a list stands as a key"},
      {"<<: { gpus: 1 }\n", "berth.yaml:1: unknown key `<<`"},
  };
  for (const Case& c : cases) {
    INFO(c.content);
    const std::string message = message_of(read_text(c.content));
    INFO(message);
    REQUIRE(message.find(c.expected) == 0);
  }
}

TEST_CASE("berth.json: what is refused, and where") {
  struct Case {
    std::string content;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"", "berth.json:1: "},
      {"{\n\"gpus\": 1,\n}\n", "berth.json:3: "},
      {"{\n\"gpus\": 1\n\"shm\": 2}\n", "berth.json:3: "},
      {"{\"gpus\": 1,\n\"gpus\": 2}",
       "berth.json:2: key `gpus` stands here again, first in line 1"},
      {"{\n\n\"gpsu\": 1}", "berth.json:3: unknown key `gpsu`, did you mean `gpus`?"},
      {"[]", "berth.json:1: the file is a list"},
      {"{} x", "berth.json:1: "},
      {std::string(100000, '['), "berth.json:1: nested more than 64 levels deep"},
  };
  for (const Case& c : cases) {
    INFO(c.content.substr(0, 100));
    const std::string message = message_of(read_text(c.content, "berth.json"));
    INFO(message);
    REQUIRE(message.find(c.expected) == 0);
  }
}

TEST_CASE("YAML that would fill the memory or the stack is refused") {
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
    for (int k = 0; k < 8; ++k) {
      laughs += ", " + below;
    }
    laughs += "]\n";
  }
  REQUIRE(message_of(read_text(laughs)).find("more than 200000 values") != std::string::npos);
  const std::vector<std::string> deep = {std::string(100000, '['), std::string(100000, '{'),
                                         "a: " + std::string(5000, '['), std::string(3000, '-')};
  for (const std::string& content : deep) {
    REQUIRE_FALSE(read_text(content).has_value());
  }
  std::string blocks;
  for (int i = 0; i < 1000; ++i) {
    blocks += "- ";
  }
  REQUIRE_FALSE(read_text(blocks + "x").has_value());
  REQUIRE(message_of(read_text(std::string(2u << 20, ' '))).find("larger than 1 MiB") !=
          std::string::npos);
}

TEST_CASE("the user's configuration has the same keys, but runs nothing") {
  const Result<SpecFile> user =
      read_text("shm: 8g\nframework: torch\nenv: { A: 1 }\n", "config.yaml", SpecPlace::user);
  REQUIRE(user.has_value());
  REQUIRE(message_of(read_text("run: rm -r x\n", "config.yaml", SpecPlace::user)) ==
          "config.yaml:1: `run` has no place in the user's configuration");
  REQUIRE(message_of(read_text("jobs: {}\n", "config.yaml", SpecPlace::user)) ==
          "config.yaml:1: `jobs` has no place in the user's configuration");
}

TEST_CASE("docs/berth.schema.json names the keys that are accepted") {
  const std::string path = std::string(BERTH_SOURCE_DIR) + "/docs/berth.schema.json";
  Result<std::string> text = read_file(path);
  REQUIRE(text.has_value());
  const Result<Node> schema = parse_json(source("berth.schema.json", *text));
  INFO(message_of(schema));
  REQUIRE(schema.has_value());
  const auto names = [&](const Node* map) {
    REQUIRE(map != nullptr);
    Lines result;
    for (const Member& member : map->members) {
      result.push_back(member.key);
    }
    std::sort(result.begin(), result.end());
    return result;
  };
  const auto sorted = [](Lines keys) {
    std::sort(keys.begin(), keys.end());
    return keys;
  };
  REQUIRE(names(schema->find("properties")) == sorted(spec_keys(SpecPlace::project)));
  REQUIRE(names(schema->find({"$defs", "job", "properties"})) == sorted(spec_keys(SpecPlace::job)));
  REQUIRE(schema->find("additionalProperties")->text == "false");
  REQUIRE(schema->find({"$defs", "job", "additionalProperties"})->text == "false");
}

TEST_CASE("docs/spec.md explains every key and variable") {
  Result<std::string> text = read_file(std::string(BERTH_SOURCE_DIR) + "/docs/spec.md");
  REQUIRE(text.has_value());
  for (const std::string& key : spec_keys(SpecPlace::project)) {
    INFO(key);
    REQUIRE(text->find("| `" + key + "` |") != std::string::npos);
  }
  for (const ScalarKey& key : scalar_keys()) {
    INFO(key.variable);
    REQUIRE(text->find("`" + std::string(key.variable) + "`") != std::string::npos);
  }
}

}  // namespace berth::spec
