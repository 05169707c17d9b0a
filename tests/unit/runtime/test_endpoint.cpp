// Where the engine is looked for: precedence, forms of addresses, and what is said when nothing is
// there.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>

#include "berth/base/file.hpp"
#include "berth/runtime/docker_engine.hpp"
#include "berth/runtime/endpoint.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using berth::Errc;
using berth::Error;
using berth::Result;
using berth::UniqueFd;
using berth::runtime::Endpoint;
using berth::runtime::EndpointQuery;
using berth::runtime::find_endpoint;
using berth::runtime::parse_endpoint;
using berth::test::TemporaryFolder;

namespace {

// A machine with folders and variables of its own.
class Machine {
 public:
  Machine() {
    query.system_root = folder.path();
    query.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    variables["HOME"] = (folder.path() / "home").string();
  }

  std::string path(const std::string& relative) const {
    return (folder.path() / relative).string();
  }

  // A socket; nobody listens on it where `listening` is false.
  UniqueFd socket(const std::string& relative, bool listening = true) const {
    const std::string where = path(relative);
    std::filesystem::create_directories(std::filesystem::path(where).parent_path());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(where.begin(), where.end(), static_cast<char*>(address.sun_path));
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    if (listening) {
      REQUIRE(::listen(fd.get(), 4) == 0);
    }
    return fd;
  }

  void context(const std::string& name, const std::string& host) const {
    folder.write("home/.docker/contexts/meta/" + name + "-hash/meta.json",
                 R"({"Name":")" + name + R"(","Metadata":{},"Endpoints":{"docker":{"Host":")" +
                     host + R"(","SkipTLSVerify":false}}})");
  }

  Endpoint found() const {
    Result<Endpoint> endpoint = find_endpoint(query);
    INFO((endpoint ? std::string() : endpoint.error().message));
    REQUIRE(endpoint);
    return *endpoint;
  }

  TemporaryFolder folder{};
  std::map<std::string, std::string> variables{};
  EndpointQuery query{};
};

bool has_note(const Error& error, const std::string& part) {
  return std::any_of(error.notes.begin(), error.notes.end(), [&part](const std::string& note) {
    return note.find(part) != std::string::npos;
  });
}

bool has_hint(const Error& error, const std::string& part) {
  return std::any_of(error.hints.begin(), error.hints.end(), [&part](const std::string& hint) {
    return hint.find(part) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("addresses are understood in docker's forms") {
  REQUIRE(parse_endpoint("unix:///run/x.sock", "--engine")->socket_path == "/run/x.sock");
  REQUIRE(parse_endpoint("unix://", "--engine")->socket_path == "/var/run/docker.sock");
  REQUIRE(parse_endpoint("/run/x.sock", "--engine")->address == "unix:///run/x.sock");
  REQUIRE(parse_endpoint("tcp://10.0.0.5", "--engine")->base_url == "http://10.0.0.5:2375");
  REQUIRE(parse_endpoint("10.0.0.5:99", "--engine")->base_url == "http://10.0.0.5:99");
  REQUIRE(parse_endpoint("tcp://[::1]", "--engine")->base_url == "http://[::1]:2375");
  REQUIRE(parse_endpoint("tcp://host:1/prefix/", "--engine")->base_url == "http://host:1/prefix");
  REQUIRE_FALSE(parse_endpoint("tcp://host:1", "--engine")->local());
}

TEST_CASE("addresses that cannot be used say why and where they are from") {
  for (const char* text :
       {"", "unix://relative", "tcp://", "tcp://host:port", "tcp://a b:1", "carrier-pigeon://x",
        "ssh://host", "https://host", "npipe:////./pipe/docker_engine", "fd://"}) {
    INFO(text);
    const Result<Endpoint> endpoint = parse_endpoint(text, "DOCKER_HOST");
    REQUIRE_FALSE(endpoint);
    REQUIRE(endpoint.error().code == Errc::usage);
    REQUIRE(has_note(endpoint.error(), "DOCKER_HOST"));
  }
  REQUIRE(has_hint(parse_endpoint("ssh://me@host", "x").error(), "ssh -N -L"));
  const Error too_long = parse_endpoint("unix:///" + std::string(120, 'x'), "x").error();
  REQUIRE(has_note(too_long, "at most 107 bytes, this one has 121"));
}

TEST_CASE("the flag wins over DOCKER_HOST, that over contexts, those over the default sockets") {
  Machine machine;
  const UniqueFd docker = machine.socket("var/run/docker.sock");
  REQUIRE(machine.found().origin == "default socket");

  machine.context("lab", "unix:///lab.sock");
  machine.context("other", "tcp://other:2375");
  machine.folder.write("home/.docker/config.json", R"({"currentContext":"lab"})");
  REQUIRE(machine.found().address == "unix:///lab.sock");
  REQUIRE(machine.found().origin == "docker context `lab`");

  machine.variables["DOCKER_CONTEXT"] = "other";
  REQUIRE(machine.found().address == "tcp://other:2375");
  machine.variables["DOCKER_CONTEXT"] = "default";
  REQUIRE(machine.found().socket_path == machine.path("var/run/docker.sock"));

  machine.variables["DOCKER_HOST"] = "unix:///named.sock";
  REQUIRE(machine.found().address == "unix:///named.sock");
  machine.query.flag = "unix:///flag.sock";
  REQUIRE(machine.found().origin == "--engine");
}

TEST_CASE("the first default socket that works is taken") {
  Machine machine;
  machine.variables["XDG_RUNTIME_DIR"] = machine.path("user");
  const UniqueFd dead = machine.socket("var/run/docker.sock", false);
  const UniqueFd rootful_podman = machine.socket("run/podman/podman.sock");
  REQUIRE(machine.found().socket_path == machine.path("run/podman/podman.sock"));
  const UniqueFd podman = machine.socket("user/podman/podman.sock");
  REQUIRE(machine.found().socket_path == machine.path("user/podman/podman.sock"));
  const UniqueFd rootless = machine.socket("user/docker.sock");
  REQUIRE(machine.found().socket_path == machine.path("user/docker.sock"));
}

TEST_CASE("where nothing is found, all that was tried is told") {
  Machine machine;
  machine.variables["XDG_RUNTIME_DIR"] = machine.path("user");
  const Error none = find_endpoint(machine.query).error();
  REQUIRE(none.code == Errc::engine_unreachable);
  for (const char* tried : {"var/run/docker.sock: no such socket", "user/docker.sock",
                            "user/podman/podman.sock", "run/podman/podman.sock"}) {
    INFO(tried);
    REQUIRE(has_note(none, tried));
  }
  const UniqueFd dead = machine.socket("var/run/docker.sock", false);
  const Error refused = find_endpoint(machine.query).error();
  REQUIRE(refused.id == "engine-not-running");
  REQUIRE(has_hint(refused, "systemctl start docker"));
}

TEST_CASE("a socket that is closed to the caller names the group") {
  if (::geteuid() == 0) {
    // root may open any socket: ask the text itself.
    REQUIRE(::seteuid(65534) == 0);
  }
  {
    Machine machine;  // owned by the caller of now
    const UniqueFd closed = machine.socket("var/run/docker.sock");
    REQUIRE(::chmod(machine.path("var/run/docker.sock").c_str(), 0) == 0);
    const Error error = find_endpoint(machine.query).error();
    REQUIRE(error.id == "engine-permission-denied");
    REQUIRE(error.code == Errc::engine_unreachable);
    REQUIRE(has_hint(error, "sudo usermod -aG docker $USER"));
  }
  if (::getuid() == 0) {
    REQUIRE(::seteuid(0) == 0);
  }
}

TEST_CASE("contexts that cannot be used say so") {
  Machine machine;
  machine.context("lab", "unix:///lab.sock");
  machine.variables["DOCKER_CONTEXT"] = "lub";
  const Error unknown = find_endpoint(machine.query).error();
  REQUIRE(unknown.code == Errc::not_found);
  REQUIRE(has_note(unknown, "there are: lab"));
  REQUIRE(has_note(unknown, "DOCKER_CONTEXT"));
  REQUIRE(has_hint(unknown, "docker context use lab"));

  machine.context("secure", "tcp://far:2376");
  machine.folder.write("home/.docker/contexts/tls/secure-hash/docker/ca.pem", "x");
  machine.variables["DOCKER_CONTEXT"] = "secure";
  REQUIRE(find_endpoint(machine.query).error().message ==
          "docker context `secure`: TLS is not supported yet");

  machine.folder.write("home/.docker/contexts/meta/bare-hash/meta.json",
                       R"({"Name":"bare","Endpoints":{}})");
  machine.folder.write("home/.docker/contexts/meta/broken-hash/meta.json", "{");
  machine.variables["DOCKER_CONTEXT"] = "bare";
  REQUIRE(find_endpoint(machine.query).error().code == Errc::invalid_input);
}

TEST_CASE("TLS that is asked for is not silently left out") {
  Machine machine;
  machine.variables["DOCKER_HOST"] = "tcp://far:2376";
  REQUIRE(machine.found().base_url == "http://far:2376");
  machine.variables["DOCKER_TLS_VERIFY"] = "1";
  REQUIRE(find_endpoint(machine.query).error().code == Errc::usage);
}

TEST_CASE("a broken config.json is left out aloud") {
  Machine machine;
  const UniqueFd docker = machine.socket("var/run/docker.sock");
  machine.folder.write("home/.docker/config.json", R"({"auths": {"x": {"auth": "c2VjcmV0)");
  const Endpoint endpoint = machine.found();
  REQUIRE(endpoint.remarks.size() == 1);
  REQUIRE(endpoint.remarks.front().find("c2VjcmV0") == std::string::npos);
}
