// What is done with containers that are there, against a scripted engine: the list, the state, the
// log, stopping, what they use, further commands.
#include <poll.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "berth/runtime/engine.hpp"
#include "support/catch.hpp"
#include "support/fake_engine_server.hpp"

using berth::Errc;
using berth::runtime::AttachedStream;
using berth::runtime::ContainerState;
using berth::runtime::ContainerStats;
using berth::runtime::ContainerSummary;
using berth::runtime::Engine;
using berth::runtime::ExecSpec;
using berth::runtime::ExecState;
using berth::runtime::LogOptions;
using berth::test::client_of;
using berth::test::FakeConnection;
using berth::test::FakeEngineServer;
using berth::test::FakeRequest;

namespace {

using namespace std::chrono_literals;

std::string read_all(AttachedStream& stream) {
  std::string all;
  std::array<std::byte, 1000> buffer{};
  while (true) {
    const AttachedStream::ReadResult result = stream.read(buffer).value();
    if (result.state == AttachedStream::ReadState::end) {
      return all;
    }
    if (result.state == AttachedStream::ReadState::would_block) {
      pollfd waiting{stream.poll_fd(), POLLIN, 0};
      REQUIRE(::poll(&waiting, 1, 5000) == 1);
    }
    all.append(reinterpret_cast<const char*>(buffer.data()), result.count);
  }
}

constexpr const char* kContainer = R"({
  "Id":"abc","Name":"/train","Image":"sha256:1","Created":"2026-08-01T11:59:59Z",
  "State":{"Status":"exited","Running":false,"ExitCode":137,"OOMKilled":true,"Error":"why","Pid":0,
           "StartedAt":"2026-08-01T12:00:00.5Z","FinishedAt":"0001-01-01T00:00:00Z"},
  "Config":{"Image":"torch:1","Tty":true,"OpenStdin":true,"Labels":{"org.berth.run":"r"},
            "Entrypoint":["/entry"],"Cmd":["python","a b.py"],"StopTimeout":30},
  "HostConfig":{"AutoRemove":true,"Memory":4096,"LogConfig":{"Type":"none","Config":null}}})";

constexpr const char* kLogs = "GET /containers/abc/logs";

}  // namespace

TEST_CASE("a container's state has what it is, what it runs and when") {
  FakeEngineServer server;
  server.answer("GET /containers/abc/json", 200, kContainer);
  const std::unique_ptr<Engine> engine = client_of(server);
  const ContainerState state = engine->inspect_container("abc").value().value();
  REQUIRE_FALSE(state.running);
  REQUIRE(state.exit_code == 137);
  REQUIRE(state.oom_killed);
  REQUIRE(state.error == "why");
  REQUIRE(state.status == "exited");
  REQUIRE(state.created_at == "2026-08-01T11:59:59Z");
  REQUIRE(state.started_at == "2026-08-01T12:00:00.5Z");
  REQUIRE(state.finished_at.empty());  // Go's zero time: never
  REQUIRE(state.id == "abc");
  REQUIRE(state.name == "train");
  REQUIRE(state.image == "torch:1");
  REQUIRE(state.image_id == "sha256:1");
  REQUIRE(state.tty);
  REQUIRE(state.open_stdin);
  REQUIRE(state.auto_remove);
  REQUIRE(state.log_driver == "none");
  REQUIRE(state.memory_limit == 4096);
  REQUIRE(state.stop_timeout == 30s);
  REQUIRE(state.labels.at("org.berth.run") == "r");
  REQUIRE(state.command == std::vector<std::string>{"/entry", "python", "a b.py"});
  REQUIRE(engine->inspect_raw("abc").value() == std::optional<std::string>(kContainer));
  REQUIRE_FALSE(engine->inspect_raw("gone").value().has_value());
}

TEST_CASE("the list asks for labels and gives the newest first") {
  FakeEngineServer server;
  server.answer("GET /containers/json", 200, R"json([
    {"Id":"1","Names":["/old"],"Created":5,"State":"exited","Status":"Exited (3)"},
    {"Id":"2","Names":["/other/link","/new"],"Image":"i","ImageID":"sha256:1","Command":"sh -c 'x'",
     "Created":9,"State":"running","Status":"Up 2 seconds","Labels":{"org.berth.run":"r"}},
    {"Id":"3","Names":null,"Created":5,"Labels":null}])json");
  const std::unique_ptr<Engine> engine = client_of(server);
  const std::vector<ContainerSummary> rows =
      engine->list_containers({"org.berth.run", "org.berth.job=eval & co"}, true).value();
  REQUIRE(server.last("GET /containers/json").target ==
          "/v1.41/containers/json?all=1&filters=%7B%22label%22:%5B%22org.berth.run%22%2C"
          "%22org.berth.job%3Deval%20%26%20co%22%5D%7D");
  REQUIRE(rows.size() == 3);
  REQUIRE(rows[0].id == "2");
  REQUIRE(rows[0].name == "new");
  REQUIRE(rows[0].image == "i");
  REQUIRE(rows[0].image_id == "sha256:1");
  REQUIRE(rows[0].command == "sh -c 'x'");
  REQUIRE(rows[0].created == 9);
  REQUIRE(rows[0].state == "running");
  REQUIRE(rows[0].status == "Up 2 seconds");
  REQUIRE(rows[0].labels.at("org.berth.run") == "r");
  REQUIRE(rows[1].id == "1");  // of the same second: in the engine's order
  REQUIRE(rows[2].id == "3");
  REQUIRE(engine->list_containers({}, false));
  REQUIRE(server.last("GET /containers/json").target.find("all=0") != std::string::npos);
  for (const char* body : {"{}", "[{}]", R"([{"Id":1}])", R"([{"Id":"1","Names":"x"}])", "[", ""}) {
    server.answer("GET /containers/json", 200, body);
    INFO(body);
    REQUIRE(engine->list_containers({}, true).error().code == Errc::engine_failed);
  }
}

TEST_CASE("a log comes in one piece over a connection of its own") {
  FakeEngineServer server;
  server.script(kLogs, [](const FakeRequest&, FakeConnection& connection) {
    connection.send("HTTP/1.0 200 OK\r\n\r\nfirst");
    std::this_thread::sleep_for(2ms);
    connection.send(" and last");
    connection.close();
  });
  const std::unique_ptr<Engine> engine = client_of(server);
  const std::unique_ptr<AttachedStream> stream =
      std::move(engine->logs("abc", {.follow = true,
                                     .since = "17.5",
                                     .until = "18",
                                     .tail = 3,
                                     .timestamps = true,
                                     .stderr_stream = false}))
          .value();
  REQUIRE(read_all(*stream) == "first and last");
  REQUIRE(server.last(kLogs).target ==
          "/v1.41/containers/abc/logs?follow=1&stdout=1&stderr=0&timestamps=1&since=17.5&until=18"
          "&tail=3");
  REQUIRE(engine->logs("abc", {}));
  REQUIRE(server.last(kLogs).target ==
          "/v1.41/containers/abc/logs?follow=0&stdout=1&stderr=1&timestamps=0");
}

TEST_CASE("a log that cannot be read is an error with the engine's words") {
  FakeEngineServer server;
  const std::unique_ptr<Engine> engine = client_of(server);
  REQUIRE(engine->logs("gone", {}).error().code == Errc::not_found);
  server.answer(kLogs, 501, R"({"message":"configured logging driver does not support reading"})");
  const berth::Error error = engine->logs("abc", {}).error();
  REQUIRE(error.code == Errc::engine_failed);
  REQUIRE(error.notes.front().find("does not support reading") != std::string::npos);
  server.answer_raw(kLogs, "HTTP/1.0 200 OK\r\n");
  REQUIRE(engine->logs("abc", {}).error().code == Errc::engine_failed);
  // Chunks would get into the output.
  server.answer_raw(kLogs, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
  REQUIRE(engine->logs("abc", {}).error().code == Errc::engine_failed);
  server.hang(kLogs);
  REQUIRE(client_of(server, 400ms)->logs("abc", {}).error().id == "engine-timeout");
}

TEST_CASE("stop passes on signal and grace, and is content where nothing runs") {
  FakeEngineServer server;
  server.answer("GET /_ping", 200, "OK", "Api-Version: 1.51\r\n");
  server.answer("POST /containers/abc/stop", 204, "");
  const std::unique_ptr<Engine> engine = client_of(server);
  REQUIRE(engine->stop("abc", std::nullopt, 7s));
  REQUIRE(server.last("POST /containers/abc/stop").target == "/v1.51/containers/abc/stop?t=7");
  REQUIRE(engine->stop("abc", "INT", 7s));
  REQUIRE(server.last("POST /containers/abc/stop").target ==
          "/v1.51/containers/abc/stop?signal=INT&t=7");
  REQUIRE(engine->stop("abc", std::nullopt, std::nullopt));
  server.answer("POST /containers/abc/stop", 304, "");
  REQUIRE(engine->stop("abc", std::nullopt, 0s));
  REQUIRE(engine->stop("gone", std::nullopt, 0s).error().code == Errc::not_found);
}

TEST_CASE("a stop may take as long as its grace") {
  FakeEngineServer server;
  server.script("POST /containers/abc/stop", [](const FakeRequest&, FakeConnection& connection) {
    std::this_thread::sleep_for(600ms);
    connection.reply(204, "");
  });
  REQUIRE(client_of(server, 300ms)->stop("abc", std::nullopt, 2s));
}

TEST_CASE("an engine whose stop takes no signal gets it by itself") {
  FakeEngineServer server;  // API 1.41
  server.answer("POST /containers/abc/kill", 204, "");
  server.answer("POST /containers/abc/wait", 200, R"({"StatusCode":0})");
  server.answer("POST /containers/abc/stop", 304, "");
  const std::unique_ptr<Engine> engine = client_of(server);
  REQUIRE(engine->stop("abc", "INT", 9s));
  std::vector<std::string> targets;
  for (const FakeRequest& request : server.requests()) {
    targets.push_back(request.target);
  }
  REQUIRE(targets == std::vector<std::string>{"/_ping", "/v1.41/containers/abc/kill?signal=INT",
                                              "/v1.41/containers/abc/wait?condition=not-running",
                                              "/v1.41/containers/abc/stop?t=0"});
  // One that outlives the grace is stopped all the same.
  server.hang("POST /containers/abc/wait");
  REQUIRE(engine->stop("abc", "INT", 0s));
  REQUIRE(server.requests().back().target == "/v1.41/containers/abc/stop?t=0");
}

TEST_CASE("what a container uses is summed up") {
  FakeEngineServer server;
  server.answer("GET /containers/abc/stats", 200, R"({"read":"2026-08-01T12:00:00Z",
    "cpu_stats":{"cpu_usage":{"total_usage":2000000000},"online_cpus":4},
    "memory_stats":{"usage":5000,"max_usage":9000,"limit":18446744073709551615,
                    "stats":{"inactive_file":1,"total_inactive_file":2000}},
    "pids_stats":{"current":7},
    "networks":{"eth0":{"rx_bytes":1,"tx_bytes":2},"eth1":{"rx_bytes":10,"tx_bytes":20}},
    "blkio_stats":{"io_service_bytes_recursive":[{"op":"Read","value":100},{"op":"read","value":5},
                   {"op":"Write","value":300},{"op":"Total","value":405}]}})");
  const std::unique_ptr<Engine> engine = client_of(server);
  const ContainerStats stats = engine->stats("abc").value().value();
  REQUIRE(server.last("GET /containers/abc/stats").target ==
          "/v1.41/containers/abc/stats?stream=0&one-shot=1");
  REQUIRE(stats.cpu_nanoseconds == 2'000'000'000);
  REQUIRE(stats.online_cpus == 4);
  REQUIRE(stats.memory_bytes == 3000);
  REQUIRE(stats.memory_peak == 9000);
  REQUIRE(stats.memory_limit == 18446744073709551615u);
  REQUIRE(stats.pids == 7);
  REQUIRE(stats.network_received == 11);
  REQUIRE(stats.network_sent == 22);
  REQUIRE(stats.block_read == 105);
  REQUIRE(stats.block_written == 300);
}

TEST_CASE("what does not run uses nothing that could be shown") {
  FakeEngineServer server;
  const std::unique_ptr<Engine> engine = client_of(server);
  REQUIRE_FALSE(engine->stats("gone").value().has_value());
  server.answer("GET /containers/abc/stats", 200,
                R"({"read":"0001-01-01T00:00:00Z","memory_stats":{},"pids_stats":{}})");
  REQUIRE_FALSE(engine->stats("abc").value().has_value());
  server.answer("GET /containers/abc/stats", 200,  // Podman
                R"({"cause":"container is stopped","message":"…","response":500})");
  REQUIRE_FALSE(engine->stats("abc").value().has_value());
  server.answer("GET /containers/abc/stats", 200,
                R"({"read":"2026-08-01T12:00:00Z","memory_stats":{"usage":"much"}})");
  REQUIRE(engine->stats("abc").error().code == Errc::engine_failed);
}

TEST_CASE("a further command is described to the engine as it was asked for") {
  FakeEngineServer server;
  server.answer("POST /containers/abc/exec", 201, R"({"Id":"e1"})");
  const std::unique_ptr<Engine> engine = client_of(server);
  const ExecSpec full{.command = {"sh", "-c", "x"},
                      .environment = {"A=b"},
                      .workdir = "/w",
                      .user = "1:2",
                      .tty = true,
                      .open_stdin = false,
                      .privileged = true,
                      .detach_keys = "ctrl-x",
                      .console_size = berth::ContainerSpec::ConsoleSize{24, 80}};
  REQUIRE(engine->create_exec("abc", full).value() == "e1");
  REQUIRE(server.last("POST /containers/abc/exec").body ==
          R"({"Cmd":["sh","-c","x"],"Env":["A=b"],"WorkingDir":"/w","User":"1:2",)"
          R"("DetachKeys":"ctrl-x","Tty":true,"Privileged":true,"AttachStdin":false,)"
          R"("AttachStdout":true,"AttachStderr":true,"ConsoleSize":[24,80]})");
  REQUIRE(engine->create_exec("abc", {.command = {"ls"}}));
  REQUIRE(server.last("POST /containers/abc/exec").body ==
          R"({"Cmd":["ls"],"Tty":false,"Privileged":false,"AttachStdin":true,)"
          R"("AttachStdout":true,"AttachStderr":true})");
  REQUIRE(engine->create_exec("abc", {.command = {"\xff"}}).error().code == Errc::invalid_input);
  REQUIRE(engine->create_exec("gone", full).error().code == Errc::not_found);
  server.answer("POST /containers/abc/exec", 409, R"({"message":"is not running"})");
  REQUIRE(engine->create_exec("abc", full).error().code == Errc::engine_failed);
}

TEST_CASE("a further command is started attached and leaves its exit code") {
  FakeEngineServer server;
  server.script("POST /exec/e1/start", [](const FakeRequest& request, FakeConnection& connection) {
    connection.upgrade();
    connection.send(request.body + connection.receive_all());
    connection.close();
  });
  server.answer("GET /exec/e1/json", 200, R"({"Running":false,"ExitCode":3,"Pid":17})");
  server.answer("GET /exec/e2/json", 200, R"({"Running":true,"ExitCode":null,"Pid":18})");
  server.answer("POST /exec/e1/resize", 200, "");
  const std::unique_ptr<Engine> engine = client_of(server);
  const std::unique_ptr<AttachedStream> stream = std::move(engine->start_exec("e1", true)).value();
  REQUIRE(server.last("POST /exec/e1/start").headers.at("content-type") == "application/json");
  const std::string_view input = "in";
  REQUIRE(stream->write(std::as_bytes(std::span(input))).value() == input.size());
  REQUIRE(stream->close_write());
  REQUIRE(read_all(*stream) == R"({"Detach":false,"Tty":true}in)");
  const ExecState ended = engine->inspect_exec("e1").value();
  REQUIRE_FALSE(ended.running);
  REQUIRE(ended.exit_code == 3);
  REQUIRE(ended.pid == 17);
  REQUIRE(engine->inspect_exec("e2").value().running);
  REQUIRE(engine->resize_exec("e1", {24, 80}));
  REQUIRE(server.last("POST /exec/e1/resize").target == "/v1.41/exec/e1/resize?h=24&w=80");
  REQUIRE_FALSE(engine->resize_exec("e2", {24, 80}));
  REQUIRE(engine->inspect_exec("gone").error().code == Errc::not_found);
  server.answer("POST /exec/e1/start", 409, R"({"message":"the container is paused"})");
  REQUIRE(engine->start_exec("e1", false).error().code == Errc::engine_failed);
}
