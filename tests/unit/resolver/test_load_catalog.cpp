// Malformed catalogues: one error each, that names file, row and what was expected.
#include <string>
#include <vector>

#include "berth/resolver/catalog.hpp"
#include "support/catch.hpp"

namespace {

std::string message_of(const std::string& content) {
  const berth::Result<berth::Catalog> loaded = berth::load_catalog({{"x.json", content}});
  if (loaded) {
    return "loaded";
  }
  REQUIRE(loaded.error().code == berth::Errc::invalid_input);
  return loaded.error().message;
}

std::string gpus(const std::string& models) {
  return R"({"kind": "gpus", "updated": "2026-11-23", "sources": {"a": "where"}, "capabilities": [], "models": [)" +
         models + "]}";
}

std::string framework(const std::string& releases, const std::string& builds,
                      const std::string& more = "") {
  return R"({"kind": "framework", "name": "torch", "packages": ["torch"], "sources": {"a": "where"}, )"
         R"("indexes": {"whl": "https://example.org/{build}"}, )" +
         more + R"("releases": [)" + releases + R"(], "builds": [)" + builds + "]}";
}

std::string images(const std::string& rows) {
  return R"({"kind": "images", "publisher": "official", "repository": "a/b", "sources": {"a": "where"}, "images": [)" +
         rows + "]}";
}

std::string cuda_images(const std::string& rows) {
  return R"({"kind": "cuda-images", "repository": "nvidia/cuda", "sources": {"a": "where"}, "tags": [)" +
         rows + "]}";
}

const char* const kRelease = R"({"version": "2.3.1", "python_min": "3.8", "source": "a"})";
const char* const kImage =
    R"({"tag": "1", "flavor": "devel", "cuda": "12.1", "evidence": "listed", "source": "a"})";

struct Case {
  std::string content;
  std::string message;
};

}  // namespace

TEST_CASE("a file that is not the catalogue's is refused") {
  const std::vector<Case> cases = {
      {"", "`x.json` cannot be read as JSON"},
      {"{", "`x.json` cannot be read as JSON"},
      {"\xff\xfe", "`x.json` cannot be read as JSON"},
      {R"({"kind": "gpus", "kind": "cuda"})", "`x.json` cannot be read as JSON"},
      {"[]", "`x.json`: expected an object, found a list"},
      {"7", "`x.json`: expected an object, found a number"},
      {"{}", "`x.json`: `kind` is missing"},
      {R"({"kind": 7})", "`x.json`: `kind`: expected a string, found a number"},
      {R"({"kind": "gpu"})",
       "`x.json`: `kind` is `gpu`, expected one of cuda, drivers, gpus, framework, library, "
       "images, cuda-images, cuda-requirements"},
      {R"({"kind": "gpus", "updated": "today"})",
       "`x.json`: `updated` is `today`, expected a date like 2024-06-05"},
      {R"({"kind": "gpus", "models": []})", "`x.json`: `capabilities` is missing"},
      {R"({"kind": "gpus", "capabilities": {}, "models": []})",
       "`x.json`: `capabilities`: expected a list, found an object"},
      {R"({"kind": "gpus", "capabilities": [], "models": [], "modles": []})",
       "`x.json`: unknown key `modles`, did you mean `models`?"},
  };
  for (const Case& test : cases) {
    INFO(test.content);
    REQUIRE(message_of(test.content) == test.message);
  }
}

TEST_CASE("a row is refused with its place and what was expected") {
  const std::string good = R"({"name": "A", "capability": "8.0", "source": "a"})";
  const std::vector<Case> cases = {
      {gpus("[]"), "`x.json`, models[0]: expected an object, found a list"},
      {gpus("{}"), "`x.json`, models[0]: `name` is missing"},
      {gpus(good + R"(, {"name": "B", "source": "a"})"),
       "`x.json`, models[1]: `capability` is missing"},
      {gpus(R"({"name": "", "capability": "8.0", "source": "a"})"),
       "`x.json`, models[0]: `name` is empty"},
      {gpus(R"({"name": "A", "capability": "eight", "source": "a"})"),
       "`x.json`, models[0]: `capability` is `eight`, which is no version"},
      {gpus(R"({"name": "A", "capability": 8.0, "source": "a"})"),
       "`x.json`, models[0]: `capability`: expected a string, found a number"},
      {gpus(R"({"name": "A", "capability": "8.0", "data_center": 1, "source": "a"})"),
       "`x.json`, models[0]: `data_center`: expected true or false, found a number"},
      {gpus(R"({"name": "A", "capability": "8.0"})"), "`x.json`, models[0]: `source` is missing"},
      {gpus(R"({"name": "A", "capability": "8.0", "source": "a b"})"),
       "`x.json`, models[0]: `b` is not among the file's `sources`"},
      {gpus(R"({"name": "A", "capability": "8.0", "source": "a", "sorce": "b"})"),
       "`x.json`, models[0]: unknown key `sorce`, did you mean `source`?"},
      {gpus(R"({"name": "A", "capability": "8.0", "source": "a", "zzzzzzzz": "b"})"),
       "`x.json`, models[0]: unknown key `zzzzzzzz`"},
      {gpus(good + "," + good), "`x.json`, models[1]: `A` is there already"},
  };
  for (const Case& test : cases) {
    INFO(test.content);
    REQUIRE(message_of(test.content) == test.message);
  }
}

TEST_CASE("a framework that contradicts itself is refused") {
  const std::string build =
      R"({"release": "2.3.1", "name": "cu121", "cuda": "12.1", "default": true, "source": "a"})";
  const std::string second =
      R"({"release": "2.3.1", "name": "cu118", "cuda": "11.8", "default": true, "source": "a"})";
  const std::vector<Case> cases = {
      {framework(R"({"version": "two", "source": "a"})", ""),
       "`x.json`, releases[0]: `version` is `two`, which is no version"},
      {framework(R"({"version": "2", "python_min": "3.9", "python_max": "3.8", "source": "a"})",
                 ""),
       "`x.json`, releases[0]: `python_max` is below `python_min`"},
      {framework(R"({"version": "2.0", "source": "a"}, {"version": "2.0.0", "source": "a"})", ""),
       "`x.json`: `releases`: `2.0` is there already"},
      {framework("", build),
       "`x.json`, builds[0]: `release` is `2.3.1`, which is not among the file's `releases`"},
      {framework(kRelease, build + "," + build),
       "`x.json`, builds[1]: `2.3.1 cu121` is there already"},
      {framework(kRelease, build + "," + second),
       "`x.json`, builds[1]: 2.3.1 has a default build already, `cu121`"},
      {framework(
           kRelease,
           R"({"release": "2.3.1", "name": "cu121", "cuda": "12.1", "index": "pypi", "source": "a"})"),
       "`x.json`, builds[0]: `index` is `pypi`, which is not among the file's `indexes`"},
      {framework(
           kRelease,
           R"({"release": "2.3.1", "name": "cu121", "cuda": "12.1", "sm": "80 x", "source": "a"})"),
       "`x.json`, builds[0]: `sm`: `x` is no compute capability"},
      {framework(kRelease, "", R"("cpu_build": {"source": "b"}, )"),
       "`x.json`, cpu_build[0]: `b` is not among the file's `sources`"},
  };
  for (const Case& test : cases) {
    INFO(test.content);
    REQUIRE(message_of(test.content) == test.message);
  }
}

TEST_CASE("an image that cannot be is refused") {
  const std::vector<Case> cases = {
      {images(std::string(kImage) + "," + kImage), "the image `a/b:1` is in the catalogue twice"},
      {images(R"({"tag": "1", "flavor": "full", "evidence": "listed", "source": "a"})"),
       "`x.json`, images[0]: `flavor` is `full`, expected one of base, runtime, devel"},
      {images(R"({"tag": "1", "flavor": "devel", "evidence": "seen", "source": "a"})"),
       "`x.json`, images[0]: `evidence` is `seen`, expected one of live, listed, inferred, "
       "withdrawn"},
      {images(
           R"({"tag": "1", "flavor": "devel", "cpu": true, "cuda": "12.1", "evidence": "listed", "source": "a"})"),
       "`x.json`, images[0]: `cpu` and `cuda` exclude each other"},
      {images(R"({"tag": "a b", "flavor": "devel", "evidence": "listed", "source": "a"})"),
       "`x.json`, images[0]: `tag` has characters that no image has"},
      {images(
           R"({"tag": "1", "flavor": "devel", "python": "three", "evidence": "listed", "source": "a"})"),
       "`x.json`, images[0]: `python` is `three`, which is no version"},
      {images(
           R"({"tag": "1", "frameworks": {"torch": "x"}, "flavor": "devel", "evidence": "listed", "source": "a"})"),
       "`x.json`, images[0]: `frameworks`: `x` is no version"},
      {cuda_images(
           R"({"cuda": "12.1.1", "flavors": [], "os": ["ubuntu22.04"], "evidence": "live", "source": "a"})"),
       "`x.json`, tags[0]: `flavors` and `os` must name at least one each"},
      {cuda_images(
           R"({"cuda": "12.1.1", "flavors": ["tiny"], "os": ["ubuntu22.04"], "evidence": "live", "source": "a"})"),
       "`x.json`, tags[0]: `flavors`: expected base, runtime or devel"},
      {cuda_images(
           R"({"cuda": "12.1.1", "flavors": ["base"], "os": ["a b"], "evidence": "live", "source": "a"})"),
       "`x.json`, tags[0]: `tag` has characters that no image has"},
  };
  for (const Case& test : cases) {
    INFO(test.content);
    REQUIRE(message_of(test.content) == test.message);
  }
}

TEST_CASE("a row of nvidia/cuda stands for its combinations") {
  const std::string content = cuda_images(
      R"({"cuda": "12.1.1", "label": "cudnn8", "cudnn": "8", "flavors": ["runtime", "devel"], "os": ["ubuntu22.04", ""], "suffix": "rc", "evidence": "live", "source": "a", "note": "n"})");
  const auto loaded = berth::load_catalog({{"x.json", content}});
  REQUIRE(loaded);
  std::vector<std::string> tags;
  for (const berth::ImageTag& image : loaded->images) {
    tags.push_back(image.tag);
    REQUIRE(image.fact.source == "where");
    REQUIRE(image.fact.note == "n");
    REQUIRE(image.source == berth::ImageSource::cuda_base);
  }
  REQUIRE(tags == std::vector<std::string>{
                      "12.1.1-cudnn8-runtime-ubuntu22.04-rc", "12.1.1-cudnn8-runtime-rc",
                      "12.1.1-cudnn8-devel-ubuntu22.04-rc", "12.1.1-cudnn8-devel-rc"});
}

TEST_CASE("nothing in a file makes the loader crash or run away") {
  const std::string deep(1000000, '[');
  REQUIRE(message_of(deep) == "`x.json` cannot be read as JSON");
  std::string objects;
  for (int i = 0; i < 100000; ++i) {
    objects += R"({"a":)";
  }
  REQUIRE(message_of(objects) == "`x.json` cannot be read as JSON");
  REQUIRE(message_of(gpus(R"({"name": ")" + std::string(100000, 'x') +
                          R"(", "capability": "8.0", "source": "a", "q": 1})")) ==
          "`x.json`, models[0]: unknown key `q`");
  for (const berth::EmbeddedFile& file : berth::embedded_files()) {
    for (std::size_t size = 0; size < file.content.size(); size += 997) {
      INFO(file.name << " cut at " << size);
      REQUIRE_FALSE(berth::load_catalog({{file.name, file.content.substr(0, size)}}));
    }
  }
}
