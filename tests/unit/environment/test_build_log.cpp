#include "berth/environment/build_log.hpp"

#include "support/catch.hpp"

using berth::environment::BuildLog;

namespace {

struct Seen {
  std::vector<std::string> steps{};
  std::vector<std::string> lines{};

  BuildLog::Observer observer() {
    return {.on_step = [this](std::string_view step) { steps.emplace_back(step); },
            .on_line = [this](std::string_view line) { lines.emplace_back(line); }};
  }
};

}  // namespace

TEST_CASE("build log: lines for berth are told from the log, in whatever pieces they come") {
  const std::string text =
      "@berth step installing numpy\nCollecting numpy\r\n@berth fact python=3.11.2\n"
      "@berth package numpy==2.0.2\n@berth origin a git+https://b@c\n@berth wrong torch is 2.4, "
      "and the plan says 2.3\n"
      "@berth failed framework\nlast";
  for (std::size_t piece = 1; piece <= text.size(); piece += 7) {
    Seen seen;
    BuildLog log(seen.observer());
    for (std::size_t at = 0; at < text.size(); at += piece) {
      log.feed(std::string_view(text).substr(at, piece));
    }
    log.finish();
    REQUIRE(seen.steps == std::vector<std::string>{"installing numpy"});
    REQUIRE(seen.lines == std::vector<std::string>{"Collecting numpy", "last"});
    REQUIRE(log.step() == "installing numpy");
    REQUIRE(log.failure() == "framework");
    REQUIRE(log.wrong().size() == 1);
    REQUIRE(log.facts().at("python") == "3.11.2");
    REQUIRE(log.packages() == std::vector<std::string>{"numpy==2.0.2"});
    REQUIRE(log.origins().at("a") == "git+https://b@c");
    REQUIRE(log.tail() == seen.lines);
  }
}

TEST_CASE("build log: secrets are seen by nobody") {
  Seen seen;
  BuildLog log(seen.observer());
  log.hide({"hunter2", "hunter2andmore", ""});
  log.feed(
      "Looking in https://me:hunter2andmore@index/\nhunter2hunter2\n@berth step with hunter2\n");
  REQUIRE(seen.lines == std::vector<std::string>{"Looking in https://me:****@index/", "********"});
  REQUIRE(seen.steps == std::vector<std::string>{"with ****"});
}

TEST_CASE("build log: only its end is kept, and no line grows without bound") {
  BuildLog log({});
  for (int i = 0; i < 5000; ++i) {
    log.feed("line " + std::to_string(i) + "\n");
  }
  REQUIRE(log.tail().size() < 1000);
  REQUIRE(log.tail().back() == "line 4999");
  log.feed(std::string(1 << 20, 'x'));
  log.finish();
  for (const std::string& line : log.tail()) {
    REQUIRE(line.size() <= 64 * 1024);
  }
}

TEST_CASE("build log: pip's counters are told, and are no lines of the log") {
  Seen seen;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> counts;
  BuildLog::Observer observer = seen.observer();
  observer.on_count = [&counts](std::uint64_t done, std::uint64_t total) {
    counts.emplace_back(done, total);
  };
  BuildLog log(std::move(observer));
  log.feed(
      "Progress 0 of 12\nProgress 12 of 12\r\nProgress of 1\nProgress 1 of -1\nProgress 1 of "
      "99999999999999999999\n");
  log.finish();
  REQUIRE(counts == std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 12}, {12, 12}});
  REQUIRE(seen.lines == std::vector<std::string>{"Progress of 1", "Progress 1 of -1",
                                                 "Progress 1 of 99999999999999999999"});
  REQUIRE(log.tail() == seen.lines);
}
