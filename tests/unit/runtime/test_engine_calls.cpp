// The engine's ordinary calls against a scripted engine: negotiation, facts, errors, garbage,
// silence.
#include <chrono>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "berth/runtime/docker_engine.hpp"
#include "runtime/excerpt.hpp"
#include "support/catch.hpp"
#include "support/fake_engine_server.hpp"

using berth::ContainerSpec;
using berth::EngineFacts;
using berth::Errc;
using berth::Error;
using berth::Result;
using berth::runtime::Engine;
using berth::runtime::EngineDetails;
using berth::runtime::EngineOptions;
using berth::runtime::make_docker_engine;
using berth::runtime::parse_endpoint;
using berth::test::FakeConnection;
using berth::test::FakeEngineServer;
using berth::test::FakeRequest;

namespace {

using namespace std::chrono_literals;

// A loaded machine must not fail a test, so only those of silence set a short limit.
std::unique_ptr<Engine> connect(const FakeEngineServer& server, const std::string& pinned = {},
                                std::chrono::milliseconds limit = 20s) {
  EngineOptions options;
  options.timeouts = {.connect = limit, .ping = limit, .query = limit, .action = limit};
  options.environment = [pinned](const std::string& name) -> std::optional<std::string> {
    return name == "DOCKER_API_VERSION" && !pinned.empty() ? std::optional(pinned) : std::nullopt;
  };
  return make_docker_engine(parse_endpoint(server.address(), "test").value(), options);
}

constexpr const char* kVersion = R"({"Version":"28.5.1","ApiVersion":"1.51","Arch":"amd64",
    "Components":[{"Name":"Engine","Version":"28.5.1"}]})";
constexpr const char* kInfo =
    R"({"DockerRootDir":"/var/lib/docker","MemTotal":67108864,"Runtimes":{"runc":{},"nvidia":{}},
    "SecurityOptions":["name=seccomp,profile=builtin","name=rootless"],"LiveRestoreEnabled":true,"CDISpecDirs":["/etc/cdi"],
    "DiscoveredDevices":[{"Source":"cdi","ID":"nvidia.com/gpu=0"},{"Source":"other","ID":"x"}]})";

std::string all_text(const Error& error) {
  std::string text = error.message;
  for (const std::string& note : error.notes) {
    text += "\n" + note;
  }
  return text;
}

}  // namespace

TEST_CASE("foreign bytes are made fit for a terminal and for JSON") {
  using berth::runtime::excerpt;
  REQUIRE(excerpt("  plain text\r\n") == "plain text");
  REQUIRE(excerpt("a\nb\x1b[31m\x7f") == "a\\nb\\x1b[31m\\x7f");
  REQUIRE(excerpt("Modèle 模型 😀") == "Modèle 模型 😀");
  REQUIRE(excerpt("\xc2\x9b") == "\\xc2\\x9b");                    // a C1 control character
  REQUIRE(excerpt("\xe0\x80\x80") == "\\xe0\\x80\\x80");           // overlong
  REQUIRE(excerpt("\xed\xa0\x80\xff") == "\\xed\\xa0\\x80\\xff");  // a surrogate
  REQUIRE(excerpt("\xe6\xa8") == "\\xe6\\xa8");                    // cut off
  REQUIRE(excerpt("0123456789", 4) == "0123…");
}

TEST_CASE("facts are those of version and info, with the API version agreed on") {
  FakeEngineServer server;
  server.answer("GET /_ping", 200, "OK", "Api-Version: 1.47\r\n");
  server.answer("GET /version", 200, kVersion);
  server.answer("GET /info", 200, kInfo);
  const std::unique_ptr<Engine> engine = connect(server);
  const EngineFacts facts = engine->facts().value();
  REQUIRE(facts.kind == EngineFacts::Kind::docker);
  REQUIRE(facts.version == "28.5.1");
  REQUIRE(facts.api_version == "1.47");
  REQUIRE(facts.architecture == "amd64");
  REQUIRE(facts.storage_root == "/var/lib/docker");
  REQUIRE(facts.memory_bytes == 67108864);
  REQUIRE(facts.runtimes == std::vector<std::string>{"nvidia", "runc"});
  REQUIRE(facts.cdi_devices == std::vector<std::string>{"nvidia.com/gpu=0"});
  REQUIRE(facts.cdi_spec_dirs);
  REQUIRE(facts.rootless);
  REQUIRE(facts.live_restore);
  REQUIRE(facts.nvidia_hook);
  REQUIRE(facts.address == server.address());
  REQUIRE(server.last("GET /info").target == "/v1.47/info");
}

TEST_CASE("an engine that says in its ping what it is is not asked for its version") {
  FakeEngineServer docker;
  docker.answer("GET /_ping", 200, "OK", "Api-Version: 1.47\r\nServer: Docker/28.5.1 (linux)\r\n");
  docker.answer("GET /info", 200, R"({"ServerVersion": "28.5.1", "Architecture": "x86_64"})");
  const EngineFacts facts = connect(docker)->facts().value();
  REQUIRE(facts.kind == EngineFacts::Kind::docker);
  REQUIRE(facts.version == "28.5.1");
  REQUIRE(facts.architecture == "amd64");
  FakeEngineServer podman;
  podman.answer("GET /_ping", 200, "OK", "Api-Version: 1.41\r\nLibpod-API-Version: 5.4.2\r\n");
  podman.answer("GET /info", 200, R"({"ServerVersion": "5.4.2", "Architecture": "arm64"})");
  const EngineFacts other = connect(podman)->facts().value();
  REQUIRE(other.kind == EngineFacts::Kind::podman);
  REQUIRE(other.version == "5.4.2");
  REQUIRE(other.cdi_spec_dirs);
}

TEST_CASE("details are what only the doctor asks for") {
  FakeEngineServer server;
  server.answer("GET /version", 200, R"({"Version": "29.0.0", "ApiVersion": "1.52"})");
  server.answer("GET /info", 200,
                R"({"OperatingSystem": "Docker Desktop", "CgroupDriver": "systemd",
                    "SystemTime": "2026-08-01T12:00:00.5Z", "HttpsProxy": "http://proxy:3128",
                    "DefaultRuntime": "runc", "Runtimes": {"runc": {"path": "runc"},
                    "nvidia": {"path": "nvidia-container-runtime"}},
                    "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin",
                                        "name=selinux"]})");
  const std::unique_ptr<Engine> engine = connect(server);
  const EngineDetails details = engine->details().value();
  REQUIRE(details.newest_api == "1.52");
  REQUIRE(details.operating_system == "Docker Desktop");
  REQUIRE(details.cgroup_driver == "systemd");
  REQUIRE(details.system_time == "2026-08-01T12:00:00.5Z");
  REQUIRE(details.http_proxy.empty());
  REQUIRE(details.https_proxy == "http://proxy:3128");
  REQUIRE(details.selinux);
  REQUIRE(details.apparmor);
  REQUIRE(details.default_runtime == "runc");
  REQUIRE(details.nvidia_runtime == "nvidia-container-runtime");
  server.answer("GET /info", 200, R"({"Runtimes": {"nvidia": {}}})");
  REQUIRE(engine->details()->nvidia_runtime.empty());
  REQUIRE_FALSE(engine->details()->apparmor);
  server.answer("GET /info", 200, R"({"SystemTime": 7})");
  REQUIRE(engine->details().error().code == Errc::engine_failed);
}

TEST_CASE("Podman is known by its components") {
  FakeEngineServer server;
  server.answer("GET /version", 200,
                R"({"Version":"5.4.2","Arch":"arm64","Components":[{"Name":"Podman Engine"}]})");
  server.answer("GET /info", 200, R"({"Runtimes":{"nvidia":{}},"SecurityOptions":null})");
  const EngineFacts facts = connect(server)->facts().value();
  REQUIRE(facts.kind == EngineFacts::Kind::podman);
  REQUIRE(facts.cdi_spec_dirs);
  REQUIRE_FALSE(facts.nvidia_hook);
  server.answer("GET /version", 200,
                R"({"Version":"5.3.1","Components":[{"Name":"Podman Engine"}]})");
  REQUIRE_FALSE(connect(server)->facts()->cdi_spec_dirs);
}

TEST_CASE("the API version is the lower of ours and the engine's") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"1.41", "/v1.41/version"}, {"1.43", "/v1.43/version"}, {"1.99", "/v1.51/version"}};
  for (const auto& [theirs, target] : cases) {
    FakeEngineServer server;
    server.answer("GET /_ping", 200, "OK", "Api-Version: " + theirs + "\r\n");
    server.answer("GET /version", 200, kVersion);
    server.answer("GET /info", 200, kInfo);
    REQUIRE(connect(server)->facts());
    REQUIRE(server.last("GET /version").target == target);
  }
}

TEST_CASE("an engine that is too old, or a pinned version that cannot be spoken, is refused") {
  FakeEngineServer server;
  server.answer("GET /_ping", 200, "OK", "Api-Version: 1.40\r\n");
  const Error old = connect(server)->facts().error();
  REQUIRE(old.id == "engine-too-old");
  REQUIRE_FALSE(old.hints.empty());
  REQUIRE(connect(server, "1.2.3")->facts().error().code == Errc::invalid_input);
  REQUIRE(connect(server, "1.24")->facts().error().code == Errc::invalid_input);
  server.answer("GET /version", 200, kVersion);
  server.answer("GET /info", 200, kInfo);
  REQUIRE(connect(server, "1.42")->facts()->api_version == "1.42");
}

TEST_CASE("an engine that refuses the version itself says why") {
  FakeEngineServer server;
  server.answer("GET /_ping", 200, "OK", "Api-Version: 1.60\r\n");
  server.answer(
      "GET /version", 400,
      R"({"message":"client version 1.51 is too old. Minimum supported API version is 1.55"})");
  const Error ours = connect(server)->facts().error();
  REQUIRE(ours.code == Errc::engine_failed);
  REQUIRE(ours.id == "engine-too-new");
  REQUIRE(all_text(ours).find("berth speaks 1.41 to 1.51") != std::string::npos);
  const Error pinned = connect(server, "1.44")->facts().error();
  REQUIRE(pinned.hints.front().find("unset DOCKER_API_VERSION") != std::string::npos);
}

TEST_CASE("a redirection is not followed") {
  for (const int status : {301, 302, 303, 307, 308}) {
    FakeEngineServer server;
    server.answer("GET /_ping", 200, "OK", "Api-Version: 1.47\r\n");
    server.answer("POST /containers/create", status, "", "Location: http://elsewhere/\r\n");
    const Error error = connect(server)->create(ContainerSpec{}).error();
    REQUIRE(error.id == "engine-redirect");
    REQUIRE(all_text(error).find("http://elsewhere/") != std::string::npos);
  }
}

TEST_CASE("a port that wants TLS is recognised") {
  for (const std::string& bytes :
       {std::string("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS "
                    "server.\n"),
        std::string("\x15\x03\x01\0\x02\x02\x46", 7)}) {
    FakeEngineServer server;
    server.answer_raw("GET /_ping", bytes);
    const Error error = connect(server)->facts().error();
    REQUIRE(error.code == Errc::engine_unreachable);
    REQUIRE(error.id == "tls-expected");
  }
}

TEST_CASE("each request says who sends it, and brings the headers that are configured") {
  FakeEngineServer server;
  server.script("POST /containers/x/attach",
                [](const FakeRequest&, FakeConnection& connection) { connection.upgrade(); });
  server.answer("POST /containers/x/start", 204, "");
  berth::runtime::Endpoint endpoint = parse_endpoint(server.address(), "test").value();
  endpoint.user_agent = "berth/1.2.3";
  endpoint.headers = {"X-Team: vision", "X-Empty;"};
  const std::unique_ptr<Engine> engine = make_docker_engine(endpoint);
  REQUIRE(engine->start("x"));
  REQUIRE(engine->attach("x", {}));
  for (const char* key : {"GET /_ping", "POST /containers/x/start", "POST /containers/x/attach"}) {
    INFO(key);
    const FakeRequest request = server.last(key);
    REQUIRE(request.headers.at("user-agent") == "berth/1.2.3");
    REQUIRE(request.headers.at("x-team") == "vision");
    REQUIRE(request.headers.at("x-empty") == "");
  }
}

TEST_CASE("what is no engine is told apart from an engine") {
  const std::vector<std::string> garbage{
      "SSH-2.0-OpenSSH_9.2\r\n", "220 mail.example ESMTP\r\n",
      std::string("\0\x01\x02\xff\x1b[31m", 9),
      "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>",
      "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"};
  for (const std::string& bytes : garbage) {
    FakeEngineServer server;
    server.answer_raw("GET /_ping", bytes);
    const Error error = connect(server)->facts().error();
    INFO(all_text(error));
    REQUIRE(error.code == Errc::engine_failed);
    REQUIRE(error.message.find("is no container engine") != std::string::npos);
    REQUIRE(all_text(error).find('\x1b') == std::string::npos);
  }
}

TEST_CASE("answers that are not what the API promises are errors with an excerpt") {
  for (const char* body : {"", "<html>proxy</html>", "{", "[]", "null", "7", R"({"Version":7})",
                           R"({"Version":"1","Components":[{"Name":1}]})"}) {
    FakeEngineServer server;
    server.answer("GET /version", 200, body);
    server.answer("GET /info", 200, kInfo);
    const Result<EngineFacts> facts = connect(server)->facts();
    INFO(body);
    REQUIRE_FALSE(facts);
    REQUIRE(facts.error().code == Errc::engine_failed);
    REQUIRE(facts.error().message.find("GET /version") != std::string::npos);
  }
  for (const char* body : {R"({"Runtimes":{},"SecurityOptions":"x"})", R"({"DockerRootDir":[]})",
                           R"({"DiscoveredDevices":[7]})"}) {
    FakeEngineServer server;
    server.answer("GET /version", 200, kVersion);
    server.answer("GET /info", 200, body);
    INFO(body);
    REQUIRE(connect(server)->facts().error().message.find("GET /info") != std::string::npos);
  }
}

TEST_CASE("answers that are cut off are errors") {
  for (const char* bytes :
       {"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"Version\"", "HTTP/1.1 200 OK\r\nConte",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"Versi",
        "HTTP/1.1 200 OK\r\n"
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        ""}) {
    FakeEngineServer server;
    server.answer_raw("GET /version", bytes);
    const Result<EngineFacts> facts = connect(server)->facts();
    INFO(bytes);
    REQUIRE_FALSE(facts);
    REQUIRE(facts.error().code == Errc::engine_failed);
  }
}

TEST_CASE("chunked answers are put together") {
  FakeEngineServer server;
  server.answer_raw("GET /version",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "a\r\n{\"Version\"\r\n7\r\n:\"9.9\"}\r\n0\r\n\r\n");
  server.answer("GET /info", 200, "{}");
  REQUIRE(connect(server)->facts()->version == "9.9");
}

TEST_CASE("an engine that hangs ends in an error after the time limit") {
  FakeEngineServer server;
  server.hang("GET /_ping");
  const auto begin = std::chrono::steady_clock::now();
  const Error error = connect(server, {}, 500ms)->facts().error();
  REQUIRE(error.code == Errc::engine_unreachable);
  REQUIRE(error.id == "engine-timeout");
  REQUIRE(std::chrono::steady_clock::now() - begin < 10s);
  server.script("GET /version", [](const FakeRequest&, FakeConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{");
    connection.receive_all();
  });
  server.answer("GET /_ping", 200, "OK", "Api-Version: 1.41\r\n");
  REQUIRE(connect(server, {}, 500ms)->facts().error().id == "engine-timeout");
}

TEST_CASE("a stop ends a start that hangs, and not what cleans up") {
  FakeEngineServer server;
  server.answer("GET /_ping", 200, "OK", "Api-Version: 1.41\r\n");
  server.hang("POST /containers/abc/start");
  server.answer("DELETE /containers/abc", 204, "");
  std::stop_source source;
  EngineOptions options;
  options.stop = source.get_token();
  const std::unique_ptr<Engine> engine =
      make_docker_engine(parse_endpoint(server.address(), "test").value(), options);
  const std::jthread stopper([&] {
    std::this_thread::sleep_for(50ms);
    source.request_stop();
  });
  REQUIRE(engine->start("abc").error().code == Errc::interrupted);
  REQUIRE(engine->remove("abc", true));
}

TEST_CASE("an answer without end is cut") {
  FakeEngineServer server;
  server.script("GET /version", [](const FakeRequest&, FakeConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
    const std::string piece(1 << 20, 'x');
    while (!connection.closed()) {
      connection.send(piece);
    }
  });
  EngineOptions options;
  const std::unique_ptr<Engine> engine =
      make_docker_engine(parse_endpoint(server.address(), "test").value(), options);
  REQUIRE(engine->facts().error().message.find("larger than 32 MiB") != std::string::npos);
}

TEST_CASE("no socket, and a socket that nobody serves, are told with a remedy") {
  const std::unique_ptr<Engine> engine =
      make_docker_engine(parse_endpoint("unix:///nope/engine.sock", "DOCKER_HOST").value());
  const Error error = engine->facts().error();
  REQUIRE(error.code == Errc::engine_unreachable);
  REQUIRE(error.id == "engine-no-socket");
  REQUIRE(all_text(error).find("DOCKER_HOST") != std::string::npos);
  REQUIRE_FALSE(error.hints.empty());
}

TEST_CASE("consecutive calls use one connection") {
  FakeEngineServer server;
  server.answer("GET /containers/abc/json", 200, R"({"State":{"Running":true}})");
  const std::unique_ptr<Engine> engine = connect(server);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(engine->inspect_container("abc").value()->running);
  }
  REQUIRE(server.connection_count() == 1);
}

TEST_CASE("a connection that the engine has closed meanwhile is replaced") {
  FakeEngineServer server;
  server.script("GET /containers/abc/json", [](const FakeRequest&, FakeConnection& connection) {
    connection.reply(200, R"({"State":{"ExitCode":3}})");
    connection.close();
  });
  const std::unique_ptr<Engine> engine = connect(server);
  for (int i = 0; i < 5; ++i) {
    REQUIRE(engine->inspect_container("abc").value()->exit_code == 3);
  }
}

TEST_CASE("calls may come from several threads") {
  FakeEngineServer server;
  server.answer("GET /containers/abc/json", 200, R"({"State":{"ExitCode":3}})");
  const std::unique_ptr<Engine> engine = connect(server);
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 10; ++j) {
          good += engine->inspect_container("abc").value()->exit_code == 3 ? 1 : 0;
        }
      });
    }
  }
  REQUIRE(good == 80);
}

TEST_CASE("images: absent is not failed") {
  FakeEngineServer server;
  server.answer(
      "GET /images/test/x:1/json", 200,
      R"({"Id":"sha256:1","RepoDigests":["test/x@sha256:2"],"Architecture":"arm64","Size":12,
                    "Config":{"Env":["A=b"],"Entrypoint":null,"Cmd":["sh"],"Labels":{"l":"v"}}})");
  const std::unique_ptr<Engine> engine = connect(server);
  const berth::runtime::ImageFacts image = engine->inspect_image("test/x:1").value().value();
  REQUIRE(image.id == "sha256:1");
  REQUIRE(image.architecture == "arm64");
  REQUIRE(image.environment == std::vector<std::string>{"A=b"});
  REQUIRE(image.entrypoint.empty());
  REQUIRE(image.labels.at("l") == "v");
  REQUIRE_FALSE(engine->inspect_image("test/absent").value().has_value());
  server.answer("GET /images/test/x:1/json", 500, R"({"message":"database is locked"})");
  const Error error = engine->inspect_image("test/x:1").error();
  REQUIRE(error.code == Errc::engine_failed);
  REQUIRE(error.notes.front() == "the engine says: database is locked");
  REQUIRE(engine->inspect_image("no reference!").error().code == Errc::invalid_input);
}

TEST_CASE("images are listed with their names and sizes, those without a name as well") {
  FakeEngineServer server;
  server.answer("GET /images/json", 200, R"json([
    {"Id":"sha256:1","RepoTags":["test/x:1","docker.io/test/x:2"],"Size":7,"Created":9,
     "Labels":{"a":"b"}},
    {"Id":"sha256:2","RepoTags":null,"Size":-1,"Labels":null}])json");
  const std::unique_ptr<Engine> engine = connect(server);
  const std::vector<berth::runtime::ImageSummary> images = engine->list_images({}).value();
  REQUIRE(server.last("GET /images/json").target == "/v1.41/images/json");
  REQUIRE(images.size() == 2);
  REQUIRE(images[0].id == "sha256:1");
  REQUIRE(images[0].names == std::vector<std::string>{"test/x:1", "docker.io/test/x:2"});
  REQUIRE(images[0].bytes == 7);
  REQUIRE(images[0].labels.at("a") == "b");
  REQUIRE(images[1].names.empty());
  REQUIRE(images[1].bytes == 0);
  REQUIRE(engine->list_images({"a=b & c"}));
  REQUIRE(server.last("GET /images/json").target ==
          "/v1.41/images/json?filters=%7B%22label%22:%5B%22a%3Db%20%26%20c%22%5D%7D");
  for (const char* body : {"{}", R"([{"Id":1}])", R"([{"Id":"1","RepoTags":"x"}])", "[", ""}) {
    server.answer("GET /images/json", 200, body);
    INFO(body);
    REQUIRE(engine->list_images({}).error().code == Errc::engine_failed);
  }
  server.answer("GET /images/json", 500, R"({"message":"no"})");
  REQUIRE(engine->list_images({}).error().code == Errc::engine_failed);
}

TEST_CASE("create sends the body and the name, and gives id and warnings") {
  FakeEngineServer server;
  server.answer("POST /containers/create", 201,
                R"({"Id":"0123abcd","Warnings":["no swap limit"]})");
  const std::unique_ptr<Engine> engine = connect(server);
  ContainerSpec spec;
  spec.image = "test/x:1";
  spec.name = "a b";
  const berth::runtime::CreatedContainer created = engine->create(spec).value();
  REQUIRE(created.id == "0123abcd");
  REQUIRE(created.warnings == std::vector<std::string>{"no swap limit"});
  const FakeRequest request = server.last("POST /containers/create");
  REQUIRE(request.target == "/v1.41/containers/create?name=a%20b");
  REQUIRE(request.headers.at("content-type") == "application/json");
  REQUIRE(request.body.starts_with(R"({"Image":"test/x:1")"));
}

TEST_CASE("create tells an absent image, a taken name and a refusal apart") {
  FakeEngineServer server;
  const std::unique_ptr<Engine> engine = connect(server);
  ContainerSpec spec;
  spec.image = "test/x:1";
  spec.name = "taken";
  server.answer("POST /containers/create", 404, R"({"message":"No such image: test/x:1"})");
  REQUIRE(engine->create(spec).error().code == Errc::not_found);
  server.answer("POST /containers/create", 409, R"({"message":"Conflict."})");
  REQUIRE(engine->create(spec).error().id == "name-in-use");
  server.answer("POST /containers/create", 500,
                R"({"message":"container create: creating container storage: the container name )"
                R"(\"taken\" is already in use by 932f3479: that name is already in use"})");
  REQUIRE(engine->create(spec).error().id == "name-in-use");
  server.answer("POST /containers/create", 400, R"({"message":"invalid mount config"})");
  REQUIRE(engine->create(spec).error().notes.front() == "the engine says: invalid mount config");
  server.answer("POST /containers/create", 201, R"({"Id":"../../etc"})");
  REQUIRE(engine->create(spec).error().code == Errc::engine_failed);
  spec.command = {"\xff"};
  REQUIRE(engine->create(spec).error().code == Errc::invalid_input);
}

TEST_CASE("a failed start is classified by the engine's words") {
  struct Case {
    const char* message;
    Errc code;
    const char* id;
  };
  const std::vector<Case> cases{
      {R"(OCI runtime create failed: exec: \"nope\": executable file not found in $PATH: unknown)",
       Errc::command_not_found, ""},
      {R"(runc: exec: \"/nope\": stat /nope: no such file or directory: unknown)",
       Errc::command_not_found, ""},
      {R"(exec: \"/etc\": permission denied: unknown)", Errc::cannot_invoke, ""},
      {R"(exec: \"/etc\": is a directory)", Errc::cannot_invoke, ""},
      {R"(crun: executable file `nope` not found in $PATH: No such file or directory: OCI runtime attempted)",
       Errc::command_not_found, ""},
      {R"(could not select device driver \"nvidia\" with capabilities: [[gpu]])",
       Errc::engine_failed, "gpu-unavailable"},
      {R"(CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=7)",
       Errc::engine_failed, "gpu-unavailable"},
      {R"(nvidia-container-cli: load library failed: libnvidia-ml.so.1: no such file or directory)",
       Errc::engine_failed, "gpu-unavailable"},
      {R"(OCI runtime create failed: unable to retrieve OCI runtime error: exec: \"nvidia-container-runtime\": executable file not found in $PATH: unknown)",
       Errc::engine_failed, "gpu-runtime-missing"},
      {R"(failed to create shim task: OCI runtime create failed: unable to retrieve OCI runtime error: fork/exec /usr/bin/nvidia-container-runtime: no such file or directory: unknown)",
       Errc::engine_failed, "gpu-runtime-missing"},
      // Neither is a command that was not found, though both sound so.
      {R"(AppArmor enabled on system but the docker-default profile could not be loaded: running `apparmor_parser apparmor_parser --version` failed with output: \nerror: exec: \"apparmor_parser\": executable file not found in $PATH)",
       Errc::engine_failed, "apparmor-profile"},
      {R"(runc create failed: unable to start container process: error during container init: unable to apply apparmor profile: apparmor failed to apply profile: write /proc/self/attr/apparmor/exec: no such file or directory: unknown)",
       Errc::engine_failed, "apparmor-profile"},
      {R"(error setting rlimit type 8: operation not permitted: OCI permission denied)",
       Errc::engine_failed, "ulimit-refused"},
      {R"(driver failed programming external connectivity)", Errc::engine_failed, ""},
  };
  FakeEngineServer server;
  const std::unique_ptr<Engine> engine = connect(server);
  for (const Case& c : cases) {
    INFO(c.message);
    server.answer("POST /containers/abc/start", 500,
                  std::string(R"({"message":")") + c.message + "\"}");
    const Error error = engine->start("abc").error();
    REQUIRE(error.code == c.code);
    REQUIRE(error.id == c.id);
    REQUIRE(error.notes.front().starts_with("the engine says: "));
  }
  server.answer("POST /containers/abc/start", 204, "");
  REQUIRE(engine->start("abc"));
  server.answer("POST /containers/abc/start", 304, "");
  REQUIRE(engine->start("abc"));
}

TEST_CASE("kill, resize and remove say what they are for") {
  FakeEngineServer server;
  server.answer("POST /containers/abc/kill", 204, "");
  server.answer("POST /containers/abc/resize", 200, "");
  server.answer("DELETE /containers/abc", 204, "");
  const std::unique_ptr<Engine> engine = connect(server);
  REQUIRE(engine->kill("abc", "TERM"));
  REQUIRE(server.last("POST /containers/abc/kill").target ==
          "/v1.41/containers/abc/kill?signal=TERM");
  REQUIRE(engine->resize("abc", {24, 80}));
  REQUIRE(server.last("POST /containers/abc/resize").target ==
          "/v1.41/containers/abc/resize?h=24&w=80");
  REQUIRE(engine->remove("abc", true));
  REQUIRE(server.last("DELETE /containers/abc").target == "/v1.41/containers/abc?v=1&force=1");
  REQUIRE(engine->remove("gone", false));
  server.answer("DELETE /containers/abc", 409,
                R"({"message":"removal of container abc is already in progress"})");
  REQUIRE(engine->remove("abc", true));
  REQUIRE(server.last("POST /containers/abc/wait").target ==
          "/v1.41/containers/abc/wait?condition=removed");
  server.answer("DELETE /containers/abc", 409,
                R"({"message":"cannot remove a running container"})");
  REQUIRE(engine->remove("abc", false).error().code == Errc::engine_failed);
  REQUIRE(engine->kill("gone", "TERM").error().code == Errc::not_found);
}

TEST_CASE("a container that is gone is absent") {
  FakeEngineServer server;
  server.answer("GET /containers/abc/json", 200,
                R"({"State":{"Running":false,"ExitCode":137,"OOMKilled":true,"Error":"why"}})");
  const std::unique_ptr<Engine> engine = connect(server);
  const berth::runtime::ContainerState state = engine->inspect_container("abc").value().value();
  REQUIRE(state.exit_code == 137);
  REQUIRE(state.oom_killed);
  REQUIRE(state.error == "why");
  REQUIRE_FALSE(engine->inspect_container("gone").value().has_value());
}

TEST_CASE("an image is made of a container, with nothing of the build in its configuration") {
  FakeEngineServer server;
  server.answer("POST /commit", 201, R"({"Id":"sha256:00ff"})");
  const std::unique_ptr<Engine> engine = connect(server);
  berth::runtime::CommitSpec spec;
  spec.repository = "berth/env";
  spec.tag = "0123";
  spec.command = {"python3"};
  spec.user = "1000";
  spec.labels = {{"org.berth.env", "a\nb"}};
  REQUIRE(engine->commit("abc", spec).value() == "sha256:00ff");
  const FakeRequest request = server.last("POST /commit");
  REQUIRE(request.target.find("container=abc&repo=berth/env&tag=0123") != std::string::npos);
  // An entry point that is left out would be the container's, which is the build's.
  REQUIRE(request.body ==
          R"({"Entrypoint":[],"Cmd":["python3"],"User":"1000","Labels":{"org.berth.env":"a\nb"}})");
  server.answer("POST /commit", 201, R"({"Id":"00ff"})");  // Podman
  REQUIRE(engine->commit("abc", spec).value() == "sha256:00ff");
  for (const char* body : {"", "{}", "[]"}) {
    server.answer("POST /commit", 201, body);
    REQUIRE(engine->commit("abc", spec).error().code == Errc::engine_failed);
  }
  server.answer("POST /commit", 404, R"({"message":"no such container"})");
  REQUIRE(engine->commit("abc", spec).error().code == Errc::not_found);
  spec.comment = "ok";
  spec.command = {"\xff"};
  REQUIRE(engine->commit("abc", spec).error().code == Errc::invalid_input);
}

TEST_CASE("an empty image is made and dropped") {
  FakeEngineServer server;
  server.answer("POST /images/create", 200,
                R"({"status":"sha256:00ff"})"
                "\r\n");
  server.answer("DELETE /images/sha256:00ff", 200, "[]");
  const std::unique_ptr<Engine> engine = connect(server);
  REQUIRE(engine->import_image(std::string(1024, '\0')).value() == "sha256:00ff");
  const FakeRequest request = server.last("POST /images/create");
  REQUIRE(request.headers.at("content-type") == "application/x-tar");
  REQUIRE(request.body == std::string(1024, '\0'));
  REQUIRE(engine->remove_image("sha256:00ff"));
  REQUIRE(engine->remove_image("sha256:gone"));
  for (const char* body : {"", R"({"status":"done"})", R"({"error":"no space"})", "x"}) {
    server.answer("POST /images/create", 200, body);
    REQUIRE(engine->import_image(std::string(1024, '\0')).error().code == Errc::engine_failed);
  }
}

TEST_CASE("a volume is measured and removed") {
  FakeEngineServer server;
  server.answer("GET /system/df", 200, R"json({"Images":null,"Volumes":[
    {"Name":"other","UsageData":{"Size":9}},{"Name":"cache","UsageData":{"Size":7,"RefCount":0}},
    {"Name":"new","UsageData":{"Size":-1}},{"Name":"bare","UsageData":null}]})json");
  server.answer("DELETE /volumes/cache", 204, "");
  server.answer("DELETE /volumes/used", 409, R"({"message":"volume is in use"})");
  const std::unique_ptr<Engine> engine = connect(server);
  REQUIRE(engine->volume_bytes("cache").value() == 7U);
  REQUIRE_FALSE(engine->volume_bytes("new").value());
  REQUIRE_FALSE(engine->volume_bytes("bare").value());
  REQUIRE_FALSE(engine->volume_bytes("absent").value());
  REQUIRE(engine->remove_volume("cache"));
  REQUIRE(engine->remove_volume("absent"));
  REQUIRE(engine->remove_volume("used").error().id == "volume-in-use");
  for (const char* body : {"[]", "", R"({"Volumes":[7]})", R"({"Volumes":[{"Name":7}]})"}) {
    server.answer("GET /system/df", 200, body);
    INFO(body);
    REQUIRE(engine->volume_bytes("cache").error().code == Errc::engine_failed);
  }
  server.answer("GET /system/df", 200, R"({"Volumes":null})");
  REQUIRE_FALSE(engine->volume_bytes("cache").value());
}

TEST_CASE("a container that is removed while it is looked up is absent") {
  FakeEngineServer server;
  const std::unique_ptr<Engine> engine = connect(server);
  server.answer("GET /containers/gone/json", 500,
                R"({"message":"no container with ID 8a5e found in database: no such container"})");
  const auto state = engine->inspect_container("gone");
  REQUIRE(state);
  REQUIRE_FALSE(state->has_value());
}
