#include "berth/base/pep508.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/table.hpp"

using berth::pep508::Environment;
using berth::pep508::Marker;
using berth::pep508::Requirement;

namespace {

// Those that the corpus was made with.
std::array<Environment, 3> corpus_environments() {
  Environment linux310;
  linux310.python_full_version = linux310.implementation_version = "3.10.12";
  linux310.platform_release = "5.10.0";
  Environment old38 = linux310;
  old38.python_version = "3.8";
  old38.python_full_version = old38.implementation_version = "3.8.0rc1";
  old38.platform_machine = "aarch64";
  old38.platform_release = "";
  old38.extra = "Foo_Bar";
  Environment dev313 = linux310;
  dev313.python_version = "3.13";
  dev313.python_full_version = "3.13.0+";
  dev313.implementation_version = "3.13.0";
  dev313.platform_release = "6.1.0-28-amd64";
  dev313.extra = "dev";
  return {linux310, old38, dev313};
}

std::string marker_bits(const Requirement& requirement) {
  if (!requirement.marker) {
    return "none";
  }
  std::string bits;
  for (const Environment& environment : corpus_environments()) {
    bits += requirement.applies(environment) ? '1' : '0';
  }
  return bits;
}

std::string sorted_clauses(const Requirement& requirement) {
  std::vector<std::string> texts;
  for (const berth::pep440::Specifier& clause : requirement.specifiers.clauses()) {
    texts.push_back(clause.text());
  }
  std::sort(texts.begin(), texts.end());
  return berth::join(texts, ",");
}

berth::Error refusal(const std::string& text) {
  INFO(text);
  const berth::Result<Requirement> parsed = Requirement::parse(text);
  REQUIRE_FALSE(parsed);
  REQUIRE(parsed.error().code == berth::Errc::invalid_input);
  return parsed.error();
}

bool says(const berth::Error& error, const std::string& part) {
  UNSCOPED_INFO(error.message);
  return error.message.find(part) != std::string::npos;
}

bool holds(const std::string& text, const Environment& environment = {}) {
  INFO(text);
  const berth::Result<Marker> marker = Marker::parse(text);
  REQUIRE(marker);
  return marker->evaluate(environment);
}

}  // namespace

TEST_CASE("requirements are read and evaluated as packaging does") {
  for (const std::vector<std::string>& row :
       berth::test::read_table("tests/unit/base/data/pep508_requirements.tsv", 7)) {
    INFO(row[0]);
    const berth::Result<Requirement> parsed = Requirement::parse(row[0]);
    REQUIRE(parsed.has_value() == (row[1] != "-"));
    if (!parsed) {
      continue;
    }
    REQUIRE(parsed->written_name == row[1]);
    REQUIRE(parsed->name == row[2]);
    REQUIRE(berth::join(parsed->extras, ",") == row[3]);
    REQUIRE(sorted_clauses(*parsed) == row[4]);
    REQUIRE(parsed->url == row[5]);
    REQUIRE(marker_bits(*parsed) == row[6]);
  }
}

TEST_CASE("a requirement prints as one that means the same") {
  for (const std::vector<std::string>& row :
       berth::test::read_table("tests/unit/base/data/pep508_requirements.tsv", 7)) {
    const berth::Result<Requirement> parsed = Requirement::parse(row[0]);
    if (!parsed) {
      continue;
    }
    INFO(row[0] << " prints as " << parsed->text());
    const berth::Result<Requirement> again = Requirement::parse(parsed->text());
    REQUIRE(again);
    REQUIRE(again->text() == parsed->text());
    REQUIRE(again->name == parsed->name);
    REQUIRE(again->extras == parsed->extras);
    REQUIRE(again->url == parsed->url);
    REQUIRE(marker_bits(*again) == marker_bits(*parsed));
  }
  REQUIRE(Requirement::parse("Torch_Vision [b,A] (>=1, <2);python_version>'3'")->text() ==
          "Torch_Vision[a,b]>=1,<2; python_version>'3'");
  REQUIRE(Requirement::parse("a[b_,c]")->text() == "a[b_,c]");
  REQUIRE(Requirement::parse("a@https://x.org/a.whl ; extra=='b'")->text() ==
          "a @ https://x.org/a.whl ; extra=='b'");
}

TEST_CASE("names are normalised as indexes know them") {
  REQUIRE(berth::pep508::normalised_name("Zope.._-Interface") == "zope-interface");
  REQUIRE(berth::pep508::normalised_name("") == "");
}

TEST_CASE("a malformed requirement is refused with the place and what belongs there") {
  REQUIRE(
      says(refusal("torch=2.3.1"), "expected one of ==, !=, <=, >=, <, >, ~=, === at column 6"));
  REQUIRE(refusal("torch=2.3.1").hints == std::vector<std::string>{"did you mean `==2.3.1`?"});
  REQUIRE(refusal("torch=>2.3").hints == std::vector<std::string>{"did you mean `>=2.3`?"});
  REQUIRE(refusal("torch=<2.3").hints == std::vector<std::string>{"did you mean `<=2.3`?"});
  REQUIRE(refusal("torch 2.3.1").hints == std::vector<std::string>{"did you mean `torch==2.3.1`?"});
  REQUIRE(says(refusal("torch[a"), "the `]` of the `[` at column 6"));
  REQUIRE(says(refusal("torch[a,]"), "an extra's name at column 9"));
  REQUIRE(says(refusal("torch (>=1.0"), "the `)` of the `(` at column 7"));
  REQUIRE(says(refusal("torch @ "), "a URL after `@`"));
  REQUIRE(says(refusal("torch>=1.0.*"), "no `.*`"));
  REQUIRE(says(refusal("torch>=1.0+cu118"), "no local version"));
  REQUIRE(says(refusal("torch>=99999999999999999999"), "2^63"));
  REQUIRE(says(refusal(""), "a project's name at column 1"));
  REQUIRE(refusal("torch; python_verson > '3'").hints ==
          std::vector<std::string>{"did you mean `python_version`?"});
  REQUIRE(says(refusal("torch; (os_name == 'a'"), "the `)` of the `(` at column 8"));
  REQUIRE(
      says(refusal("torch; os_name == 'a"), "a closing ' for the text that begins at column 19"));
}

TEST_CASE("a malformed requirement is shown without its password, and with its place") {
  const auto error = refusal("torch @ https://me:s3cret@host/a.whl ; python_verson > '3'");
  REQUIRE(says(error, "`torch @ https://host/a.whl ; python_verson > '3'`"));
  REQUIRE(says(error, "at column 30"));
  REQUIRE_FALSE(says(error, "s3cret"));
}

TEST_CASE("bytes that no requirement has are refused and shown harmlessly") {
  REQUIRE(says(refusal(std::string("to\0rch", 6)), "`to\\x00rch`"));
  REQUIRE(says(refusal("torch\n"), "no control character at column 6"));
  REQUIRE(says(refusal("\xff\xfe"), "`\\xff\\xfe`"));
  REQUIRE(says(refusal("torch; os_name == '\x1b[31m'"), "no control character"));
  std::string long_name(100000, 'a');
  long_name += "=1";
  REQUIRE(refusal(long_name).message.size() < 400);
  REQUIRE(Requirement::parse("torch; os_name == 'é'"));
}

TEST_CASE("nesting has a limit, length has none that matters") {
  const auto nested = [](std::size_t depth) {
    return "a; " + std::string(depth, '(') + "os_name == 'posix'" + std::string(depth, ')');
  };
  REQUIRE(Requirement::parse(nested(64)));
  REQUIRE(says(refusal(nested(65)), "at most 64 nested parentheses at column 68"));
  REQUIRE(says(refusal(nested(200000)), "at most 64 nested parentheses"));
  std::string chain = "a; os_name == 'nt'";
  for (int i = 0; i < 20000; ++i) {
    chain += " or os_name == 'nt'";
  }
  REQUIRE_FALSE(Requirement::parse(chain)->applies({}));
  REQUIRE(Requirement::parse(chain + " or os_name == 'posix'")->applies({}));
}

TEST_CASE("a comparison is one of versions where both sides are, else one of texts") {
  REQUIRE(holds("python_version > '3.9'"));  // not the texts' order
  REQUIRE(holds("'3.9' < python_version"));
  REQUIRE(holds("python_version == '3.10.0'"));
  REQUIRE(holds("python_version == '3.*'"));
  REQUIRE(holds("python_version ~= '3.8'"));
  REQUIRE_FALSE(holds("sys_platform > 'a'"));  // texts have no order
  REQUIRE(holds("sys_platform >= 'linux'"));
  REQUIRE(holds("python_version in '3.9, 3.10'"));
  REQUIRE_FALSE(holds("python_version not in '3.9, 3.10'"));
  REQUIRE(holds("python_full_version >= python_version"));
}

TEST_CASE("and binds tighter than or, parentheses tighter than both") {
  REQUIRE(holds("os_name == 'posix' or os_name == 'posix' and os_name == 'nt'"));
  REQUIRE_FALSE(holds("(os_name == 'posix' or os_name == 'posix') and os_name == 'nt'"));
}

TEST_CASE("extras are compared by their normalised names") {
  Environment environment;
  REQUIRE_FALSE(holds("extra == 'Foo.Bar'", environment));
  environment.extra = "foo_bar";
  REQUIRE(holds("extra == 'Foo.Bar'", environment));
  REQUIRE(holds("'FOO--BAR' == extra", environment));
}

TEST_CASE("a Python of an untagged commit and an unknown implementation version are versions") {
  Environment environment;
  environment.python_full_version = "3.13.0+";
  REQUIRE(holds("python_full_version >= '3.13'", environment));
  environment.python_full_version = "3.12.1";
  REQUIRE(holds("implementation_version == '3.12.1'", environment));
}

TEST_CASE("comparisons that mean nothing are refused when they are read") {
  for (const char* bad : {"'a' == 'b'", "os_name ~= 'posix'", "sys_platform === 'linux'",
                          "python_version ~= 'abc'", "python_version ~= '3'"}) {
    INFO(bad);
    REQUIRE_FALSE(Marker::parse(bad));
  }
}
