// Pulls against a scripted engine: the progress stream, its errors, credentials, and a stop in the
// middle.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "berth/model/image_reference.hpp"
#include "berth/runtime/docker_engine.hpp"
#include "runtime/base64.hpp"
#include "runtime/engine_error.hpp"
#include "runtime/json_stream.hpp"
#include "support/catch.hpp"
#include "support/fake_engine_server.hpp"

using berth::Errc;
using berth::Error;
using berth::ImageReference;
using berth::parse_image_reference;
using berth::Result;
using berth::runtime::Engine;
using berth::runtime::EngineOptions;
using berth::runtime::JsonStreamSplitter;
using berth::runtime::make_docker_engine;
using berth::runtime::parse_endpoint;
using berth::runtime::pull_error;
using berth::runtime::PullEvent;
using berth::test::FakeConnection;
using berth::test::FakeEngineServer;
using berth::test::FakeRequest;
using berth::test::TemporaryFolder;

namespace {

using namespace std::chrono_literals;

constexpr const char* kPull = "POST /images/create";

std::unique_ptr<Engine> connect(const FakeEngineServer& server, const TemporaryFolder& config) {
  EngineOptions options;
  options.environment = [folder = config.path().string()](const std::string& name) {
    return name == "DOCKER_CONFIG" ? std::optional(folder) : std::nullopt;
  };
  return make_docker_engine(parse_endpoint(server.address(), "test").value(), options);
}

}  // namespace

TEST_CASE("image references are cut as pulls want them") {
  struct Case {
    const char* text;
    const char* name;
    const char* tag;
    const char* registry;
  };
  for (const Case& c : std::vector<Case>{
           {"busybox", "busybox", "latest", "docker.io"},
           {"pytorch/pytorch:2.3.1", "pytorch/pytorch", "2.3.1", "docker.io"},
           {"127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b", "latest", "127.0.0.1:5000"},
           {"localhost/a:b", "localhost/a", "b", "localhost"},
           {"nvcr.io/nvidia/x:24.01-py3", "nvcr.io/nvidia/x", "24.01-py3", "nvcr.io"}}) {
    INFO(c.text);
    const ImageReference reference = parse_image_reference(c.text).value();
    REQUIRE(reference.name == c.name);
    REQUIRE(reference.tag == c.tag);
    REQUIRE(reference.registry == c.registry);
  }
  const std::string digest = "sha256:" + std::string(64, 'a');
  REQUIRE(parse_image_reference("a/b:c@" + digest)->digest == digest);
  REQUIRE(parse_image_reference("a@" + digest)->tag.empty());
  for (const char* wrong : {"", ":", "a:", "/a", "a/", "a b", "a:b c", "-a", "a@sha256:1", "../x",
                            "a//b", "a?x=y", "a:\n", "UPPER/case:tag", "a@sha256:zz"}) {
    INFO(wrong);
    const berth::Error error = parse_image_reference(wrong).error();
    REQUIRE(error.code == Errc::invalid_input);
    REQUIRE(error.notes.size() == 2);
    REQUIRE_FALSE(error.hints.empty());
  }
  REQUIRE(parse_image_reference("Registry.Example:5000/a")->registry == "Registry.Example:5000");
  REQUIRE(parse_image_reference("UPPER/case:Tag").error().notes.front() ==
          "names have no capitals: `upper/case`");
  REQUIRE(parse_image_reference("a\x1b[2Jb").error().message ==
          "`a\\x1b[2Jb` is no image reference");
}

TEST_CASE("concatenated objects are cut apart however the bytes come") {
  const std::string bytes = "{\"a\":\"}{\"} \r\n{\"b\":{\"c\":\"\\\\\\\"}\"}}{}";
  const std::vector<std::string> expected{"{\"a\":\"}{\"}", "{\"b\":{\"c\":\"\\\\\\\"}\"}}", "{}"};
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    JsonStreamSplitter splitter;
    std::vector<std::string> objects;
    const auto take = [&objects](std::string_view object) -> Result<void> {
      objects.emplace_back(object);
      return {};
    };
    REQUIRE(splitter.feed(std::string_view(bytes).substr(0, cut), take));
    REQUIRE(splitter.feed(std::string_view(bytes).substr(cut), take));
    REQUIRE(objects == expected);
    REQUIRE_FALSE(splitter.in_object());
  }
}

TEST_CASE("a pull tells its progress") {
  const TemporaryFolder config;
  FakeEngineServer server;
  server.answer(kPull, 200,
                "{\"status\":\"Pulling from test/x\",\"id\":\"1\"}\r\n"
                "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":5,\"total\":10},"
                "\"id\":\"ab12\"}\r\n"
                "{\"status\":\"Digest: sha256:1\"}\r\n");
  std::vector<PullEvent> events;
  REQUIRE(connect(server, config)
              ->pull("nvcr.io/test/x:1", "",
                     [&](const PullEvent& event) { events.push_back(event); }, {}));
  REQUIRE(events.size() == 3);
  REQUIRE(events[1].layer == "ab12");
  REQUIRE(events[1].status == "Downloading");
  REQUIRE(events[1].current == 5);
  REQUIRE(events[1].total == 10);
  REQUIRE(events[2].layer.empty());
  const FakeRequest request = server.last(kPull);
  REQUIRE(request.target == "/v1.41/images/create?fromImage=nvcr.io/test/x&tag=1");
  REQUIRE(request.headers.count("x-registry-auth") == 0);
}

TEST_CASE(
    "a pull asks for the digest, else the tag, else latest, never for all tags; and for its "
    "platform") {
  const TemporaryFolder config;
  FakeEngineServer server;
  server.answer(kPull, 200, "{}");
  const std::unique_ptr<Engine> engine = connect(server, config);
  const std::string digest = "sha256:" + std::string(64, 'a');
  REQUIRE(engine->pull("x:1@" + digest, "", {}, {}));
  REQUIRE(server.last(kPull).target == "/v1.41/images/create?fromImage=x&tag=" + digest);
  REQUIRE(engine->pull("x", "", {}, {}));
  REQUIRE(server.last(kPull).target == "/v1.41/images/create?fromImage=x&tag=latest");
  REQUIRE(engine->pull("x", "linux/arm64", {}, {}));
  REQUIRE(server.last(kPull).target ==
          "/v1.41/images/create?fromImage=x&tag=latest&platform=linux/arm64");
}

TEST_CASE("credentials of the registry go with a pull") {
  const TemporaryFolder config;
  config.write("config.json", R"({"auths":{"r.example":{"auth":"dXNlcjpwYXNz"}}})");
  FakeEngineServer server;
  server.answer(kPull, 200, "{}");
  const std::unique_ptr<Engine> engine = connect(server, config);
  REQUIRE(engine->pull("r.example/x:1", "", {}, {}));
  REQUIRE(server.last(kPull).headers.at("x-registry-auth") ==
          berth::runtime::base64url_encoded(
              R"({"username":"user","password":"pass","serveraddress":"r.example"})"));
}

TEST_CASE("an error inside a successful answer is a failed pull") {
  const TemporaryFolder config;
  FakeEngineServer server;
  const std::unique_ptr<Engine> engine = connect(server, config);
  server.answer(kPull, 200,
                R"({"status":"Pulling"}{"errorDetail":{"message":"no space left on device"}})");
  REQUIRE(engine->pull("x:1", "", {}, {}).error().id == "disk-full");
  server.answer(kPull, 404, R"({"message":"manifest for x:1 not found: manifest unknown"})");
  REQUIRE(engine->pull("x:1", "", {}, {}).error().code == Errc::not_found);
  for (const char* body :
       {"<html>", "{\"status\":7}", "{\"status\":\"x\"", "{\"status\":\"x\"} trailing"}) {
    INFO(body);
    server.answer(kPull, 200, body);
    REQUIRE(engine->pull("x:1", "", {}, {}).error().code == Errc::engine_failed);
  }
}

TEST_CASE("failed pulls are told apart by the engine's words") {
  struct Case {
    const char* message;
    Errc code;
    const char* id;
  };
  const std::vector<Case> cases{
      {"manifest for x:1 not found: manifest unknown: manifest unknown", Errc::not_found,
       "image-not-found"},
      {"pull access denied for x, repository does not exist or may require 'docker login': denied",
       Errc::not_found, "image-not-found"},
      {"Head \"https://r/v2/x\": no basic auth credentials", Errc::engine_failed,
       "registry-unauthorized"},
      {"unauthorized: authentication required", Errc::engine_failed, "registry-unauthorized"},
      {"write /var/lib/docker/tmp/x: no space left on device", Errc::engine_failed, "disk-full"},
      {"dial tcp: lookup r.example: no such host", Errc::engine_failed, "registry-unreachable"},
      {"Get \"https://r/v2/\": net/http: TLS handshake timeout", Errc::engine_failed,
       "registry-unreachable"},
      {"x509: certificate signed by unknown authority", Errc::engine_failed,
       "registry-certificate"},
      {"toomanyrequests: You have reached your pull rate limit", Errc::engine_failed,
       "registry-rate-limit"},
      {"no matching manifest for linux/arm64/v8 in the manifest list entries", Errc::engine_failed,
       "image-architecture"},
      {"something else", Errc::engine_failed, "pull-failed"}};
  for (const Case& c : cases) {
    INFO(c.message);
    const Error error = pull_error(c.message, "r.example/x:1", "r.example");
    REQUIRE(error.code == c.code);
    REQUIRE(error.id == c.id);
    REQUIRE(error.message.starts_with("`r.example/x:1` cannot be pulled: "));
    REQUIRE(error.notes.front().find(c.message) != std::string::npos);
  }
}

TEST_CASE("a stop ends a stalled pull at once") {
  const TemporaryFolder config;
  FakeEngineServer server;
  server.script(kPull, [](const FakeRequest&, FakeConnection& connection) {
    connection.send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n{\"status\":\"wait\"}\r\n");
    connection.receive_all();
  });
  std::stop_source source;
  std::chrono::steady_clock::time_point stopped;
  const std::jthread stopper([&] {
    std::this_thread::sleep_for(50ms);
    stopped = std::chrono::steady_clock::now();
    source.request_stop();
  });
  const Result<void> result = connect(server, config)->pull("x:1", "", {}, source.get_token());
  REQUIRE(result.error().code == Errc::interrupted);
  REQUIRE(std::chrono::steady_clock::now() - stopped < 800ms);
}
