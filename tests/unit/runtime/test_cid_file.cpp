// --cidfile: claimed first, and there only where a container is.
#include "berth/runtime/cid_file.hpp"

#include "berth/base/file.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace berth;
using namespace berth::runtime;

TEST_CASE("the file of a container's id stays, and holds the id without a newline") {
  const berth::test::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "run.cid";
  {
    Result<CidFile> file = CidFile::claim(path);
    REQUIRE(file);
    CHECK(std::filesystem::exists(path));
    REQUIRE(file->write("0123abcd"));
  }
  CHECK(read_file(path) == "0123abcd");
}

TEST_CASE("a run without a container leaves no file") {
  const berth::test::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "run.cid";
  {
    Result<CidFile> file = CidFile::claim(path);
    REQUIRE(file);
    const CidFile moved = std::move(*file);
    CHECK(std::filesystem::exists(path));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("another run's file is left alone") {
  const berth::test::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "run.cid";
  REQUIRE(write_file_atomically(path, "theirs"));
  const Result<CidFile> refused = CidFile::claim(path);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::invalid_input);
  CHECK(refused.error().id == "cid-file-exists");
  CHECK(read_file(path) == "theirs");
  CHECK(CidFile::claim(folder.path() / "absent" / "run.cid").error().code == Errc::io);
}
