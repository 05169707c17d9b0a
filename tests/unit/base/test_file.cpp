#include <unistd.h>

#include <filesystem>

#include "berth/base/file.hpp"
#include "support/catch.hpp"

TEST_CASE("a file is written whole and read whole") {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("berth-test-file-" + std::to_string(::getpid()));
  const std::string content(200'000, 'x');
  REQUIRE(berth::write_file_atomically(path, content));
  REQUIRE(berth::read_file(path).value() == content);
  REQUIRE(berth::read_file(path, 1000).error().code == berth::Errc::invalid_input);
  std::filesystem::remove(path);
}

TEST_CASE("what cannot be read says which path and why") {
  const berth::Error absent = berth::read_file("/no/such/file").error();
  REQUIRE(absent.code == berth::Errc::not_found);
  REQUIRE(absent.message == "cannot read `/no/such/file`: No such file or directory");
  REQUIRE(berth::read_file("/").error().code == berth::Errc::io);
  REQUIRE(berth::read_file("/dev/zero", 1 << 20).error().code == berth::Errc::invalid_input);
  REQUIRE(berth::write_file_atomically("/no/such/folder/file", "x").error().code ==
          berth::Errc::not_found);
}
