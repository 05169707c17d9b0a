// What is found out about the caller and the machine around: CA bundle, caches, proxies.
#include "berth/runtime/caller.hpp"

#include <unistd.h>

#include "runtime/captured_output.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace berth;
using namespace berth::runtime;
using berth::test::TemporaryFolder;

TEST_CASE("the CA bundle is taken over only where it holds more than the public ones") {
  const TemporaryFolder root;
  const std::filesystem::path bundle = root.write("etc/ssl/certs/ca-certificates.crt", "public");
  CHECK_FALSE(private_ca_bundle({}, root.path()).has_value());

  SECTION("an administrator's addition") {
    root.write("usr/local/share/ca-certificates/lab/proxy.crt", "own");
    CHECK(private_ca_bundle({}, root.path()) == bundle);
  }
  SECTION("Red Hat's folders") {
    const std::filesystem::path extracted =
        root.write("etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "all");
    root.write("etc/pki/ca-trust/source/anchors/proxy.pem", "own");
    CHECK(private_ca_bundle({}, root.path()) == extracted);
  }
  SECTION("SSL_CERT_FILE, where it can be read") {
    const std::filesystem::path own = root.write("own.pem", "own");
    CHECK(private_ca_bundle({{"SSL_CERT_FILE", own.string()}}, root.path()) == own);
    CHECK_FALSE(private_ca_bundle({{"SSL_CERT_FILE", "/no/such.pem"}}, root.path()).has_value());
    CHECK_FALSE(private_ca_bundle({{"SSL_CERT_FILE", ""}}, root.path()).has_value());
  }
}

TEST_CASE("caches are where their tools have them") {
  const TemporaryFolder home;
  const auto folders = [&home](std::map<std::string, std::string> environment) {
    return cache_folders(environment, home.path());
  };
  CHECK(folders({}).at("pip") == home.path() / ".cache/pip");
  CHECK(folders({}).size() == 3);
  CHECK_FALSE(std::filesystem::exists(home.path() / ".cache"));  // nothing is made yet
  CHECK(folders({{"XDG_CACHE_HOME", home.path() / "x"}}).at("torch") == home.path() / "x/torch");
  CHECK(folders({{"HF_HOME", home.path() / "hf"}}).at("huggingface") == home.path() / "hf");
  CHECK(folders({{"XDG_CACHE_HOME", "relative"}}).at("pip") == home.path() / ".cache/pip");

  home.write("file", "");
  CHECK(folders({{"HF_HOME", home.path() / "file/hf"}}).count("huggingface") == 0);
  CHECK(cache_folders({}, {}).empty());
}

TEST_CASE("proxies come from docker's configuration, by engine, in both spellings") {
  DockerConfig config;
  CHECK(proxy_variables(config, "unix:///x").empty());
  config.proxies = {{"default", {{"HTTP_PROXY", "http://d"}}},
                    {"tcp://lab:2375", {{"NO_PROXY", "lab"}}}};
  CHECK(proxy_variables(config, "unix:///x") ==
        std::map<std::string, std::string>{{"HTTP_PROXY", "http://d"}, {"http_proxy", "http://d"}});
  CHECK(proxy_variables(config, "tcp://lab:2375") ==
        std::map<std::string, std::string>{{"NO_PROXY", "lab"}, {"no_proxy", "lab"}});
}

TEST_CASE("the commit and whether it is all") {
  const TemporaryFolder project;
  const std::string folder = project.path().string();
  const auto git = [&folder](std::vector<std::string> arguments) {
    std::vector<std::string> command = {"git",         "-C", folder,          "-c",
                                        "user.name=t", "-c", "user.email=t@t"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return captured_output(command, std::chrono::seconds(10));
  };
  CHECK(probe_caller(project.path(), {}, "1").commit.empty());
  REQUIRE(git({"init", "-q"}));
  project.write("train.py", "1");
  REQUIRE(git({"add", "."}));
  REQUIRE(git({"commit", "-q", "-m", "one"}));
  Caller caller = probe_caller(project.path(), {}, "1");
  CHECK(caller.commit.size() == 40);
  CHECK_FALSE(caller.dirty);
  project.write("notes.txt", "untracked");
  CHECK_FALSE(probe_caller(project.path(), {}, "1").dirty);
  project.write("train.py", "2");
  caller = probe_caller(project.path(), {}, "1");
  CHECK(caller.dirty);
  CHECK(caller.uid == ::getuid());
  CHECK_FALSE(caller.user.empty());
}

TEST_CASE("a program that takes too long, fails or is not there says nothing") {
  CHECK(captured_output({"echo", "a"}, std::chrono::seconds(10)) == "a\n");
  CHECK_FALSE(captured_output({"false"}, std::chrono::seconds(10)).has_value());
  CHECK_FALSE(captured_output({"no-such-program"}, std::chrono::seconds(10)).has_value());
  CHECK_FALSE(captured_output({"sleep", "60"}, std::chrono::milliseconds(20)).has_value());
}

TEST_CASE("a rootless engine on another machine is not asked to raise limits") {
  berth::EngineFacts engine;
  engine.address = "ssh://lab";
  REQUIRE_FALSE(berth::runtime::engine_limits(engine).memlock_bytes.has_value());
  engine.rootless = true;
  REQUIRE(berth::runtime::engine_limits(engine).memlock_bytes == 65536);
}
