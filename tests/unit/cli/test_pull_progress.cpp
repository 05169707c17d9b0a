#include <sstream>

#include "cli/pull_progress.hpp"
#include "support/catch.hpp"

using berth::cli::PullProgress;
using berth::cli::Terminal;
using berth::runtime::PullEvent;
using namespace std::chrono_literals;

TEST_CASE("off a terminal a pull is one line per change of state, without counters") {
  std::ostringstream stream;
  const Terminal plain(false, false, 80);
  PullProgress progress(stream, plain);
  progress.show({"", "Pulling from test/x", 0, 0});
  progress.show({"aaa", "Downloading", 1, 100});
  progress.show({"aaa", "Downloading", 50, 100});
  progress.show({"bbb", "Downloading", 10, 100});
  progress.show({"aaa", "Pull complete", 0, 0});
  progress.show({"", "Digest: sha256:1", 0, 0});
  progress.finish();
  REQUIRE(stream.str() ==
          "Pulling from test/x\naaa: Downloading\nbbb: Downloading\naaa: Pull complete\n"
          "Digest: sha256:1\n");
}

TEST_CASE("on a terminal bars are drawn over at most ten times a second") {
  std::ostringstream stream;
  const Terminal screen(true, false, 100);
  PullProgress progress(stream, screen);
  const PullProgress::Clock::time_point start{};
  for (int i = 0; i <= 100; ++i) {
    progress.show({"aaa", "Downloading", static_cast<std::uint64_t>(i) << 20, 100ull << 20},
                  start + i * 10ms);
  }
  const std::string text = stream.str();
  std::size_t draws = 0;
  for (std::size_t at = text.find("total "); at != std::string::npos;
       at = text.find("total ", at + 1)) {
    ++draws;
  }
  REQUIRE(draws >= 9);
  REQUIRE(draws <= 11);
  REQUIRE(text.find("\x1b[2A") != std::string::npos);
  REQUIRE(text.find("0 of 1 layers") != std::string::npos);
}

TEST_CASE("a pull of many layers shows the ones under way, and no line exceeds the terminal") {
  std::ostringstream stream;
  const Terminal screen(true, false, 40);
  PullProgress progress(stream, screen);
  for (int i = 0; i < 100; ++i) {
    progress.show({"layer" + std::to_string(i), "Downloading", 5, 10});
  }
  stream.str("");
  progress.finish();
  std::istringstream lines(stream.str());
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    const std::size_t escape_end = line.find("\x1b[J");
    const std::string visible =
        escape_end == std::string::npos ? line : line.substr(escape_end + 3);
    REQUIRE(visible.size() <= 40);
    ++count;
  }
  REQUIRE(count == 14);
}
