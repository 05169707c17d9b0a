// The check of catalogue files: what is wrong in them, with file and row.
#include "berth/resolver/catalog_check.hpp"

#include <algorithm>
#include <string>

#include "support/catch.hpp"

namespace {

using berth::CatalogFinding;
using berth::EmbeddedFile;

constexpr const char* kCuda = R"({"kind": "cuda", "updated": "2026-01-01", "sources": {"a": "A"},
  "toolkits": [{"cuda": "12.1", "driver": "530.30.02", "source": "a"}],
  "minor_version_floors": [],
  "coverage": [{"cuda": "12.1", "min": "5.0", "max": "9.0", "source": "a"}]})";

std::string torch(const std::string& builds, const std::string& releases = R"(
    {"version": "2.3.1", "python_min": "3.8", "source": "a"})") {
  return R"({"kind": "framework", "name": "torch", "packages": ["torch"], "updated": "2026-01-01",
    "sources": {"a": "A"}, "releases": [)" +
         releases + R"(], "builds": [)" + builds + "]}";
}

std::vector<std::string> findings(const std::vector<EmbeddedFile>& files) {
  std::vector<std::string> lines;
  for (const CatalogFinding& finding : berth::check_catalog(files)) {
    lines.push_back(std::string(name_of(finding.level)) + " " + finding.code + " " + finding.file +
                    " " + finding.row);
  }
  return lines;
}

constexpr const char* kGoodBuild =
    R"({"release": "2.3.1", "name": "cu121", "cuda": "12.1", "default": true, "sm": "80 90", "source": "a"})";

}  // namespace

TEST_CASE("files that go together have no finding") {
  const std::string content = torch(kGoodBuild);
  REQUIRE(findings({{"cuda.json", kCuda}, {"torch.json", content}}).empty());
}

TEST_CASE("the embedded catalogue has no error among its findings") {
  for (const CatalogFinding& finding : berth::check_catalog(berth::embedded_files())) {
    INFO(finding.file << " " << finding.row << " " << finding.text);
    REQUIRE(finding.level != CatalogFinding::Level::error);
  }
}

TEST_CASE("each thing that does not go together is a finding of its own") {
  const std::string beyond = torch(
      R"({"release": "2.3.1", "name": "cu121", "cuda": "12.1", "default": true, "sm": "80 120", "source": "a"})");
  REQUIRE(findings({{"cuda.json", kCuda}, {"torch.json", beyond}}) ==
          std::vector<std::string>{"error capability-outside-cuda torch.json builds[0]"});
  const std::string new_cuda = torch(
      R"({"release": "2.3.1", "name": "cu131", "cuda": "13.1", "default": true, "sm": "80", "source": "a"})");
  REQUIRE(findings({{"cuda.json", kCuda}, {"torch.json", new_cuda}}) ==
          std::vector<std::string>{"warning cuda-unknown torch.json builds[0]"});
  const std::string bare = torch("");
  REQUIRE(findings({{"cuda.json", kCuda}, {"torch.json", bare}}) ==
          std::vector<std::string>{"warning release-without-build torch.json releases[0]"});
}

TEST_CASE("a file that does not load does not hide what is wrong in the others") {
  const std::string bare = torch("");
  REQUIRE(findings({{"cuda.json", "{"}, {"torch.json", bare}}) ==
          std::vector<std::string>{"error unreadable cuda.json ",
                                   "warning release-without-build torch.json releases[0]"});
}

namespace {

std::vector<std::string> texts(const std::vector<EmbeddedFile>& files,
                               const std::string& today = {}) {
  std::vector<std::string> lines;
  for (const CatalogFinding& finding : berth::check_catalog(files, today)) {
    if (finding.level == CatalogFinding::Level::error || finding.code == "not-checked" ||
        finding.code == "date-in-future") {
      lines.push_back(finding.code + " " + finding.row + ": " + finding.text);
    }
  }
  return lines;
}

std::string images(const std::string& rows) {
  return R"({"kind": "images", "publisher": "official", "updated": "2026-01-01",
    "sources": {"a": "A"}, "repository": "pytorch/pytorch", "images": [)" +
         rows + "]}";
}

std::string image(const std::string& tag, const std::string& cuda, const std::string& release) {
  return R"({"tag": ")" + tag + R"(", "frameworks": {"torch": ")" + release +
         R"("}, "flavor": "runtime", "cuda": ")" + cuda +
         R"(", "evidence": "listed", "source": "a"})";
}

}  // namespace

TEST_CASE("dates that are no days, or lie behind what they are written in") {
  const auto released = [](const std::string& date) {
    const std::string content =
        torch(kGoodBuild, R"({"version": "2.3.1", "python_min": "3.8", "source": "a",
                              "released": ")" +
                              date + R"("})");
    return texts({{"cuda.json", kCuda}, {"torch.json", content}}, "2026-06-01");
  };
  CHECK(released("2024-02-29").empty());
  CHECK(released("2024-06").empty());
  CHECK(released("2023-02-29") ==
        std::vector<std::string>{"date-impossible releases[0]: `released` is 2023-02-29, "
                                 "which is no day"});
  CHECK(released("2024-13").size() == 1);
  CHECK(released("2026-01-02") ==
        std::vector<std::string>{"date-after-update releases[0]: `released` is 2026-01-02, "
                                 "and the file is of 2026-01-01"});
  const std::string good = torch(kGoodBuild);
  CHECK(texts({{"torch.json", good}}, "2025-12-31") ==
        std::vector<std::string>{
            "date-in-future : `updated` is 2026-01-01, and today is 2025-12-31"});
}

TEST_CASE("ranges that end before they begin") {
  const std::string pythons =
      torch(kGoodBuild,
            R"({"version": "2.3.1", "python_min": "3.12", "python_max": "3.9", "source": "a"})");
  CHECK(texts({{"torch.json", pythons}}) ==
        std::vector<std::string>{
            "range-inverted releases[0]: `python_min` is 3.12, and `python_max` is 3.9"});
  const auto cuda = [](const std::string& toolkits) {
    return R"({"kind": "cuda", "updated": "2026-01-01", "sources": {"a": "A"}, "toolkits": [)" +
           toolkits + R"(], "minor_version_floors": [], "coverage": []})";
  };
  const std::string bundled =
      cuda(R"({"cuda": "12.1", "driver": "530.30.02", "bundled_driver": "525.60", "source": "a"})");
  CHECK(texts({{"cuda.json", bundled}}).size() == 1);
  const std::string toolkits = cuda(R"({"cuda": "12.1", "driver": "530.30.02", "source": "a"},
      {"cuda": "12.2", "driver": "450.80.02", "source": "a"},
      {"cuda": "12.3", "driver": "545.23", "source": "a"})");
  CHECK(texts({{"cuda.json", toolkits}}) ==
        std::vector<std::string>{"range-inverted toolkits[1]: cuda 12.2 has driver 450.80.02, and "
                                 "cuda 12.1 has 530.30.02 (toolkits[0])"});
}

TEST_CASE("rows that contradict each other are told with both places and what they say") {
  const std::string good = torch(kGoodBuild);
  const std::string tags =
      images(image("2.3.1-a", "12.1", "2.3.1") + "," + image("2.3.1-a", "12.4", "2.3.1"));
  CHECK(texts({{"cuda.json", kCuda}, {"torch.json", good}, {"images.json", tags}}) ==
        std::vector<std::string>{
            "row-twice images[1]: `pytorch/pytorch:2.3.1-a` is there already: images.json, "
            "images[0]; they contradict each other: cuda is 12.1 and 12.4"});
  const std::string builds =
      torch(std::string(kGoodBuild) + R"(, {"release": "2.3.1", "name": "cu121", "cuda": "12.4",
                                            "sm": "80 90", "source": "a"})");
  CHECK(texts({{"cuda.json", kCuda}, {"torch.json", builds}}) ==
        std::vector<std::string>{"row-twice builds[1]: `2.3.1 cu121` is there already: torch.json, "
                                 "builds[0]; they contradict each other: cuda is 12.1 and 12.4"});
  const std::string tag = images(image("2.3.1-cuda12.4-cudnn9-runtime", "12.1", "2.3.1"));
  CHECK(texts({{"cuda.json", kCuda}, {"torch.json", good}, {"images.json", tag}}) ==
        std::vector<std::string>{"tag-contradicts images[0]: the tag "
                                 "`2.3.1-cuda12.4-cudnn9-runtime` says CUDA 12.4, the row 12.1"});
}

TEST_CASE("two rows of nvidia/cuda that stand for one tag") {
  const std::string content = R"({"kind": "cuda-images", "repository": "nvidia/cuda",
    "updated": "2026-01-01", "sources": {"a": "A"}, "tags": [
    {"cuda": "12.1.1", "flavors": ["base", "devel"], "os": ["ubuntu22.04"], "evidence": "listed",
     "source": "a"},
    {"cuda": "12.1.1", "flavors": ["devel"], "os": ["ubuntu22.04", "ubuntu20.04"],
     "evidence": "withdrawn", "source": "a"}]})";
  CHECK(texts({{"nvidia.json", content}}) ==
        std::vector<std::string>{
            "row-twice tags[1]: `nvidia/cuda:12.1.1-devel-ubuntu22.04` is there already: "
            "nvidia.json, tags[0]; they contradict each other: evidence is listed and withdrawn"});
}

TEST_CASE("one broken row is one message, and what follows from it is counted") {
  const std::string rows =
      images(image("2.3.1-a", "12.1", "2.3.1") + "," + image("2.3.1-b", "12.1", "2.3.1") + "," +
             image("2.3.1-c", "12.1", "2.3.1"));
  const std::string broken =
      torch(kGoodBuild, R"({"version": "two", "python_min": "3.8", "source": "a"})");
  const std::vector<std::string> lines =
      texts({{"cuda.json", kCuda}, {"torch.json", broken}, {"images.json", rows}});
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with("unreadable : "));
  CHECK(lines[1] ==
        "not-checked : 3 findings about what may be in the unreadable files are left out: mend "
        "those first");
  const std::string other = torch("", R"({"version": "2.4.0", "source": "a"})");
  CHECK(texts({{"cuda.json", kCuda}, {"torch.json", other}, {"images.json", rows}}) ==
        std::vector<std::string>{
            "image-without-release images[0]: torch 2.3.1 is not among the releases (and 2 more "
            "rows)"});
}

TEST_CASE("a difference is told by what identifies a row, not by its place") {
  const std::string before = torch(kGoodBuild);
  const std::string after = torch(
      R"({"release": "2.4.0", "name": "cu121", "cuda": "12.1", "source": "a"},
         {"release": "2.3.1", "name": "cu121", "cuda": "12.1", "default": true, "sm": "80", "source": "a"})",
      R"({"version": "2.4.0", "source": "a"}, {"version": "2.3.1", "python_min": "3.8", "source": "a"})");
  std::vector<std::string> lines;
  for (const berth::CatalogChange& change :
       berth::diff_catalogs({{"torch.json", before}}, {{"torch.json", after}})) {
    lines.push_back(std::string(name_of(change.kind)) + " " + change.row +
                    (change.fields.empty() ? "" : " " + change.fields.front()));
  }
  REQUIRE(lines == std::vector<std::string>{"added releases 2.4.0", "added builds 2.4.0 cu121",
                                            "changed builds 2.3.1 cu121 sm: 80 90 -> 80"});
}

TEST_CASE("facts of different files about one thing go together") {
  constexpr const char* kDrivers =
      R"({"kind": "drivers", "updated": "2026-01-01", "sources": {"a": "A"},
    "branches": [{"branch": 530, "cuda": "12.0", "source": "a"}], "forward_compatibility": []})";
  constexpr const char* kGpus =
      R"({"kind": "gpus", "updated": "2026-01-01", "sources": {"a": "A"},
    "capabilities": [{"value": "8.6", "architecture": "Ampere", "source": "a"}],
    "models": [{"name": "GeForce RTX 3090", "capability": "8.6", "source": "a"},
               {"name": "RTX 3090", "capability": "8.6", "source": "a"}]})";
  constexpr const char* kLibrary =
      R"({"kind": "library", "updated": "2026-01-01", "sources": {"a": "A"}, "name": "xformers",
    "packages": ["xformers", "torch"], "framework": "torch",
    "releases": [{"version": "0.1", "requires": "==2.3.1", "source": "a"}]})";
  const std::string content = torch(kGoodBuild);
  const std::vector<std::string> found = findings({{"cuda.json", kCuda},
                                                   {"drivers.json", kDrivers},
                                                   {"gpus.json", kGpus},
                                                   {"torch.json", content},
                                                   {"xformers.json", kLibrary}});
  for (const char* line : {"error toolkit-beyond-driver  toolkits", "error gpu-names-alike  models",
                           "error package-twice  packages"}) {
    INFO(line);
    REQUIRE(std::count(found.begin(), found.end(), line) == 1);
  }
}
