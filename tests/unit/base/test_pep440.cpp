#include "berth/base/pep440.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/table.hpp"

using berth::pep440::SpecifierSet;
using berth::pep440::Version;

namespace {

Version version(const std::string& text) {
  INFO(text);
  const std::optional<Version> parsed = Version::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

SpecifierSet specifiers(const std::string& text) {
  INFO(text);
  const berth::Result<SpecifierSet> parsed = SpecifierSet::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

bool contains(const std::string& set, const std::string& candidate) {
  return specifiers(set).contains(version(candidate));
}

std::string refusal(const std::string& set) {
  INFO(set);
  const berth::Result<SpecifierSet> parsed = SpecifierSet::parse(set);
  REQUIRE_FALSE(parsed);
  REQUIRE(parsed.error().code == berth::Errc::invalid_input);
  return parsed.error().message;
}

}  // namespace

TEST_CASE("versions are read and normalised as packaging does") {
  for (const std::vector<std::string>& row :
       berth::test::read_table("tests/unit/base/data/pep440_versions.tsv", 6)) {
    INFO(row[0]);
    const std::optional<Version> parsed = Version::parse(row[0]);
    REQUIRE(parsed.has_value() == (row[1] != "-"));
    if (!parsed) {
      continue;
    }
    REQUIRE(parsed->text() == row[1]);
    REQUIRE(parsed->is_prerelease() == (row[2].find('a') != std::string::npos));
    REQUIRE(parsed->is_postrelease() == (row[2].find('p') != std::string::npos));
    REQUIRE(parsed->public_version().text() == row[3]);
    REQUIRE(parsed->base_version().text() == row[4]);
    REQUIRE(parsed->local() == row[5]);
  }
}

TEST_CASE("every pair of versions is ordered as packaging orders it") {
  struct Ranked {
    Version version;
    int rank;
  };
  std::vector<Ranked> all;
  int rank = 0;
  for (const std::vector<std::string>& row :
       berth::test::read_table("tests/unit/base/data/pep440_order.tsv", 2)) {
    rank += row[0] == "<" ? 1 : 0;
    all.push_back({version(row[1]), rank});
  }
  for (const Ranked& a : all) {
    for (const Ranked& b : all) {
      INFO(a.version.text() << " and " << b.version.text());
      REQUIRE((a.version < b.version) == (a.rank < b.rank));
      REQUIRE((a.version == b.version) == (a.rank == b.rank));
    }
  }
}

TEST_CASE("specifier sets contain what packaging says") {
  for (const std::vector<std::string>& row :
       berth::test::read_table("tests/unit/base/data/pep440_specifiers.tsv", 3)) {
    INFO(row[0] << " and " << row[1]);
    const berth::Result<SpecifierSet> set = SpecifierSet::parse(row[0]);
    REQUIRE(set.has_value() == (row[2] != "-"));
    if (set) {
      REQUIRE(set->contains(version(row[1])) == (row[2][0] == '1'));
      REQUIRE(set->contains(version(row[1]), true) == (row[2][1] == '1'));
      // What it prints means the same.
      REQUIRE(specifiers(set->text()).contains(version(row[1]), true) == (row[2][1] == '1'));
    }
  }
}

TEST_CASE("local versions belong to their release, and name one build of it") {
  REQUIRE(contains("==2.0.1", "2.0.1+cu118"));
  REQUIRE(contains("==2.0.1+cu118", "2.0.1+cu118"));
  REQUIRE_FALSE(contains("==2.0.1+cu118", "2.0.1"));
  REQUIRE_FALSE(contains("==2.0.1+cu118", "2.0.1+cu117"));
  REQUIRE_FALSE(contains(">2.0.1", "2.0.1+cu118"));
  REQUIRE_FALSE(contains(">2.0.1", "2.0.1.post1"));
  REQUIRE(contains("<=2.0.1", "2.0.1+cu118"));
  REQUIRE(contains("==2.0.*", "2.0.1+cu118"));
}

TEST_CASE("a pre-release needs a specifier that names one, or leave") {
  REQUIRE_FALSE(contains(">=2.0", "2.1rc1"));
  REQUIRE_FALSE(contains("", "2.1rc1"));
  REQUIRE(contains(">=2.1rc1", "2.1rc2"));
  REQUIRE_FALSE(contains(">=2.0,!=2.1rc1", "2.1rc2"));
  REQUIRE(specifiers(">=2.0").contains(version("2.1rc1"), true));
  REQUIRE_FALSE(specifiers(">=2.1rc1").contains(version("2.1rc2"), false));
}

TEST_CASE("sets are combined, printed as written, and say what they pin") {
  const SpecifierSet both = specifiers(" >= 2.0 , <3 ") & specifiers("!=2.1.*");
  REQUIRE(both.text() == ">=2.0,<3,!=2.1.*");
  REQUIRE(both.clauses().size() == 3);
  REQUIRE(both.clauses()[2].wildcard);
  REQUIRE_FALSE(both.pinned());
  REQUIRE(specifiers(">=1,==2.0.1+cu118").pinned()->text() == "2.0.1+cu118");
  REQUIRE(specifiers("===2.0").pinned()->text() == "2.0");
  REQUIRE_FALSE(specifiers("==2.0.*").pinned());
  REQUIRE(specifiers("").empty());
  REQUIRE(specifiers("").contains(version("1.0")));
}

TEST_CASE("numbers up to 2^63 fit, larger ones are refused") {
  REQUIRE(version("9223372036854775808").release()[0] == std::uint64_t{1} << 63);
  for (const char* bad :
       {"9223372036854775809", "18446744073709551616", "1.99999999999999999999",
        "99999999999999999999!1", "1.post99999999999999999999", "1+99999999999999999999"}) {
    INFO(bad);
    REQUIRE_FALSE(Version::parse(bad));
    REQUIRE(refusal("==" + std::string(bad)).find("2^63") != std::string::npos);
  }
  // The bounds of a range are one above.
  REQUIRE_FALSE(contains(">1.post9223372036854775808", "1.post9223372036854775808"));
  REQUIRE(contains("==9223372036854775808.*", "9223372036854775808.1"));
  REQUIRE(contains("~=9223372036854775808.1", "9223372036854775808.2"));
}

TEST_CASE("a malformed specifier is refused with its place") {
  REQUIRE(refusal(">=1.0,=2.0").find("`=2.0`") != std::string::npos);
  REQUIRE(refusal(">= x").find("a version after `>=` at column 4") != std::string::npos);
  REQUIRE(refusal("~=2").find("a second number after `~=`") != std::string::npos);
  REQUIRE(refusal(">=2.0.*").find("no `.*`") != std::string::npos);
  REQUIRE(refusal(">2.0+cu118").find("no local version") != std::string::npos);
  REQUIRE(refusal("===").find("a version after `===`") != std::string::npos);
  REQUIRE(refusal(std::string("==1\0", 4)).find("\\x00") != std::string::npos);
  REQUIRE(refusal("==\xff\x1b[31m").find("\\xff\\x1b[31m") != std::string::npos);
}
