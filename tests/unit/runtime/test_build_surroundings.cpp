#include "berth/runtime/build_surroundings.hpp"

#include <algorithm>

#include "berth/runtime/pip_configuration.hpp"
#include "runtime/netrc.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace berth;
using namespace berth::runtime;

using berth::test::TemporaryFolder;
using Texts = std::vector<std::string>;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("pip's configuration: a user's file stands above the machine's, a variable above both") {
  const TemporaryFolder folder;
  const std::filesystem::path home = folder.path() / "home";
  folder.write(
      "etc/pip.conf",
      "[global]\nindex-url = https://machine/simple\nextra_index_url =\n  https://a/simple\n"
      "  https://b/simple\ncert = /etc/ours.pem\n");
  folder.write("home/.config/pip/pip.conf",
               "[install]\nindex-url = https://me:pw-of-user@user/simple\n");
  std::map<std::string, std::string> environment{{"HOME", home.string()}};
  const auto pip = pip_configuration(environment, folder.path());
  REQUIRE(pip);
  REQUIRE(pip->variables.at("PIP_INDEX_URL") == "https://me:pw-of-user@user/simple");
  REQUIRE(pip->variables.at("UV_INDEX_URL") == "https://me:pw-of-user@user/simple");
  REQUIRE(pip->variables.at("PIP_EXTRA_INDEX_URL") == "https://a/simple https://b/simple");
  REQUIRE(pip->variables.count("PIP_CERT") == 0);
  REQUIRE(pip->indexes == Texts{"index-url https://user/simple",
                                "extra-index-url https://a/simple https://b/simple"});
  environment["PIP_INDEX_URL"] = "https://variable/simple";
  REQUIRE(pip_configuration(environment, folder.path())->indexes[0] ==
          "index-url https://variable/simple");
  environment = {{"HOME", home.string()}, {"PIP_CONFIG_FILE", "/dev/null"}};
  REQUIRE(pip_configuration(environment, folder.path())->variables.empty());
}

TEST_CASE("pip's configuration: what a container cannot reach is said and left out") {
  const TemporaryFolder folder;
  folder.write("etc/pip.conf", "[global]\nfind-links = /srv/wheels https://w/\n");
  const auto pip = pip_configuration({}, folder.path());
  REQUIRE(pip->variables.at("PIP_FIND_LINKS") == "https://w/");
  REQUIRE(pip->warnings.size() == 1);
  REQUIRE(contains(pip->warnings[0], "/srv/wheels"));
  folder.write("etc/pip.conf", "[global\n");
  REQUIRE(contains(pip_configuration({}, folder.path()).error().message, "pip.conf:1: "));
}

TEST_CASE("netrc: only the machines that are named are passed on") {
  const std::string netrc =
      "machine one login me password \"a b\"\nmachine other login me password hidden-one\n"
      "macdef init\nmachine one\n\n# machine two\nmachine TWO:8080\n login you\n password w\\\"2\n"
      "default login anonymous password everybody\n";
  const NetrcExcerpt excerpt = netrc_for(netrc, {"one", "two"});
  REQUIRE(excerpt.text ==
          "machine one\n  login me\n  password \"a b\"\n"
          "machine TWO:8080\n  login you\n  password \"w\\\"2\"\n");
  REQUIRE(excerpt.passwords == Texts{"a b", "w\"2"});
  REQUIRE(netrc_for(netrc, {"three"}).text.empty());
  REQUIRE(netrc_for("machine", {"one"}).text.empty());
  // A quoted end of line stays in its quotes: behind it would begin another machine's entry.
  const NetrcExcerpt odd = netrc_for("machine one password \"a\nmachine two password b\"", {"one"});
  REQUIRE(netrc_for(odd.text, {"two"}).text.empty());
  REQUIRE(netrc_for(odd.text, {"one"}).passwords == odd.passwords);
}

TEST_CASE("surroundings: variables that a line names are passed on, and hidden") {
  const TemporaryFolder folder;
  folder.write(".netrc", "machine git.example login me password pw-of-netrc\n");
  Caller caller;
  caller.environment = {{"HOME", folder.path().string()},
                        {"PIP_CONFIG_FILE", "/dev/null"},
                        {"INDEX_TOKEN", "t0ken-of-index"},
                        {"OTHER_TOKEN", "t0ken-of-other"},
                        {"PATH", "/bin"},
                        {"HTTPS_PROXY", "http://me:pw-of-proxy@proxy:3128"}};
  const auto made =
      build_surroundings(caller, {"--index-url https://me:${INDEX_TOKEN}@host/simple",
                                  "a @ file://${PATH}/a", "b @ git+https://git.example/b.git"});
  REQUIRE(made);
  const std::string& script = made->files.at("surroundings");
  REQUIRE(contains(script, "export INDEX_TOKEN=t0ken-of-index\n"));
  REQUIRE_FALSE(contains(script, "t0ken-of-other"));
  REQUIRE_FALSE(contains(script, "export PATH="));
  // apt and curl know the name in lower case only.
  REQUIRE(contains(script, "export https_proxy="));
  REQUIRE(made->files.at("netrc") == "machine git.example\n  login me\n  password pw-of-netrc\n");
  for (const char* secret : {"t0ken-of-index", "pw-of-proxy", "pw-of-netrc"}) {
    CAPTURE(secret);
    REQUIRE(std::count(made->secrets.begin(), made->secrets.end(), secret) > 0);
  }
}
