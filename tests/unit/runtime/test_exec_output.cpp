// What the engine says in the place of a command's output.
#include <poll.h>

#include <array>
#include <memory>
#include <string>

#include "runtime/exec_output.hpp"
#include "support/catch.hpp"
#include "support/fake_engine.hpp"

using namespace berth::runtime;
using berth::test::FakeContainer;
using berth::test::FakeEngine;

namespace {

struct Read {
  std::string bytes;
  std::string refusal;
};

// All that a reader sees of a command that writes this and ends with that exit code.
Read read_all(const std::string& output, int code, bool error_stream, bool tty) {
  FakeEngine engine;
  engine.exec_command = [&](FakeContainer& command) {
    command.report_exit(code);
    if (tty) {
      command.raw(output);
    } else if (error_stream) {
      command.err(output);
    } else {
      command.out(output);
    }
    command.end_output();
  };
  const std::shared_ptr<std::string> refusal = std::make_shared<std::string>();
  const std::unique_ptr<AttachedStream> stream = without_refusal(
      std::move(engine.start_exec("exec", tty)).value(), engine, "exec", tty, refusal);
  Read all;
  std::array<std::byte, 700> buffer{};
  while (true) {
    const AttachedStream::ReadResult result = stream->read(buffer).value();
    if (result.state == AttachedStream::ReadState::end) {
      all.refusal = *refusal;
      return all;
    }
    if (result.state == AttachedStream::ReadState::would_block) {
      pollfd waiting{stream->poll_fd(), POLLIN, 0};
      REQUIRE(::poll(&waiting, 1, 5000) == 1);
    }
    all.bytes.append(reinterpret_cast<const char*>(buffer.data()), result.count);
  }
}

const std::string kDockers = R"(OCI runtime exec failed: exec: "x": executable file not found)";
const std::string kPodmans = R"(Error: runc: exec failed: exec: "x": is a directory)";

}  // namespace

TEST_CASE("the engine's refusal is no output of the command") {
  for (const bool tty : {false, true}) {
    const Read docker = read_all(kDockers + "\r\n", 127, false, tty);
    REQUIRE(docker.bytes.empty());
    REQUIRE(docker.refusal == kDockers);
    const Read podman = read_all(kPodmans + "\nError: read unixpacket\n", 125, true, tty);
    REQUIRE(podman.bytes.empty());
    REQUIRE(podman.refusal == kPodmans);
  }
}

TEST_CASE("a command's own output passes, also where it reads like the engine's") {
  const Read plain = read_all("hello\n", 127, false, true);
  REQUIRE(plain.bytes == "hello\n");
  REQUIRE(plain.refusal.empty());
  const Read quoting = read_all(kDockers + "\n", 0, false, true);
  REQUIRE(quoting.bytes == kDockers + "\n");
  REQUIRE(quoting.refusal.empty());
  const std::string much = kDockers + std::string(200'000, 'x');
  REQUIRE(read_all(much, 127, false, true).bytes == much);
  REQUIRE(read_all("framed", 0, false, false).bytes.size() == 8 + 6);
  REQUIRE(read_all("", 127, false, true).bytes.empty());
}
