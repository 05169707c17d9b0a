#include "cli/environment_progress.hpp"

#include <sstream>

#include "cli/heartbeat.hpp"
#include "support/catch.hpp"

using namespace berth::cli;
using namespace std::chrono_literals;

namespace {

struct Screen {
  explicit Screen(bool is_terminal, unsigned width = 80) : terminal(is_terminal, false, width) {}

  std::string take() {
    std::string text = stream.str();
    stream.str("");
    return text;
  }

  std::ostringstream stream{};
  Terminal terminal;
  Messages messages{stream, terminal};
};

constexpr EnvironmentProgress::Clock::time_point kStart{};
const std::string kOver = "\x1b[1A\r\x1b[J";

}  // namespace

TEST_CASE("off a terminal a build is one line per step") {
  Screen screen(false);
  {
    EnvironmentProgress progress(screen.messages, false);
    REQUIRE(!progress.is_live());
    progress.step("installing 2 requirements", kStart);
    progress.line("Collecting numpy", kStart + 1s);
    progress.beat(kStart + 2s);
    progress.step("importing torch", kStart + 3s);
  }
  REQUIRE(screen.take() == "note: installing 2 requirements\nnote: importing torch\n");
}

TEST_CASE("with -q a build is silent, on a terminal and elsewhere") {
  for (const bool is_terminal : {true, false}) {
    Screen screen(is_terminal);
    screen.messages.set_quiet(true);
    {
      EnvironmentProgress progress(screen.messages, false);
      progress.step("installing 2 requirements", kStart);
      progress.line("Collecting numpy", kStart + 1s);
      progress.beat(kStart + 2s);
    }
    REQUIRE(screen.take().empty());
  }
}

TEST_CASE("on a terminal a step is one line, drawn over itself, and stays with its time") {
  Screen screen(true);
  EnvironmentProgress progress(screen.messages, false);
  progress.step("installing 2 requirements", kStart);
  REQUIRE(screen.take() == " 0:00  installing 2 requirements\n");
  progress.line("  Downloading numpy-2.0.2-cp311-cp311-manylinux_2_17_x86_64.whl (18.0 MB)",
                kStart + 1s);
  REQUIRE(screen.take() ==
          kOver + " 0:01  installing 2 requirements: downloading numpy 2.0.2, 17.2 MiB\n");
  progress.count(9 << 20, 18 << 20, kStart + 2s);
  REQUIRE(screen.take() ==
          kOver +
              " 0:02  installing 2 requirements: downloading numpy 2.0.2, 9.0 MiB of 18.0 MiB\n");
  progress.commit(kStart + 75s);
  REQUIRE(screen.take() == kOver + " 1:15  installing 2 requirements: keeping it as an image\n");
  progress.step("importing torch", kStart + 3700s);
  REQUIRE(screen.take() ==
          kOver + "note: installing 2 requirements (1:01:40)\n 0:00  importing torch\n");
  progress.end(kStart + 3701s);
  progress.end(kStart + 3702s);
  REQUIRE(screen.take() == kOver + "note: importing torch (0:01)\n");
}

TEST_CASE("a build is drawn at most ten times a second, and moves on when nothing is said") {
  Screen screen(true);
  EnvironmentProgress progress(screen.messages, false);
  progress.step("compiling", kStart);
  for (int i = 1; i <= 1000; ++i) {
    progress.line("Collecting a" + std::to_string(i), kStart + i * 1ms);
  }
  const std::string text = screen.take();
  const auto draws = std::count(text.begin(), text.end(), '\n');
  REQUIRE(draws >= 9);
  REQUIRE(draws <= 11);
  progress.beat(kStart + 60s);
  REQUIRE(screen.take() == kOver + " 1:00  compiling: looking for a1000\n");
}

TEST_CASE("no bytes of a log reach a terminal raw, and no line is folded") {
  for (const unsigned width : {1U, 2U, 20U, 41U, 80U}) {
    Screen screen(true, width);
    EnvironmentProgress progress(screen.messages, false);
    progress.step("installing \x1b[2J " + std::string(300, 'x'), kStart);
    progress.line("Collecting \x1b]0;title\a\xff\xfe" + std::string(70000, 'y'), kStart + 1s);
    progress.line(
        "Setting up \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
        kStart + 2s);
    std::string text = screen.take();
    for (std::size_t at = text.find(kOver); at != std::string::npos; at = text.find(kOver)) {
      text.erase(at, kOver.size());
    }
    REQUIRE(text.find('\x1b') == std::string::npos);
    REQUIRE(text.find('\a') == std::string::npos);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      REQUIRE(line.size() <= 3 * width);
      REQUIRE(cut_to_columns(line, std::max(width, 2U) - 1) == line);
    }
  }
}

TEST_CASE("text is cut between characters, wide ones counted as such") {
  REQUIRE(cut_to_columns("numpy", 5) == "numpy");
  REQUIRE(cut_to_columns("numpy", 4) == "nump");
  REQUIRE(cut_to_columns("a\xe6\x97\xa5z", 2) == "a");
  REQUIRE(cut_to_columns("a\xe6\x97\xa5z", 3) == "a\xe6\x97\xa5");
  REQUIRE(cut_to_columns("", 0).empty());
}

TEST_CASE("a heartbeat beats until it goes") {
  std::atomic<int> beats = 0;
  {
    const Heartbeat heart(1ms, [&beats] { ++beats; });
    while (beats < 3) {
      std::this_thread::sleep_for(1ms);
    }
  }
  const int after = beats;
  std::this_thread::sleep_for(10ms);
  REQUIRE(beats == after);
}
