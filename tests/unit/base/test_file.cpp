#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

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

TEST_CASE("a pipe that nobody writes to is an error, not a wait") {
  const std::filesystem::path pipe =
      std::filesystem::temp_directory_path() / ("berth-test-pipe-" + std::to_string(::getpid()));
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const berth::Error nobody = berth::read_file(pipe).error();
  REQUIRE(nobody.code == berth::Errc::io);
  REQUIRE(nobody.message == "`" + pipe.string() + "` is a pipe, and nobody writes anything to it");
  const berth::Error irregular = berth::read_regular_file(pipe).error();
  REQUIRE(irregular.message == "`" + pipe.string() + "` is no regular file");
  std::filesystem::remove(pipe);
}

TEST_CASE("a pipe is read while somebody has it open, however slowly they write") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const berth::UniqueFd reading(ends[0]);
  berth::UniqueFd writing(ends[1]);
  std::thread writer([&writing] {
    for (const char* part : {"one ", "two"}) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      (void)!::write(writing.get(), part, std::strlen(part));
    }
    writing.reset();
  });
  const berth::Result<std::string> content =
      berth::read_file("/dev/fd/" + std::to_string(reading.get()));
  writer.join();
  REQUIRE(content.value() == "one two");
}
