#include "cli/catalog_age.hpp"

#include "support/catch.hpp"

using namespace berth;

namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kFirstOfDecember2026 = 20788 * kDay;

spec::Surroundings with_limit(const std::string& limit) {
  spec::Surroundings surroundings;
  surroundings.environment = [limit](const std::string& name) {
    return name == "BERTH_CATALOG_MAX_AGE" ? std::optional<std::string>(limit) : std::nullopt;
  };
  return surroundings;
}

bool is_told(const std::string& version, const std::string& limit) {
  Catalog catalog;
  catalog.version = version;
  return cli::old_catalog_text(catalog, with_limit(limit), kFirstOfDecember2026).has_value();
}

}  // namespace

TEST_CASE("the age of a catalogue is counted in days from its date") {
  REQUIRE(cli::catalog_age_days("2026-12-01", kFirstOfDecember2026 + 10) == 0);
  REQUIRE(cli::catalog_age_days("2026-11-23", kFirstOfDecember2026) == 8);
  REQUIRE(cli::catalog_age_days("2026-11", kFirstOfDecember2026) == 30);
  REQUIRE_FALSE(cli::catalog_age_days("2027-01-01", kFirstOfDecember2026));
  for (const char* text : {"", "yesterday", "2026-13-01", "2026-02-30", "2026-1a-01"}) {
    REQUIRE_FALSE(cli::catalog_age_days(text, kFirstOfDecember2026));
  }
}

TEST_CASE("a catalogue is called old after 180 days, or after as many as the user says") {
  REQUIRE_FALSE(is_told("2026-06-04", ""));
  REQUIRE(is_told("2026-06-03", ""));
  REQUIRE(is_told("2026-11-23", "7"));
  REQUIRE_FALSE(is_told("2026-11-23", "8"));
  REQUIRE_FALSE(is_told("2020-01-01", "0"));
  REQUIRE(is_told("2020-01-01", "never"));
}
