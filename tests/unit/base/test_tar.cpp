#include "berth/base/tar.hpp"

#include <cstdlib>

#include "berth/base/file.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace berth;

namespace {

std::string content_of(const test::TemporaryFolder& folder, const std::string& name) {
  return read_file(folder.path() / name).value();
}

}  // namespace

// Judged by the tar that everybody has.
TEST_CASE("tar: what is written is what tar unpacks") {
  const test::TemporaryFolder folder;
  const std::string deep = std::string(60, 'a') + "/" + std::string(120, 'b') + ".txt";
  TarWriter writer;
  writer.add_file("build.sh", "#!/bin/sh\n", 0755);
  writer.add_file("empty", "");
  writer.add_file(deep, std::string(1000, 'x'));
  const std::string archive = std::move(writer).finish();
  REQUIRE(archive.size() % 512 == 0);
  folder.write("archive.tar", archive);
  const std::string root = folder.path().string();
  REQUIRE(std::system(("tar -C '" + root + "' -xf '" + root + "/archive.tar'").c_str()) == 0);
  REQUIRE(content_of(folder, "build.sh") == "#!/bin/sh\n");
  REQUIRE(content_of(folder, "empty").empty());
  REQUIRE(content_of(folder, deep) == std::string(1000, 'x'));
  const auto mode = std::filesystem::status(folder.path() / "build.sh").permissions();
  REQUIRE((mode & std::filesystem::perms::owner_exec) != std::filesystem::perms::none);
}

TEST_CASE("tar: the same files make the same archive") {
  const auto made = [] {
    TarWriter writer;
    writer.add_file("a", "1");
    return std::move(writer).finish();
  };
  REQUIRE(made() == made());
}
