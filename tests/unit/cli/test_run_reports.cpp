// Runs in tables and documents: ps, inspect, stats; and one thing done to several.
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "berth/runtime/run_labels.hpp"
#include "cli/clock_text.hpp"
#include "cli/run_batch.hpp"
#include "cli/run_details.hpp"
#include "cli/run_table.hpp"
#include "cli/signal_option.hpp"
#include "cli/stats_report.hpp"
#include "support/catch.hpp"

using namespace berth::cli;
using berth::Errc;
using berth::Error;
using berth::Result;
using berth::runtime::ContainerState;
using berth::runtime::ContainerStats;

namespace {

using Json = nlohmann::ordered_json;

Run one_run() {
  Run run{.id = "0123456789abcdef",
          .name = "fox",
          .image = "torch:1",
          .state = "running",
          .status = "Up 3 minutes",
          .command = "sh -c 'x'",
          .created = 1'785'585'600};
  run.labels = {{berth::runtime::kRunLabel, "r1"},
                {berth::runtime::kOwnerLabel, "4000000000"},
                {berth::runtime::kJobLabel, "train"},
                {berth::runtime::kProjectLabel, "/home/anna/net"}};
  return run;
}

}  // namespace

TEST_CASE("a row of ps has name, id, job, command, status, age and project") {
  std::vector<Cells> table = run_table({one_run()}, 1'785'585'600 + 200, "/home/anna", false);
  REQUIRE(table[0] == Cells{"NAME", "ID", "JOB", "COMMAND", "STATUS", "STARTED", "PROJECT"});
  REQUIRE(table[1] == Cells{"fox", "0123456789ab", "train", "sh -c 'x'", "Up 3 minutes",
                            "3 minutes ago", "~/net"});
  Run bare{.id = "ff"};
  bare.labels[berth::runtime::kCommandLabel] = "python a.py\n\x1b[31m";
  table = run_table({bare}, 10, "/", true);
  REQUIRE(table[0][2] == "USER");
  REQUIRE(table[1][0] == "-");
  REQUIRE(table[1][4] == "python a.py\\x0a\\x1b[31m");  // a label cannot paint the terminal
  REQUIRE(run_table({one_run()}, 0, "", true)[1][2] == "4000000000");  // a uid that nobody has
}

TEST_CASE("a long command is cut in the table and whole in the document") {
  Run run = one_run();
  run.labels[berth::runtime::kCommandLabel] = "python train.py " + std::string(200, 'x');
  REQUIRE(run_table({run}, 0, "", false)[1][3].size() < 50);
  REQUIRE(run_json(run)["command"] == run.labels[berth::runtime::kCommandLabel]);
}

TEST_CASE("the document of ps has every label that tells runs apart, null where there is none") {
  const Json json = run_json(one_run());
  REQUIRE(json["id"] == "0123456789abcdef");
  REQUIRE(json["run_id"] == "r1");
  REQUIRE(json["job"] == "train");
  REQUIRE(json["mode"].is_null());
  REQUIRE(json["running"] == true);
  REQUIRE(json["created"] == "2026-08-01T12:00:00Z");
}

TEST_CASE("inspect says how a run ended only where it has ended") {
  ContainerState state;
  state.running = true;
  state.status = "running";
  state.pid = 7;
  state.started_at = "2026-08-01T12:00:00Z";
  state.command = {"sh", "-c", "x"};
  state.log_driver = "json-file";
  Json json = run_details(one_run(), state, std::nullopt);
  REQUIRE(json["name"] == "fox");
  REQUIRE(json["command"] == Json{"sh", "-c", "x"});
  REQUIRE(json["state"]["status"] == "running");
  REQUIRE(json["state"]["exit_code"].is_null());
  REQUIRE(json["state"]["pid"] == 7);
  REQUIRE(json["memory_limit"].is_null());
  REQUIRE(json["record"].is_null());
  REQUIRE(json.contains("record"));
  state.running = false;
  state.pid = 0;
  state.exit_code = 3;
  state.finished_at = "2026-08-01T12:00:09Z";
  state.memory_limit = 5;
  json = run_details(one_run(), state, std::nullopt);
  REQUIRE(json["state"]["exit_code"] == 3);
  REQUIRE(json["state"]["finished_at"] == "2026-08-01T12:00:09Z");
  REQUIRE(json["state"]["pid"].is_null());
  REQUIRE(json["memory_limit"] == 5);
}

TEST_CASE("the share of a processor is by the clock") {
  using namespace std::chrono_literals;
  const std::chrono::steady_clock::time_point begin{};
  const StatsLook before{begin, {.cpu_nanoseconds = 1'000'000'000}};
  REQUIRE(cpu_percent(before, {begin + 2s, {.cpu_nanoseconds = 4'000'000'000}}) == 150.0);
  REQUIRE(cpu_percent(before, {begin + 2s, {.cpu_nanoseconds = 1'000'000'000}}) == 0.0);
  REQUIRE_FALSE(cpu_percent(before, {begin, {.cpu_nanoseconds = 2'000'000'000}}));
  REQUIRE_FALSE(cpu_percent(before, {begin + 1s, {.cpu_nanoseconds = 5}}));  // it was restarted
}

TEST_CASE("what is not known or not limited is said to be so") {
  const ContainerStats free{.memory_bytes = 1 << 20, .memory_limit = 18446744073709551615u};
  REQUIRE(stats_row("fox", std::nullopt, free) ==
          Cells{"fox", "?", "1.0 MiB", "?", "0", "0 B / 0 B", "0 B / 0 B"});
  REQUIRE(stats_json(std::nullopt, free)["memory_limit"].is_null());
  REQUIRE(stats_json(std::nullopt, free)["memory_peak"].is_null());
  REQUIRE(stats_json(std::nullopt, free)["cpu_percent"].is_null());
  const ContainerStats limited{
      .memory_bytes = 1 << 20, .memory_limit = 4 << 20, .memory_peak = 2 << 20, .pids = 3};
  REQUIRE(stats_row("fox", 12.34, limited) == Cells{"fox", "12.3%", "1.0 MiB / 4.0 MiB (25.0%)",
                                                    "2.0 MiB", "3", "0 B / 0 B", "0 B / 0 B"});
  REQUIRE(stats_heading().size() == stats_row("fox", 1.0, limited).size());
}

TEST_CASE("ages are in the largest unit that is at least two of") {
  REQUIRE(ago(100, 99) == "0 seconds ago");  // a clock that was set back
  REQUIRE(ago(100, 101) == "1 second ago");
  REQUIRE(ago(0, 119) == "119 seconds ago");
  REQUIRE(ago(0, 120) == "2 minutes ago");
  REQUIRE(ago(0, 7199) == "119 minutes ago");
  REQUIRE(ago(0, 7200) == "2 hours ago");
  REQUIRE(ago(0, 172800) == "2 days ago");
}

TEST_CASE("moments: durations back from now, RFC 3339, seconds since 1970") {
  constexpr std::int64_t kNow = 1'785'585'600;  // 2026-08-01T12:00:00Z
  const auto moment = [](const std::string& text) { return parse_moment("--since", text, kNow); };
  REQUIRE(moment("10m").value() == "1785585000.000000000");
  REQUIRE(moment("90").value() == "1785585510.000000000");
  REQUIRE(moment("2026-08-01T12:00:00Z").value() == "1785585600.000000000");
  REQUIRE(moment("2026-08-01T12:00:00.25Z").value() == "1785585600.250000000");
  REQUIRE(moment("2026-08-01T14:00:00+02:00").value() == "1785585600.000000000");
  REQUIRE(moment("2026-08-01T06:30:00-05:30").value() == "1785585600.000000000");
  REQUIRE(moment("2026-08-01T12:00:00"));  // of this place
  REQUIRE(moment("2026-08-01"));
  REQUIRE(moment("1785585600").value() == "1785585600.000000000");
  REQUIRE(moment("1785585600.5").value() == "1785585600.500000000");
  for (const std::string bad :
       {"", "yesterday", "2026-08", "2026-08-01T12:00:00+2", "2026-08-01T12:00:00.Z", "2026-13-01",
        "1785585600.", "-5m", "2026-08-01T12:00:00Zx", "99999999999999999999"}) {
    INFO(bad);
    REQUIRE(moment(bad).error().code == Errc::usage);
  }
}

TEST_CASE("signals: names with or without SIG, numbers, real-time ones") {
  const auto signal = [](const std::string& text) { return parse_signal_option(text); };
  REQUIRE_FALSE(parse_signal_option(std::nullopt).value().has_value());
  for (const std::string text : {"TERM", "SIGTERM", "sigterm", "term", "15"}) {
    REQUIRE(signal(text).value() == "TERM");
  }
  REQUIRE(signal("RTMIN+3").value() == "RTMIN+3");
  REQUIRE(signal("9").value() == "KILL");
  for (const std::string bad : {"", "0", "64000", "TREM", "SIG", "RTMIN+99", "-9"}) {
    INFO(bad);
    REQUIRE(signal(bad).error().code == Errc::usage);
  }
}

TEST_CASE("several are done side by side and told in the order of the words") {
  std::vector<Choice> choices;
  for (int i = 0; i < 50; ++i) {
    if (i == 7) {
      choices.push_back({"7", berth::fail(Errc::not_found, "no such run")});
      continue;
    }
    choices.push_back({std::to_string(i), Run{.id = std::to_string(i)}});
  }
  std::vector<std::string> told;
  for_each_run(
      choices,
      [](const Run& run) {
        return BatchLine{run.id, {}};
      },
      [&told](const Choice& choice, const Result<BatchLine>& line) {
        REQUIRE(line.has_value() == (choice.word != "7"));
        REQUIRE((!line || line->text == choice.word));
        told.push_back(choice.word);
      });
  REQUIRE(told.size() == 50);
  REQUIRE(told[7] == "7");
  REQUIRE(told[49] == "49");
}

TEST_CASE("an item has its error or none, and a run that was not found no id") {
  const Json good = item_json({"fox", one_run()}, Json{{"exit_code", 3}});
  REQUIRE(good["run"] == "fox");
  REQUIRE(good["id"] == "0123456789abcdef");
  REQUIRE(good["exit_code"] == 3);
  REQUIRE(good["error"].is_null());
  const Error error = Error{Errc::not_found, "no run is called `x`"}.named("run-not-found");
  const Json bad = item_json({"x", berth::fail(error)}, berth::fail(error));
  REQUIRE(bad["id"].is_null());
  REQUIRE(bad["error"]["code"] == "run-not-found");
  REQUIRE(worse(0, error) == 1);
  REQUIRE(worse(4, error) == 4);
  REQUIRE(worse(1, Error{Errc::engine_unreachable, "nobody answers"}) == 4);
}
