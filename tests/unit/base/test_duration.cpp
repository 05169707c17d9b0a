#include <string>
#include <utility>
#include <vector>

#include "berth/base/duration.hpp"
#include "support/catch.hpp"

using berth::parse_duration;

TEST_CASE("durations") {
  const std::vector<std::pair<std::string, int>> good = {
      {"90", 90},      {"90s", 90}, {"30m", 1800}, {"12h", 43200}, {"2d", 172800},
      {"1h30m", 5400}, {"0", 0},    {" 5s ", 5},   {"1min", 60},
  };
  for (const auto& [text, seconds] : good) {
    INFO(text);
    REQUIRE(parse_duration(text).value().count() == seconds);
  }
  for (const std::string bad :
       {"", "h", "-1h", "1.5h", "1 h", "1w", "1h x", "99999999999999999999", "9999999d"}) {
    INFO(bad);
    REQUIRE_FALSE(parse_duration(bad).has_value());
  }
}
