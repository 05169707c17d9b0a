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
