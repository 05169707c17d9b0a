#include "berth/base/credentials.hpp"

#include "support/catch.hpp"

using namespace berth;
using Texts = std::vector<std::string>;

TEST_CASE("credentials: an address is shown without its user and password") {
  REQUIRE(without_credentials("--index-url https://me:s3cret@host:8443/simple/ numpy") ==
          "--index-url https://host:8443/simple/ numpy");
  REQUIRE(without_credentials("pkg @ git+https://t0ken@git.example/a.git@v1#egg=a") ==
          "pkg @ git+https://git.example/a.git@v1#egg=a");
  REQUIRE(without_credentials("https://a:b@one/ https://c:d@two/") == "https://one/ https://two/");
  REQUIRE(without_credentials("https://me:p@ss@host/") == "https://host/");
  REQUIRE(without_credentials("git+ssh://git@host/a.git") == "git+ssh://git@host/a.git");
  REQUIRE(without_credentials("https://host/a@b and c@d") == "https://host/a@b and c@d");
  REQUIRE(without_credentials("") == "");
  REQUIRE(without_credentials("https://me:${TOKEN}@host/") == "https://host/");
}

TEST_CASE("credentials that are variables stay where the text is used again") {
  REQUIRE(without_secrets("https://me:${TOKEN}@host/ https://${T}@a/ https://${A}:${B}@b/") ==
          "https://me:${TOKEN}@host/ https://${T}@a/ https://${A}:${B}@b/");
  REQUIRE(without_secrets("https://me:s3cret@host/ https://t0ken@a/ https://${A}:s3cret@b/") ==
          "https://host/ https://a/ https://b/");
  REQUIRE(without_secrets("https://me:${T}s3cret@host/") == "https://host/");
  REQUIRE(without_secrets("git+ssh://git@host/a.git@v1") == "git+ssh://git@host/a.git@v1");
}

TEST_CASE("credentials: passwords and tokens are what must not be shown") {
  REQUIRE(credentials_in("https://me:s3cret@host/") == Texts{"s3cret"});
  REQUIRE(credentials_in("https://me:p%40ssword@host/") == Texts{"p%40ssword", "p@ssword"});
  REQUIRE(credentials_in("git+https://t0ken@host/a.git") == Texts{"t0ken"});
  REQUIRE(credentials_in("https://ghp_0123456789abcdef:x-oauth-basic@host/") ==
          Texts{"x-oauth-basic", "ghp_0123456789abcdef"});
  REQUIRE(credentials_in("https://${USER}:${TOKEN}@host/").empty());
  REQUIRE(credentials_in("git+ssh://git@host/a.git").empty());
  // Hidden everywhere, it would take words apart.
  REQUIRE(credentials_in("https://me:ab@host/") == Texts{":ab@"});
}

TEST_CASE("credentials: the hosts of addresses, without ports") {
  REQUIRE(hosts_in("-i https://me:pw@PyPI.Example:8443/simple --extra-index-url http://b/") ==
          Texts{"pypi.example", "b"});
  REQUIRE(hosts_in("http://[::1]:8080/x") == Texts{"[::1]"});
  REQUIRE(hosts_in("numpy==1.26").empty());
}
