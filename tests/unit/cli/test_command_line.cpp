#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/command_line.hpp"
#include "support/catch.hpp"

using Words = std::vector<std::string>;

namespace {

struct SampleApp {
  SampleApp() {
    app.add_flag("-i,--interactive", flag);
    app.add_flag("-t,--tty", flag);
    app.add_flag("--dry-run{plan}", text);
    app.add_option("-e,--env", list)->allow_extra_args(false);
    app.add_option("--gpus", text);
  }
  CLI::App app;
  bool flag = false;
  std::string text;
  std::vector<std::string> list;
};

std::size_t end_of_options(const Words& words) {
  const SampleApp sample;
  return berth::cli::first_positional(sample.app, words, 0);
}

}  // namespace

TEST_CASE("the command begins at the first word that is no option and no value of one") {
  REQUIRE(end_of_options({"python", "-i"}) == 0);
  REQUIRE(end_of_options({"-i", "python"}) == 1);
  REQUIRE(end_of_options({"--gpus", "all", "python"}) == 2);
  REQUIRE(end_of_options({"--gpus=all", "python"}) == 1);
  REQUIRE(end_of_options({"-e", "A=1", "-eB=2", "-ite", "C=3", "python", "-e"}) == 5);
  REQUIRE(end_of_options({"--dry-run", "python"}) == 1);
  REQUIRE(end_of_options({"--dry-run=docker", "python"}) == 1);
  REQUIRE(end_of_options({"-it", "-", "x"}) == 1);
}

TEST_CASE("a double dash ends the options, and there may be no command") {
  REQUIRE(end_of_options({"-i", "--", "-i"}) == 1);
  REQUIRE(end_of_options({}) == 0);
  REQUIRE(end_of_options({"-i"}) == 1);
  REQUIRE(end_of_options({"--gpus"}) == 1);  // the parser will say that the value is missing
}
