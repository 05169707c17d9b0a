// What an image says of how it was made, and what is written down of it for others.
#include "berth/environment/recorded_recipe.hpp"

#include "support/catch.hpp"

using namespace berth;
using namespace berth::environment;

namespace {

using Texts = std::vector<std::string>;

BuildLog said(const std::string& text) {
  BuildLog log({});
  log.feed(text);
  return log;
}

RecordedRecipe recipe() {
  RecordedRecipe recipe{.base = "python:3.11", .base_id = "sha256:aa", .base_user = "app"};
  recipe.decision.image = "python:3.11";
  recipe.decision.source = ImageSource::given;
  recipe.decision.python = "3.11";
  recipe.decision.cuda = "12.1";
  recipe.decision.frameworks = {
      {.name = "torch", .version = "2.3.1", .build = "cu121", .in_image = false}};
  recipe.network = "host";
  recipe.extra_hosts = {"index:10.0.0.1"};
  recipe.dns = {"10.0.0.2"};
  recipe.stages = {{.kind = Stage::Kind::system,
                    .key = "k1",
                    .files = {{"system.txt", "ffmpeg\ngit\n"}},
                    .items = {"ffmpeg", "git"}},
                   {.kind = Stage::Kind::frameworks,
                    .key = "k2",
                    .files = {{"frameworks.txt",
                               "index https://whl/cu121 torch==2.3.1+cu121\n"
                               "usual - jax[cuda12]==0.4.30\n"},
                              {"indexes.txt", "index-url https://mirror/simple\n"}},
                    .items = {"torch==2.3.1+cu121", "jax[cuda12]==0.4.30"},
                    .installed = {"jax==0.4.30", "torch==2.3.1+cu121"},
                    .interpreter = "/usr/bin/python3.11",
                    .installer = "pip 24.0"},
                   {.kind = Stage::Kind::packages,
                    .key = "k3",
                    .files = {{"requirements.txt",
                               "--extra-index-url https://${TOKEN}@host/simple\n"
                               "numpy<2\nmine @ git+https://host/mine.git@main\n"
                               "/run/berth/files/3f/lib-1.0-py3-none-any.whl\n"},
                              {"indexes.txt", "extra-index-url https://a https://b\n"}},
                    .items = {"numpy<2"},
                    .installed = {"lib @ file:///run/berth/files/3f/lib-1.0-py3-none-any.whl",
                                  "mine @ git+https://host/mine.git@0123", "numpy==1.26.4"},
                    .interpreter = "/usr/bin/python3.11",
                    .installer = "pip 24.0"}};
  return recipe;
}

bool has(const std::string& text, const std::string& part) {
  INFO(text << "\nlacks: " << part);
  CHECK(text.find(part) != std::string::npos);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("recorded recipe: it is read as it was written") {
  const RecordedRecipe before = recipe();
  const RecordedRecipe read = decode_recipe(encode_recipe(before)).value();
  CHECK(encode_recipe(read) == encode_recipe(before));
  CHECK(read.base_user == "app");
  CHECK(read.decision.frameworks.at(0).build == "cu121");
  CHECK(read.stages.at(2).files == before.stages.at(2).files);
  CHECK(read.stages.at(2).kind == Stage::Kind::packages);
  for (const char* text : {"", "{}", "[]", "7", R"({"base":7})", R"({"base":"a","stages":[{}]})"}) {
    CHECK(decode_recipe(text).error().code == Errc::invalid_input);
  }
}

TEST_CASE("recorded recipe: a stage has what it brought, and from where, and no credentials") {
  const Stage stage{.kind = Stage::Kind::packages,
                    .key = "k",
                    .files = {{"requirements.txt",
                               "--index-url https://me:s3cret@host/simple\n"
                               "--extra-index-url https://me:${TOKEN}@other/simple\n"}},
                    .items = {"numpy"}};
  const RecordedStage record = record_of(
      stage,
      said("@berth package numpy==2.0\n@berth package pip==24.0\n@berth package six==1.16.0\n"
           "@berth package mine==1.0\n@berth origin mine git+https://host/mine.git@0123\n"
           "@berth fact interpreter=/usr/bin/python3\n@berth fact installer=pip 24.0\n"),
      {{"pip", "24.0"}, {"numpy", "1.26.4"}, {"mine", "1.0"}});
  CHECK(record.installed ==
        Texts{"mine @ git+https://host/mine.git@0123", "numpy==2.0", "six==1.16.0"});
  CHECK(record.files.at("requirements.txt") ==
        "--index-url https://host/simple\n"
        "--extra-index-url https://me:${TOKEN}@other/simple\n");
  CHECK(record.interpreter == "/usr/bin/python3");
  CHECK(record.installer == "pip 24.0");
  CHECK(stage_of(record).files == record.files);
}

TEST_CASE("recorded recipe: what came from files of a machine is known") {
  CHECK(recipe().stages[2].local_items() == Texts{"/run/berth/files/3f/lib-1.0-py3-none-any.whl"});
  CHECK(recipe().stages[0].local_items().empty());
  const RecordedStage editable{.files = {{"requirements.txt", "-e /workspace/lib\nnumpy\n"}}};
  CHECK(editable.local_items() == Texts{"-e /workspace/lib"});
}

TEST_CASE("dockerfile: exact versions, from where they came") {
  const std::string text = dockerfile_of(recipe(), "berth/env:k3");
  has(text, "FROM python:3.11\nUSER root\n");
  has(text, "apt-get install -y --no-install-recommends ffmpeg git");
  has(text, "--index-url https://whl/cu121 torch==2.3.1+cu121");
  has(text, "--index-url https://mirror/simple 'jax[cuda12]==0.4.30'");
  has(text, "/usr/bin/python3.11 -m pip install --no-cache-dir -c /tmp/berth-requirements.txt");
  has(text, "'--extra-index-url https://a'");
  has(text, "'--extra-index-url https://b'");
  has(text, "'--extra-index-url https://${TOKEN}@host/simple'");
  has(text, "'mine @ git+https://host/mine.git@0123'");
  has(text, " numpy==1.26.4 ");
  CHECK(text.ends_with("USER app\n"));
  // A file of a machine cannot be had from anywhere, and is said.
  CHECK(text.find("file://") == std::string::npos);
  has(text, "# not here, since it came from files of a machine: /run/berth/files/3f/lib-1.0");
  has(text, "# the build needs the variables of: --extra-index-url https://${TOKEN}@host/simple");
}

TEST_CASE("dockerfile: hashes stay where there are some of everything") {
  RecordedRecipe one{.base = "python:3.11", .base_id = "sha256:aa"};
  one.stages = {{.files = {{"requirements.txt", "numpy==2.0 --hash=sha256:11 --hash=sha256:22\n"}},
                 .installed = {"numpy==2.0"}}};
  has(dockerfile_of(one, "i"), "'numpy==2.0 --hash=sha256:11 --hash=sha256:22'");
  one.stages[0].installed.push_back("six==1.16.0");
  CHECK(dockerfile_of(one, "i").find("--hash") == std::string::npos);
}

TEST_CASE("dockerfile: what is locked has its hashes, and what is compiled its variables") {
  RecordedRecipe one{.base = "python:3.11", .base_id = "sha256:aa"};
  one.stages = {{.files = {{"requirements.txt", "--pre\n"},
                           {"locked.txt", "numpy==2.0 --hash=sha256:11\n"},
                           {"direct.txt", "-e /workspace/lib\n"},
                           {"variables", "export TORCH_CUDA_ARCH_LIST='8.6;9.0'\n"}},
                 .installed = {"numpy==2.0"}}};
  const std::string text = dockerfile_of(one, "i");
  has(text, "RUN export TORCH_CUDA_ARCH_LIST='8.6;9.0' \\\n && printf");
  has(text, "'numpy==2.0 --hash=sha256:11'");
  CHECK(one.stages[0].local_items() == Texts{"-e /workspace/lib"});
}

TEST_CASE("dockerfile: an old pip does not say where it fetched from, and the line does") {
  RecordedRecipe one{.base = "python:3.6", .base_id = "sha256:aa"};
  one.stages = {{.files = {{"requirements.txt", "mine @ git+https://host/mine.git@v1\n"}},
                 .installed = {"mine==1.0"}}};
  has(dockerfile_of(one, "i"), "'mine @ git+https://host/mine.git@v1'");
}

TEST_CASE("dockerfile: where the image has uv alone, uv it is") {
  RecordedRecipe one{.base = "uv:3.11", .base_id = "sha256:aa"};
  one.stages = {{.files = {{"requirements.txt", "six\n"}},
                 .installed = {"six==1.16.0"},
                 .interpreter = "/usr/bin/python3",
                 .installer = "uv 0.9.2"}};
  has(dockerfile_of(one, "i"), "uv pip install --python /usr/bin/python3");
}

TEST_CASE("requirements: all packages, those of addresses with theirs") {
  CHECK(requirements_of(recipe(), {"lib==1.0", "mine==1.0", "numpy==1.26.4", "pip==24.0"}) ==
        Texts{"# lib==1.0 came from files of a machine", "mine @ git+https://host/mine.git@0123",
              "numpy==1.26.4", "pip==24.0"});
}

TEST_CASE("a recipe is recorded as far as every engine takes it") {
  RecordedRecipe large = recipe();
  std::string& file = large.stages.back().files["locked.txt"];
  const auto line = [](int number) {
    return "package-" + std::to_string(number) + "==1.0 --hash=sha256:" + std::string(64, 'a') +
           "\n";
  };
  for (int i = 0; i < 200; ++i) {
    for (int hash = 0; hash < 10; ++hash) {  // a project of many files, and of several releases
      file += line(i);
    }
  }
  const std::optional<std::string> label = recipe_label(large);
  REQUIRE(label);
  CHECK(decode_recipe(*label)->stages.back().files.at("locked.txt") == file);
  file.resize(kLargestRecipe, 'x');
  CHECK(!recipe_label(large));
}
