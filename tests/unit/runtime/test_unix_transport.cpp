// Requests over a Unix socket: which connections are used again, what a bad one costs, and what
// ends the waiting.
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "berth/base/file.hpp"
#include "runtime/http_client.hpp"
#include "support/catch.hpp"
#include "support/fake_engine_server.hpp"

using berth::Errc;
using berth::Error;
using berth::Result;
using berth::UniqueFd;
using berth::runtime::HttpClient;
using berth::runtime::HttpRequest;
using berth::runtime::HttpResponse;
using berth::runtime::make_transport;
using berth::runtime::parse_endpoint;
using berth::test::FakeConnection;
using berth::test::FakeEngineServer;
using berth::test::FakeRequest;
using berth::test::TemporaryFolder;

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

HttpClient client_at(const std::string& address, std::chrono::milliseconds connect_timeout = 20s) {
  return {make_transport(parse_endpoint(address, "test").value(), connect_timeout), nullptr};
}

// A listener that takes no connection, and whose queue is full.
class FullListener {
 public:
  FullListener() : path_((folder_.path() / "engine.sock").string()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path_.begin(), path_.end(), static_cast<char*>(address.sun_path));
    const auto* name = reinterpret_cast<const sockaddr*>(&address);
    REQUIRE(::bind(listener_.get(), name, sizeof(address)) == 0);
    REQUIRE(::listen(listener_.get(), 0) == 0);
    do {
      waiting_.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    } while (::connect(waiting_.back().get(), name, sizeof(address)) == 0);
  }

  std::string address() const { return "unix://" + path_; }
  // Takes whoever waits, and closes without an answer.
  void make_room() { UniqueFd(::accept(listener_.get(), nullptr, nullptr)); }

 private:
  TemporaryFolder folder_{};
  std::string path_;
  UniqueFd listener_{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  std::vector<UniqueFd> waiting_{};
};

}  // namespace

TEST_CASE("a kept connection that closes at the next request is replaced, whatever the request") {
  FakeEngineServer server;
  std::atomic<int> count = 0;
  server.script("POST /x", [&](const FakeRequest&, FakeConnection& connection) {
    if (++count % 2 == 0) {
      connection.close();  // heard, as far as the engine knows, and not answered
    } else {
      connection.reply(200, "{}");
    }
  });
  const HttpClient client = client_at(server.address());
  REQUIRE(client.perform({.method = "POST", .target = "/x"}));
  REQUIRE(client.perform({.method = "POST", .target = "/x"}));
  REQUIRE(count == 3);
  REQUIRE(server.connection_count() == 2);
}

TEST_CASE("a request that was answered in part is not sent again") {
  FakeEngineServer server;
  server.answer("GET /y", 200, "{}");
  server.answer_raw("POST /x", "HTTP/1.1 200 OK\r\nContent-Le");
  const HttpClient client = client_at(server.address());
  REQUIRE(client.perform({.target = "/y"}));
  REQUIRE(client.perform({.method = "POST", .target = "/x"}).error().code == Errc::engine_failed);
  REQUIRE(server.requests().size() == 2);
}

TEST_CASE("a connection that closes at its first request is an error") {
  FakeEngineServer server;
  server.answer_raw("POST /x", "");
  const Error error =
      client_at(server.address()).perform({.method = "POST", .target = "/x"}).error();
  REQUIRE(error.code == Errc::engine_failed);
  REQUIRE(error.notes.front().find("during `POST /x`: ") == 0);
  REQUIRE(server.requests().size() == 1);
}

TEST_CASE("a connection with bytes behind its answer is not used again") {
  FakeEngineServer server;
  server.script("GET /x", [](const FakeRequest&, FakeConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 408 Timeout\r\n\r\n");
  });
  const HttpClient client = client_at(server.address());
  for (std::size_t i = 1; i <= 3; ++i) {
    REQUIRE(client.perform({.target = "/x"})->status == 200);
    REQUIRE(server.connection_count() == i);
  }
}

TEST_CASE("an engine's promise to close is believed") {
  FakeEngineServer server;
  server.answer("GET /x", 200, "{}", "Connection: close\r\n");
  const HttpClient client = client_at(server.address());
  REQUIRE(client.perform({.target = "/x"}));
  REQUIRE(client.perform({.target = "/x"}));
  REQUIRE(server.connection_count() == 2);
}

TEST_CASE("interim answers are passed over") {
  FakeEngineServer server;
  server.script("GET /x", [](const FakeRequest&, FakeConnection& connection) {
    connection.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n");
    connection.reply(201, "{}");
  });
  std::vector<long> told;
  HttpRequest request{.target = "/x"};
  request.on_status = [&](long status) { told.push_back(status); };
  const Result<HttpResponse> response = client_at(server.address()).perform(request);
  REQUIRE(response->status == 201);
  REQUIRE_FALSE(response->headers.contains("link"));
  REQUIRE(told == std::vector<long>{201});
}

TEST_CASE("an answer that comes before all is sent ends the sending") {
  // An engine that reads the head alone: the fake one reads all of a body.
  TemporaryFolder folder;
  const std::string path = (folder.path() / "engine.sock").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), static_cast<char*>(address.sun_path));
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
          0);
  REQUIRE(::listen(listener.get(), 1) == 0);
  std::stop_source done;
  const std::jthread engine([&] {
    const UniqueFd connection(::accept(listener.get(), nullptr, nullptr));
    FakeConnection(connection.get()).send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}");
    while (!done.stop_requested()) {
      std::this_thread::sleep_for(1ms);
    }
  });
  HttpRequest request{.method = "POST", .target = "/x", .body = std::string(8u << 20, 'x')};
  request.timeout = 20s;
  const Result<HttpResponse> response = client_at("unix://" + path).perform(request);
  done.request_stop();
  REQUIRE(response->status == 413);
}

TEST_CASE("a body of a megabyte arrives whole") {
  FakeEngineServer server;
  server.answer("POST /x", 200, "{}");
  std::string body(3u << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) {
    body[i] = static_cast<char>(i * 7 + i / 256);
  }
  REQUIRE(client_at(server.address()).perform({.method = "POST", .target = "/x", .body = body}));
  REQUIRE(server.last("POST /x").body == body);
}

TEST_CASE("pieces of a body may end the request with an error of their own") {
  FakeEngineServer server;
  server.answer("GET /x", 200, "{}");
  HttpRequest request{.target = "/x"};
  request.on_body = [](std::string_view piece) -> Result<void> {
    return berth::fail(Errc::invalid_input, "not this: " + std::string(piece));
  };
  REQUIRE(client_at(server.address()).perform(request).error().message == "not this: {}");
}

TEST_CASE("an engine whose queue is full is waited for, and not for ever") {
  FullListener listener;
  const HttpClient hurried = client_at(listener.address(), 200ms);
  REQUIRE(hurried.perform({.target = "/x"}).error().id == "engine-timeout");
  const HttpClient patient = client_at(listener.address());
  REQUIRE(patient.perform({.target = "/x", .timeout = 200ms}).error().id == "engine-timeout");
  const std::jthread taker([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(50ms);
      listener.make_room();
    }
  });
  REQUIRE(patient.perform({.target = "/x", .timeout = 20s}).error().id != "engine-timeout");
}

TEST_CASE("a stop ends each kind of waiting at once") {
  FakeEngineServer server;
  server.hang("GET /silent");
  server.script("GET /half", [](const FakeRequest&, FakeConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{");
    connection.receive_all();
  });
  const FullListener full;
  for (const auto& [address, target] :
       {std::pair{server.address(), "/silent"}, std::pair{server.address(), "/half"},
        std::pair{full.address(), "/full"}}) {
    INFO(target);
    std::stop_source source;
    const std::jthread stopper([&] {
      std::this_thread::sleep_for(50ms);
      source.request_stop();
    });
    const Clock::time_point begun = Clock::now();
    const Result<HttpResponse> response =
        client_at(address).perform({.target = target, .stop = source.get_token()});
    REQUIRE(response.error().code == Errc::interrupted);
    REQUIRE(Clock::now() - begun < 10s);
    // Asked for before: nothing is sent.
    const std::size_t sent = server.requests().size();
    REQUIRE(
        client_at(address).perform({.target = target, .stop = source.get_token()}).error().code ==
        Errc::interrupted);
    REQUIRE(server.requests().size() == sent);
  }
}
