// attach and wait against a scripted engine.
#include <poll.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "berth/runtime/engine.hpp"
#include "support/catch.hpp"
#include "support/fake_engine_server.hpp"

using berth::Errc;
using berth::Error;
using berth::Result;
using berth::runtime::AttachedStream;
using berth::runtime::AttachOptions;
using berth::runtime::Engine;
using berth::runtime::ExitStatus;
using berth::runtime::PendingExit;
using berth::runtime::WaitCondition;
using berth::test::client_of;
using berth::test::FakeConnection;
using berth::test::FakeEngineServer;
using berth::test::FakeRequest;

namespace {

using namespace std::chrono_literals;

bool readable(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, 5000) == 1;
}

// All that comes until the end.
std::string read_all(AttachedStream& stream) {
  std::string all;
  std::array<std::byte, 1000> buffer{};
  while (true) {
    const AttachedStream::ReadResult result = stream.read(buffer).value();
    if (result.state == AttachedStream::ReadState::end) {
      return all;
    }
    if (result.state == AttachedStream::ReadState::would_block) {
      REQUIRE(readable(stream.poll_fd()));
    }
    all.append(reinterpret_cast<const char*>(buffer.data()), result.count);
  }
}

void write_all(AttachedStream& stream, std::string_view text) {
  std::span<const std::byte> left = std::as_bytes(std::span(text));
  while (!left.empty()) {
    const std::size_t count = stream.write(left).value();
    left = left.subspan(count);
    if (count == 0) {
      pollfd waiting{stream.poll_fd(), POLLOUT, 0};
      REQUIRE(::poll(&waiting, 1, 5000) == 1);
    }
  }
}

constexpr const char* kAttach = "POST /containers/abc/attach";
constexpr const char* kWait = "POST /containers/abc/wait";
constexpr std::string_view kUpgraded =
    "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

}  // namespace

TEST_CASE("attach asks for an upgrade of the streams that are wanted") {
  FakeEngineServer server;
  server.script(kAttach, [](const FakeRequest&, FakeConnection& connection) {
    connection.upgrade();
    connection.close();
  });
  REQUIRE(client_of(server)->attach(
      "abc", {.stdin_stream = true, .stdout_stream = true, .stderr_stream = false}));
  const FakeRequest request = server.last(kAttach);
  REQUIRE(request.target == "/v1.41/containers/abc/attach?stream=1&stdin=1&stdout=1&stderr=0");
  REQUIRE(request.headers.at("upgrade") == "tcp");
  REQUIRE(request.headers.at("connection") == "Upgrade");
  REQUIRE(client_of(server)->attach("abc", {.detach_keys = "ctrl-x,@"}));
  REQUIRE(server.last(kAttach).target ==
          "/v1.41/containers/abc/attach?stream=1&stdin=0&stdout=1&stderr=1&detachKeys=ctrl-x%2C@");
}

TEST_CASE("bytes right behind the header belong to the stream, wherever the packets end") {
  const std::string bytes = std::string(kUpgraded) + "early";
  for (std::size_t cut = 1; cut <= bytes.size(); cut += 3) {
    FakeEngineServer server;
    server.script(kAttach, [&](const FakeRequest&, FakeConnection& connection) {
      connection.send(std::string_view(bytes).substr(0, cut));
      std::this_thread::sleep_for(2ms);
      connection.send(bytes.substr(cut) + " and late");
      connection.close();
    });
    const std::unique_ptr<Engine> engine = client_of(server);
    const std::unique_ptr<AttachedStream> stream = std::move(engine->attach("abc", {})).value();
    INFO("cut after " << cut);
    REQUIRE(read_all(*stream) == "early and late");
  }
}

TEST_CASE("both directions carry every byte, and our end leaves theirs open") {
  FakeEngineServer server;
  server.script(kAttach, [](const FakeRequest&, FakeConnection& connection) {
    connection.upgrade();
    const std::string all = connection.receive_all();  // until the half-close
    connection.send("got " + std::to_string(all.size()) + all);
    connection.close();
  });
  const std::unique_ptr<Engine> engine = client_of(server);
  const std::unique_ptr<AttachedStream> stream =
      std::move(engine->attach("abc", {.stdin_stream = true})).value();
  std::string input;
  for (int i = 0; i < 300'000; ++i) {
    input += static_cast<char>(i % 251);
  }
  write_all(*stream, input);
  REQUIRE(stream->close_write());
  REQUIRE(read_all(*stream) == "got 300000" + input);
}

TEST_CASE("a stream without news says so and does not block") {
  FakeEngineServer server;
  server.script(kAttach, [](const FakeRequest&, FakeConnection& connection) {
    connection.upgrade();
    connection.receive_all();
  });
  const std::unique_ptr<Engine> engine = client_of(server);
  const std::unique_ptr<AttachedStream> stream = std::move(engine->attach("abc", {})).value();
  std::array<std::byte, 10> buffer{};
  REQUIRE(stream->read(buffer)->state == AttachedStream::ReadState::would_block);
}

TEST_CASE("attach that is refused gives the engine's words") {
  FakeEngineServer server;
  const std::unique_ptr<Engine> engine = client_of(server);
  server.answer(kAttach, 404, R"({"message":"No such container: abc"})");
  const Error absent = engine->attach("abc", {}).error();
  REQUIRE(absent.code == Errc::not_found);
  REQUIRE(absent.notes.front() == "the engine says: No such container: abc");
  server.answer_raw(kAttach,
                    "HTTP/1.1 500 Oops\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n11\r\n{\"message\":\"why\"}\r\n0\r\n\r\n");
  REQUIRE(engine->attach("abc", {}).error().notes.front() == "the engine says: why");
  server.answer(kAttach, 500,
                R"({"message":"preparing: unresolvable CDI devices nvidia.com/gpu=7"})");
  REQUIRE(engine->attach("abc", {}).error().id == "gpu-unavailable");  // Podman, before start
  server.answer(kAttach, 200, "");
  REQUIRE(engine->attach("abc", {}).error().code == Errc::engine_failed);
}

TEST_CASE("attach to what is not the protocol, or to silence, is an error") {
  for (const char* bytes : {"220 mail.example ESMTP\r\n\r\n", "\x01\x02\x03\r\n\r\n", "",
                            "HTTP/1.1", "HTTP/9 what\r\n\r\n"}) {
    FakeEngineServer server;
    server.answer_raw(kAttach, bytes);
    INFO(bytes);
    REQUIRE(client_of(server)->attach("abc", {}).error().code == Errc::engine_failed);
  }
  FakeEngineServer server;
  server.script(kAttach, [](const FakeRequest&, FakeConnection& connection) {
    while (!connection.closed()) {
      connection.send("HTTP/1.1 101 UPGRADED and a header without end ");
    }
  });
  REQUIRE(client_of(server)->attach("abc", {}).error().code == Errc::engine_failed);
  server.hang(kAttach);
  REQUIRE(client_of(server, 400ms)->attach("abc", {}).error().id == "engine-timeout");
}

TEST_CASE("wait returns once the engine has acknowledged, and tells the exit later") {
  FakeEngineServer server;
  std::atomic<bool> exit_now = false;
  server.script(kWait, [&](const FakeRequest&, FakeConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (!exit_now) {
      std::this_thread::sleep_for(1ms);
    }
    connection.send("11\r\n{\"StatusCode\":42}\r\n0\r\n\r\n");
  });
  const std::unique_ptr<Engine> engine = client_of(server);
  const std::unique_ptr<PendingExit> pending =
      std::move(engine->wait("abc", WaitCondition::removed)).value();
  REQUIRE(server.last(kWait).target == "/v1.41/containers/abc/wait?condition=removed");
  pollfd waiting{pending->poll_fd(), POLLIN, 0};
  REQUIRE(::poll(&waiting, 1, 20) == 0);
  exit_now = true;
  REQUIRE(readable(pending->poll_fd()));
  REQUIRE(pending->get()->code == 42);
  REQUIRE(pending->get()->code == 42);
}

TEST_CASE("wait that fails is an error, at once or later") {
  FakeEngineServer server;
  const std::unique_ptr<Engine> engine = client_of(server);
  server.answer(kWait, 404, R"({"message":"No such container: abc"})");
  REQUIRE(engine->wait("abc", WaitCondition::next_exit).error().code == Errc::not_found);
  server.hang(kWait);
  REQUIRE(client_of(server, 400ms)->wait("abc", WaitCondition::next_exit).error().id ==
          "engine-timeout");

  server.answer(kWait, 200, R"({"StatusCode":125,"Error":{"Message":"the container vanished"}})");
  REQUIRE(engine->wait("abc", WaitCondition::next_exit).value()->get()->error ==
          "the container vanished");
  for (const char* body : {"{}", "[]", R"({"StatusCode":"0"})", R"({"StatusCode":0.5})", ""}) {
    server.script(kWait, [body](const FakeRequest&, FakeConnection& connection) {
      connection.reply(200, body);
    });
    const Result<std::unique_ptr<PendingExit>> pending =
        engine->wait("abc", WaitCondition::next_exit);
    INFO(body);
    const Errc code = pending ? (*pending)->get().error().code : pending.error().code;
    REQUIRE(code == Errc::engine_failed);
  }
}

TEST_CASE("a wait whose engine dies is over, with an error") {
  FakeEngineServer server;
  server.script(kWait, [](const FakeRequest&, FakeConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::this_thread::sleep_for(20ms);
    connection.close();
  });
  const std::unique_ptr<Engine> engine = client_of(server);
  const std::unique_ptr<PendingExit> pending =
      std::move(engine->wait("abc", WaitCondition::next_exit)).value();
  REQUIRE(readable(pending->poll_fd()));
  REQUIRE(pending->get().error().code == Errc::engine_failed);
}

TEST_CASE("a wait that nobody waits for any more ends at once") {
  FakeEngineServer server;
  server.script(kWait, [](const FakeRequest&, FakeConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.receive_all();
  });
  const std::unique_ptr<Engine> engine = client_of(server);
  std::unique_ptr<PendingExit> pending =
      std::move(engine->wait("abc", WaitCondition::next_exit)).value();
  const auto begin = std::chrono::steady_clock::now();
  pending.reset();
  REQUIRE(std::chrono::steady_clock::now() - begin < 800ms);
}
