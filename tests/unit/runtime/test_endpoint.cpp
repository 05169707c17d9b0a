// Where the engine is looked for: precedence, forms of addresses, and what is said when nothing is
// there.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>

#include "berth/base/file.hpp"
#include "berth/runtime/docker_engine.hpp"
#include "berth/runtime/endpoint.hpp"
#include "runtime/connection_error.hpp"
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
  REQUIRE(parse_endpoint("tcp://host:1//p//", "--engine")->base_url == "http://host:1//p");
  REQUIRE_FALSE(parse_endpoint("tcp://host:1", "--engine")->local());
}

TEST_CASE("addresses with TLS have another scheme and another port") {
  REQUIRE(parse_endpoint("tcp://host", "x", true)->base_url == "https://host:2376");
  REQUIRE(parse_endpoint("tcp://host:1/p", "x", true)->base_url == "https://host:1/p");
  REQUIRE(parse_endpoint("tcp://host", "x", true)->address == "tcp://host:2376");
  REQUIRE(parse_endpoint("https://[::1]", "x")->base_url == "https://[::1]:2376");
  REQUIRE(parse_endpoint("https://host", "x")->tls.has_value());
  REQUIRE_FALSE(parse_endpoint("http://host", "x", true)->tls.has_value());
  REQUIRE_FALSE(parse_endpoint("unix:///x", "x", true)->tls.has_value());
}

TEST_CASE("an address of ssh has user, host, port and socket") {
  const Endpoint plain = parse_endpoint("ssh://lab", "x").value();
  REQUIRE(plain.through == Endpoint::Through::ssh);
  REQUIRE(plain.ssh.host == "lab");
  REQUIRE(plain.ssh.socket == "/var/run/docker.sock");
  REQUIRE(plain.ssh.command() == "ssh lab");
  REQUIRE_FALSE(plain.local());
  REQUIRE(parse_endpoint("ssh://lab/", "x")->ssh.socket == "/var/run/docker.sock");

  const Endpoint full = parse_endpoint("ssh://me@[fe80::1%eth0]:2222/run/podman.sock", "x").value();
  REQUIRE(full.ssh.user == "me");
  REQUIRE(full.ssh.host == "fe80::1%eth0");
  REQUIRE(full.ssh.port == "2222");
  REQUIRE(full.ssh.socket == "/run/podman.sock");
  REQUIRE(full.address == "ssh://me@[fe80::1%eth0]:2222/run/podman.sock");
  REQUIRE(parse_endpoint("ssh://me@corp@lab", "x")->ssh.user == "me@corp");
}

TEST_CASE("addresses that cannot be used say why and where they are from") {
  for (const char* text : {"",
                           "unix://relative",
                           "tcp://",
                           "tcp://host:port",
                           "tcp://a b:1",
                           "carrier-pigeon://x",
                           "tcp://host:70000",
                           "tcp://[::1",
                           "tcp://[]:1",
                           "tcp://-oProxyCommand=x",
                           "tcp://host:1/a b",
                           "ssh://",
                           "ssh://@host",
                           "ssh://me:secret@host",
                           "ssh://host?x",
                           "ssh://host/p?x",
                           "ssh://host/p#x",
                           "ssh://host:port",
                           "ssh://-oProxyCommand=x",
                           "ssh://-l@host",
                           "ssh://a b",
                           "ssh://host/a:b",
                           "npipe:////./pipe/docker_engine",
                           "fd://"}) {
    INFO(text);
    const Result<Endpoint> endpoint = parse_endpoint(text, "DOCKER_HOST");
    REQUIRE_FALSE(endpoint);
    REQUIRE(endpoint.error().code == Errc::usage);
    REQUIRE(has_note(endpoint.error(), "DOCKER_HOST"));
  }
  const Error password = parse_endpoint("ssh://me:secret@host", "x").error();
  REQUIRE(has_note(password, "a password does not belong into an address"));
  REQUIRE(password.message.find("secret") == std::string::npos);
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

  machine.query.context = "lab";
  REQUIRE(find_endpoint(machine.query).error().code == Errc::usage);
  machine.query.flag.reset();
  REQUIRE(machine.found().address == "unix:///lab.sock");
  machine.query.context = "default";
  REQUIRE(machine.found().origin == "default socket");
}

TEST_CASE("an empty variable is none") {
  Machine machine;
  machine.context("lab", "unix:///lab.sock");
  machine.folder.write("home/.docker/config.json", R"({"currentContext":"lab"})");
  for (const char* name :
       {"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CUSTOM_HEADERS"}) {
    machine.variables[name] = "";
  }
  REQUIRE(machine.found().address == "unix:///lab.sock");
  machine.variables["DOCKER_HOST"] = "tcp://host";
  machine.variables["DOCKER_TLS_VERIFY"] = "";
  machine.variables["HTTP_PROXY"] = "";
  REQUIRE(machine.found().base_url == "http://host:2375");
  REQUIRE_FALSE(machine.found().proxy.has_value());
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

TEST_CASE("a file where a socket should be is told as such, and nobody is asked to start Docker") {
  Machine machine;
  const std::string path = machine.path("engine.txt");
  std::ofstream(path) << "no socket";
  machine.variables["DOCKER_HOST"] = "unix://" + path;
  const Result<Endpoint> endpoint = find_endpoint(machine.query);
  const Error error = endpoint ? ::berth::runtime::unix_socket_error(
                                     *endpoint, ::berth::runtime::probe_unix_socket(path))
                               : endpoint.error();
  REQUIRE(error.id == "engine-no-socket");
  REQUIRE(error.message.find("it is no socket") != std::string::npos);
  REQUIRE_FALSE(has_hint(error, "start docker"));
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

TEST_CASE("a TCP address that is refused is told from one that nothing leads to") {
  berth::runtime::Endpoint box;
  box.address = "tcp://box:2375";
  box.origin = "DOCKER_HOST";
  const Error refused = berth::runtime::tcp_socket_error(box, ECONNREFUSED, "connection refused");
  REQUIRE(refused.message == "no container engine answers at tcp://box:2375: connection refused");
  REQUIRE(refused.id == "engine-refused");
  REQUIRE(has_note(refused, "the address is from DOCKER_HOST"));
  REQUIRE(has_note(refused, "box answers, and nothing listens"));
  REQUIRE(has_hint(refused, "ssh://box"));
  for (const int number : {EHOSTUNREACH, ENETUNREACH, ETIMEDOUT}) {
    const Error lost = berth::runtime::tcp_socket_error(box, number, "no route to host");
    REQUIRE(lost.id == "engine-no-route");
    REQUIRE(has_hint(lost, "ping -c 1 box"));
  }
  box.address = "tcp://[fd00::1]:2375";
  REQUIRE(has_hint(berth::runtime::tcp_socket_error(box, ECONNREFUSED, ""), "ssh://[fd00::1] "));
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

  machine.folder.write("home/.docker/contexts/meta/bare-hash/meta.json",
                       R"({"Name":"bare","Endpoints":{}})");
  machine.folder.write("home/.docker/contexts/meta/broken-hash/meta.json", "{");
  machine.variables["DOCKER_CONTEXT"] = "bare";
  REQUIRE(find_endpoint(machine.query).error().code == Errc::invalid_input);
}

TEST_CASE("a context's certificates are its own, the variables are not its affair") {
  Machine machine;
  machine.context("secure", "tcp://far:9999");
  machine.folder.write("home/.docker/contexts/tls/secure-hash/docker/ca.pem", "x");
  machine.variables["DOCKER_CONTEXT"] = "secure";
  machine.variables["DOCKER_TLS"] = "1";
  const Endpoint endpoint = machine.found();
  REQUIRE(endpoint.base_url == "https://far:9999");
  REQUIRE(endpoint.tls->verify);
  REQUIRE(endpoint.tls->authority ==
          machine.path("home/.docker/contexts/tls/secure-hash/docker/ca.pem"));
  REQUIRE(endpoint.tls->certificate.empty());

  machine.folder.write(
      "home/.docker/contexts/meta/lax-hash/meta.json",
      R"({"Name":"lax","Endpoints":{"docker":{"Host":"tcp://far","SkipTLSVerify":true}}})");
  machine.variables["DOCKER_CONTEXT"] = "lax";
  REQUIRE(machine.found().base_url == "https://far:2376");
  REQUIRE_FALSE(machine.found().tls->verify);

  machine.context("plain", "tcp://far:1");
  machine.variables["DOCKER_CONTEXT"] = "plain";
  REQUIRE(machine.found().base_url == "http://far:1");
}

TEST_CASE("TLS that the variables ask for takes its files from their folder") {
  Machine machine;
  machine.variables["DOCKER_HOST"] = "tcp://far";
  REQUIRE(machine.found().base_url == "http://far:2375");
  machine.variables["DOCKER_TLS_VERIFY"] = "0";  // set is set, as to docker
  const Error missing = find_endpoint(machine.query).error();
  REQUIRE(missing.code == Errc::not_found);
  REQUIRE(has_note(missing, machine.path("home/.docker/ca.pem")));

  machine.folder.write("home/.docker/ca.pem", "x");
  REQUIRE(machine.found().base_url == "https://far:2376");
  machine.folder.write("certs/ca.pem", "x");
  machine.folder.write("certs/cert.pem", "x");
  machine.variables["DOCKER_CERT_PATH"] = machine.path("certs");
  REQUIRE(has_note(find_endpoint(machine.query).error(), machine.path("certs/key.pem")));
  machine.folder.write("certs/key.pem", "x");
  const Endpoint endpoint = machine.found();
  REQUIRE(endpoint.tls->authority == machine.path("certs/ca.pem"));
  REQUIRE(endpoint.tls->certificate == machine.path("certs/cert.pem"));
  REQUIRE(endpoint.tls->key == machine.path("certs/key.pem"));

  machine.variables.erase("DOCKER_TLS_VERIFY");
  machine.variables["DOCKER_TLS"] = "1";
  machine.variables["DOCKER_CERT_PATH"] = machine.path("nowhere");
  REQUIRE_FALSE(machine.found().tls->verify);  // and no authority is asked for
  machine.variables["DOCKER_HOST"] = "http://far";
  REQUIRE_FALSE(machine.found().tls.has_value());
}

TEST_CASE("https alone is verified with what the system trusts, unless there is a ca.pem") {
  Machine machine;
  machine.variables["DOCKER_HOST"] = "https://far";
  REQUIRE(machine.found().tls->verify);
  REQUIRE(machine.found().tls->authority.empty());
  machine.folder.write("home/.docker/ca.pem", "x");
  REQUIRE(machine.found().tls->authority == machine.path("home/.docker/ca.pem"));
}

TEST_CASE("a proxy is taken for engines that are not on this machine") {
  Machine machine;
  machine.variables["HTTP_PROXY"] = "http://proxy:1";
  machine.variables["https_proxy"] = "http://secure-proxy:1";
  machine.variables["NO_PROXY"] = "a,b";
  machine.variables["DOCKER_HOST"] = "tcp://far:1";
  REQUIRE(machine.found().proxy->url == "http://proxy:1");
  REQUIRE(machine.found().proxy->exceptions == "a,b");
  machine.variables["DOCKER_HOST"] = "https://far:1";
  REQUIRE(machine.found().proxy->origin == "https_proxy");
  for (const char* here :
       {"tcp://localhost:1", "tcp://127.0.0.9:1", "tcp://[::1]:1", "unix:///x", "ssh://far"}) {
    INFO(here);
    machine.variables["DOCKER_HOST"] = here;
    REQUIRE_FALSE(machine.found().proxy.has_value());
  }
  machine.variables["DOCKER_HOST"] = "tcp://localhost.example:1";
  REQUIRE(machine.found().proxy.has_value());
}

TEST_CASE("headers of the configuration are sent, or those of the variable in their place") {
  Machine machine;
  machine.variables["DOCKER_HOST"] = "unix:///x";
  machine.folder.write("home/.docker/config.json",
                       R"({"HttpHeaders":{"X-Meta":"a","User-Agent":"x","bad name":"secret"}})");
  REQUIRE(machine.found().headers == std::vector<std::string>{"X-Meta: a"});
  REQUIRE(machine.found().remarks.size() == 1);
  REQUIRE(machine.found().remarks.front().find("secret") == std::string::npos);

  machine.variables["DOCKER_CUSTOM_HEADERS"] = R"(A=1,"B=x,""y""",C=,host=z)";
  REQUIRE(machine.found().headers == std::vector<std::string>{"A: 1", "B: x,\"y\"", "C;"});
  for (const char* text : {"A", "=1", "a b=1", "\"A=1", "A=1\"", "A=x\r\nB: y", "A=1,,B=2"}) {
    INFO(text);
    machine.variables["DOCKER_CUSTOM_HEADERS"] = text;
    REQUIRE(find_endpoint(machine.query).error().code == Errc::invalid_input);
  }
}

TEST_CASE("podman is started where it alone is installed and nobody answers") {
  Machine machine;
  const auto program = [&machine](const std::string& name, const std::string& text) {
    const std::filesystem::path file = machine.folder.write("bin/" + name, text);
    REQUIRE(::chmod(file.c_str(), 0755) == 0);
  };
  machine.variables["PATH"] = machine.path("bin");
  program("podman", "#!/bin/sh\n");
  REQUIRE(machine.found().through == Endpoint::Through::podman);
  REQUIRE(machine.found().local());
  program("docker", "#!/bin/sh\nexec /usr/bin/podman \"$@\"\n");  // of podman-docker
  REQUIRE(machine.found().through == Endpoint::Through::podman);
  program("docker",
          "\x7f"
          "ELF");
  REQUIRE(find_endpoint(machine.query).error().code == Errc::engine_unreachable);
  const UniqueFd docker = machine.socket("var/run/docker.sock");
  REQUIRE(machine.found().through == Endpoint::Through::nothing);
}

TEST_CASE("a broken config.json is left out aloud") {
  Machine machine;
  const UniqueFd docker = machine.socket("var/run/docker.sock");
  machine.folder.write("home/.docker/config.json", R"({"auths": {"x": {"auth": "c2VjcmV0)");
  const Endpoint endpoint = machine.found();
  REQUIRE(endpoint.remarks.size() == 1);
  REQUIRE(endpoint.remarks.front().find("c2VjcmV0") == std::string::npos);
  machine.variables["DOCKER_HOST"] = "unix:///x";
  REQUIRE(machine.found().remarks.size() == 1);
}
