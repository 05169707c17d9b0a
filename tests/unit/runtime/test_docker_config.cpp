// Credentials: where they are found, and the helper programs that keep them.
#include <sys/stat.h>

#include <cstdlib>
#include <map>
#include <string>

#include "berth/runtime/docker_config.hpp"
#include "runtime/base64.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using berth::Errc;
using berth::Error;
using berth::Result;
using berth::runtime::base64_decoded;
using berth::runtime::base64url_encoded;
using berth::runtime::credentials_key;
using berth::runtime::DockerConfig;
using berth::runtime::find_credentials;
using berth::runtime::load_docker_config;
using berth::runtime::registry_auth_header;
using berth::runtime::RegistryCredentials;
using berth::test::TemporaryFolder;

namespace {

DockerConfig load(const TemporaryFolder& folder, const std::string& config,
                  const std::string& variable = {}) {
  folder.write("config.json", config);
  return load_docker_config([&](const std::string& name) -> std::optional<std::string> {
    if (name == "DOCKER_CONFIG") {
      return folder.path().string();
    }
    return name == "DOCKER_AUTH_CONFIG" && !variable.empty() ? std::optional(variable)
                                                             : std::nullopt;
  });
}

RegistryCredentials found(const DockerConfig& config, const std::string& registry) {
  const Result<std::optional<RegistryCredentials>> credentials = find_credentials(config, registry);
  REQUIRE(credentials);
  REQUIRE(credentials->has_value());
  return **credentials;
}

// Helper programs on a PATH of the test's own.
class Helpers {
 public:
  Helpers() : path_(std::getenv("PATH")) {
    ::setenv("PATH", (folder_.path().string() + ":" + path_).c_str(), 1);
  }
  Helpers(const Helpers&) = delete;
  Helpers& operator=(const Helpers&) = delete;
  ~Helpers() { ::setenv("PATH", path_.c_str(), 1); }

  void add(const std::string& name, const std::string& script) const {
    const std::filesystem::path file =
        folder_.write("docker-credential-" + name, "#!/bin/sh\n" + script + "\n");
    REQUIRE(::chmod(file.c_str(), 0755) == 0);
  }

 private:
  TemporaryFolder folder_{};
  std::string path_;
};

}  // namespace

TEST_CASE("base64 is decoded strictly and encoded for URLs") {
  REQUIRE(base64_decoded("dXNlcjpwYXNz") == "user:pass");
  REQUIRE(base64_decoded("dXNlcjpwYXM=") == "user:pas");
  REQUIRE(base64_decoded("dXNlcjpwYQ") == "user:pa");
  REQUIRE(base64_decoded("") == "");
  REQUIRE_FALSE(base64_decoded("a").has_value());
  REQUIRE_FALSE(base64_decoded("dXNl cjpw").has_value());
  REQUIRE(base64url_encoded("\xfb\xff?") == "-_8_");
  REQUIRE(base64url_encoded("ab") == "YWI=");
  REQUIRE(base64url_encoded("") == "");
}

TEST_CASE("credentials are found by the registry's host") {
  const TemporaryFolder folder;
  const DockerConfig config = load(folder, R"({"auths": {
      "ghcr.io": {"auth": "dXNlcjpwYTpzcw=="},
      "https://index.docker.io/v1/": {"auth": "aHViOnNlY3JldA=="},
      "https://old.example/v1/": {"username": "u", "password": "p"},
      "token.example": {"auth": "dG9rZW46", "identitytoken": "abc"}}})");
  REQUIRE(config.remarks.empty());
  REQUIRE(found(config, "ghcr.io").username == "user");
  REQUIRE(found(config, "ghcr.io").password == "pa:ss");
  REQUIRE(found(config, "docker.io").username == "hub");
  REQUIRE(found(config, "old.example").password == "p");
  REQUIRE(found(config, "token.example").identity_token == "abc");
  REQUIRE_FALSE(find_credentials(config, "nvcr.io").value().has_value());
  REQUIRE(credentials_key("docker.io") == "https://index.docker.io/v1/");
}

TEST_CASE("DOCKER_AUTH_CONFIG wins over the file") {
  const TemporaryFolder folder;
  const std::string file =
      R"({"auths": {"ghcr.io": {"auth": "dXNlcjpwYXNz"}, "b.example": {"auth": "dXNlcjpwYXNz"}}})";
  const DockerConfig config = load(folder, file, R"({"auths": {"ghcr.io": {"auth": "Y2k6am9i"}}})");
  REQUIRE(found(config, "ghcr.io").username == "ci");
  REQUIRE(found(config, "b.example").username == "user");
  const DockerConfig broken = load(folder, file, "{{");
  REQUIRE(broken.remarks.size() == 1);
  REQUIRE(found(broken, "ghcr.io").username == "user");
}

TEST_CASE("DOCKER_AUTH_CONFIG with anything but auths is left out as a whole") {
  const TemporaryFolder folder;
  for (const char* text : {R"({"auths": {"a": {"auth": "Y2k6am9i"}}, "credsStore": "x"})",
                           R"({"auths": {"a": {"auth": "Y2k6am9i", "email": "x"}}})", "[]", "7"}) {
    INFO(text);
    const DockerConfig config = load(folder, "{}", text);
    REQUIRE(config.remarks.size() == 1);
    REQUIRE(config.auths_from_environment.empty());
  }
}

TEST_CASE("where nothing is configured, docker's default store is asked if it is installed") {
  const TemporaryFolder folder;
  const TemporaryFolder programs;
  const auto add = [&programs](const std::string& name, const std::string& script) {
    const std::filesystem::path file = programs.write(name, "#!/bin/sh\n" + script + "\n");
    REQUIRE(::chmod(file.c_str(), 0755) == 0);
  };
  const auto load_with_path = [&](const std::string& text) {
    folder.write("config.json", text);
    return load_docker_config([&](const std::string& name) -> std::optional<std::string> {
      return name == "DOCKER_CONFIG" ? std::optional(folder.path().string())
             : name == "PATH"        ? std::optional(programs.path().string())
                                     : std::nullopt;
    });
  };
  REQUIRE(load_with_path("{}").credentials_store.empty());
  add("docker-credential-secretservice", "exit 1");
  REQUIRE(load_with_path("{}").credentials_store == "secretservice");
  add("pass", "");
  REQUIRE(load_with_path("{}").credentials_store.empty());
  add("docker-credential-pass", "echo 'locked'; exit 3");
  const DockerConfig guessed = load_with_path("{}");
  REQUIRE(guessed.credentials_store == "pass");

  for (const char* text : {R"({"credHelpers": {"x": "y"}})", R"({"credsStore": "z"})",
                           R"({"auths": {"x": {"auth": "dXNlcjpwYXNz"}}})"}) {
    INFO(text);
    REQUIRE_FALSE(load_with_path(text).store_is_a_guess);
  }

  // Nobody asked for it, so that it fails means to be nobody.
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (programs.path().string() + ":" + path).c_str(), 1);
  const Result<std::optional<RegistryCredentials>> nobody = find_credentials(guessed, "ghcr.io");
  ::setenv("PATH", path.c_str(), 1);
  REQUIRE(nobody);
  REQUIRE_FALSE(nobody->has_value());
}

TEST_CASE("a broken configuration is empty, with a remark that shows no secret") {
  const TemporaryFolder folder;
  for (const char* text :
       {"{", "[]", R"({"auths": []})", R"({"auths": {"x": "c2VjcmV0"}})",
        R"({"auths": {"x": {"auth": "c2VjcmV0"}}})", R"({"credHelpers": {"x": 1}})",
        R"({"credsStore": {}})", R"({"proxies": 7})"}) {
    INFO(text);
    const DockerConfig config = load(folder, text);
    REQUIRE(config.remarks.size() == 1);
    REQUIRE(config.remarks.front().find("c2VjcmV0") == std::string::npos);
    REQUIRE(config.auths.empty());
  }
  REQUIRE(load(folder, "").remarks.empty());
}

TEST_CASE("proxies are read under the variables' names") {
  const TemporaryFolder folder;
  const DockerConfig config = load(
      folder, R"({"proxies": {"default": {"httpProxy": "http://p:1", "noProxy": "localhost"}}})");
  REQUIRE(
      config.proxies.at("default") ==
      std::map<std::string, std::string>{{"HTTP_PROXY", "http://p:1"}, {"NO_PROXY", "localhost"}});
}

TEST_CASE("helpers are asked for the registry's key") {
  const TemporaryFolder folder;
  const Helpers helpers;
  helpers.add(
      "good",
      R"(read key; [ "$1" = get ] && echo "{\"ServerURL\":\"$key\",\"Username\":\"me\",\"Secret\":\"$key\"}")");
  helpers.add("token", R"(cat >/dev/null; echo '{"Username":"<token>","Secret":"idt"}')");
  helpers.add("empty", "cat >/dev/null; echo 'credentials not found in native keychain'; exit 1");
  const DockerConfig config = load(
      folder, R"({"credsStore": "good", "credHelpers": {"t.example": "token", "e.example": "empty"},
                  "auths": {"e.example": {"auth": "dXNlcjpwYXNz"}}})");
  REQUIRE(found(config, "docker.io").password == "https://index.docker.io/v1/");
  REQUIRE(found(config, "ghcr.io").username == "me");
  REQUIRE(found(config, "t.example").identity_token == "idt");
  REQUIRE_FALSE(find_credentials(config, "e.example").value().has_value());
}

TEST_CASE("helpers that fail end in an error without their answer") {
  const TemporaryFolder folder;
  const Helpers helpers;
  helpers.add("failing", "echo 'the keychain is locked'; exit 3");
  helpers.add("garbage", "echo secret-but-no-json");
  helpers.add("hanging", "exec sleep 60");
  helpers.add("flooding", "exec cat /dev/zero");
  const auto error_of = [&folder](const std::string& helper) {
    const DockerConfig config = load(folder, R"({"credsStore": ")" + helper + R"("})");
    const Result<std::optional<RegistryCredentials>> result =
        find_credentials(config, "ghcr.io", std::chrono::milliseconds(300));
    REQUIRE_FALSE(result);
    REQUIRE(result.error().code == Errc::engine_failed);
    REQUIRE(result.error().id == "credential-helper");
    return result.error();
  };
  REQUIRE(error_of("failing").notes.front() == "it ended with 3: the keychain is locked");
  const Error garbage = error_of("garbage");
  REQUIRE(garbage.notes.front().find("secret") == std::string::npos);
  REQUIRE(error_of("hanging").notes.front().find("did not answer within") != std::string::npos);
  REQUIRE(error_of("flooding").notes.front().find("writes without end") != std::string::npos);
  REQUIRE(error_of("absent").notes.front().find("No such file") != std::string::npos);
  REQUIRE(error_of("../../bin/sh").notes.front().find("not a path") != std::string::npos);
}

TEST_CASE("X-Registry-Auth is base64url of JSON") {
  REQUIRE(registry_auth_header({"u", "p", "", "ghcr.io"}) ==
          base64url_encoded(R"({"username":"u","password":"p","serveraddress":"ghcr.io"})"));
  REQUIRE(registry_auth_header({"", "", "t", "ghcr.io"}) ==
          base64url_encoded(R"({"identitytoken":"t","serveraddress":"ghcr.io"})"));
}
