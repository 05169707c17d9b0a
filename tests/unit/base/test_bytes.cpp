#include "berth/base/bytes.hpp"
#include "support/catch.hpp"

TEST_CASE("sizes are read in docker's spelling") {
  REQUIRE(berth::parse_bytes("64m").value() == 64u << 20);
  REQUIRE(berth::parse_bytes("16G").value() == 16ull << 30);
  REQUIRE(berth::parse_bytes("1.5GiB").value() == 3ull << 29);
  REQUIRE(berth::parse_bytes("1024").value() == 1024);
  REQUIRE(berth::parse_bytes(" 2 kb ").value() == 2048);
}

TEST_CASE("what is no size is refused by name") {
  for (const char* bad : {"", "g", "-1g", "1x", "1gg", "nan", "inf", "1e3", "99999999999p"}) {
    INFO(bad);
    const berth::Result<std::uint64_t> parsed = berth::parse_bytes(bad);
    REQUIRE_FALSE(parsed);
    REQUIRE(parsed.error().code == berth::Errc::invalid_input);
    REQUIRE(parsed.error().message.find(std::string("`") + bad + "`") != std::string::npos);
  }
}

TEST_CASE("sizes are printed for people") {
  REQUIRE(berth::format_bytes(512) == "512 B");
  REQUIRE(berth::format_bytes(3ull << 29) == "1.5 GiB");
}
