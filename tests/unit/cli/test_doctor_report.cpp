// The doctor's findings and the table of GPUs as people and scripts read them.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "cli/doctor_report.hpp"
#include "cli/gpu_report.hpp"
#include "support/catch.hpp"

using berth::cli::Finding;
using berth::cli::findings_document;
using berth::cli::GpuHolder;
using berth::cli::GpuReport;
using berth::cli::GpuRow;
using berth::cli::gpus_document;
using berth::cli::GpuUser;
using berth::cli::print_findings;
using berth::cli::print_gpus;
using berth::cli::Terminal;

namespace {

const Terminal kPlain(false, false, 80);

std::vector<Finding> two_findings() {
  return {{.code = "engine-reachable", .message = "Docker 28.5.1 answers"},
          {.code = "gpu-nvml-mismatch",
           .status = Finding::Status::problem,
           .message = "the loaded driver is 535.98, its library is 550.120",
           .cause = "the driver was updated",
           .remedy = {"`sudo reboot`"}}};
}

std::string text_of(const std::vector<Finding>& findings, bool problems_only) {
  std::ostringstream out;
  print_findings(out, kPlain, findings, {problems_only});
  return out.str();
}

GpuReport one_gpu() {
  GpuReport report;
  report.driver = "535.104.05";
  report.cuda = "12.2";
  GpuRow row;
  row.gpu.index = 0;
  row.gpu.name = "NVIDIA GeForce RTX 3090";
  row.gpu.uuid = "GPU-1";
  row.gpu.compute_capability = berth::ComputeCapability{8, 6};
  row.gpu.memory_bytes = 24ULL << 30;
  row.gpu.memory_used_bytes = 2ULL << 30;
  row.gpu.utilisation_percent = 87;
  GpuUser user;
  user.process = {4242, 2ULL << 30};
  user.facts.name = "python";
  user.facts.command = "python train.py";
  user.facts.container = std::string(64, 'a');
  user.user = "ada";
  row.users = {user};
  report.rows = {row};
  return report;
}

std::string table_of(const GpuReport& report) {
  std::ostringstream out;
  print_gpus(out, kPlain, report);
  return out.str();
}

}  // namespace

TEST_CASE("findings are lines with their cause and remedy below", "[doctor]") {
  REQUIRE(text_of(two_findings(), false) ==
          "ok       engine-reachable          Docker 28.5.1 answers\n"
          "problem  gpu-nvml-mismatch         the loaded driver is 535.98, its library is 550.120\n"
          "         cause: the driver was updated\n"
          "         remedy: `sudo reboot`\n"
          "\n"
          "1 problem found\n");
}

TEST_CASE("quiet findings are the problems alone", "[doctor]") {
  const std::string text = text_of(two_findings(), true);
  REQUIRE(text.find("engine-reachable") == std::string::npos);
  REQUIRE(text.rfind("problem  gpu-nvml-mismatch", 0) == 0);
  REQUIRE(text_of({two_findings()[0]}, true).empty());
}

TEST_CASE("the verdict counts", "[doctor]") {
  const Finding problem = two_findings()[1];
  REQUIRE(text_of({}, false) == "\nno problem found\n");
  REQUIRE(text_of({problem, problem}, false).find("2 problems found") != std::string::npos);
}

TEST_CASE("colour does not move the columns", "[doctor]") {
  const Terminal colored(true, true, 80);
  std::ostringstream out;
  print_findings(out, colored, {two_findings()[0]}, {});
  REQUIRE(out.str().rfind(
              "\x1b[1;32mok\x1b[0m       \x1b[2mengine-reachable\x1b[0m          Docker", 0) == 0);
}

TEST_CASE("findings as JSON have every key, also the empty ones", "[doctor]") {
  const nlohmann::json document = nlohmann::json::parse(findings_document(two_findings()));
  REQUIRE(document.at("schema") == "berth/doctor/1");
  REQUIRE(document.at("problems") == 1);
  const nlohmann::json& first = document.at("findings").at(0);
  REQUIRE(first.at("code") == "engine-reachable");
  REQUIRE(first.at("status") == "ok");
  REQUIRE(first.at("cause") == "");
  REQUIRE(first.at("remedy").empty());
  REQUIRE(document.at("findings").at(1).at("remedy").at(0) == "`sudo reboot`");
}

TEST_CASE("GPUs and their users are two tables", "[gpus]") {
  REQUIRE(table_of(one_gpu()) ==
          "GPU  NAME                     CAPABILITY  MEMORY              USE  HELD BY  UUID\n"
          "0    NVIDIA GeForce RTX 3090  8.6         2.0 GiB / 24.0 GiB  87%  -        GPU-1\n"
          "\n"
          "GPU  PID   USER  MEMORY   CONTAINER     COMMAND\n"
          "0    4242  ada   2.0 GiB  aaaaaaaaaaaa  python train.py\n");
}

TEST_CASE("what is not known of a GPU is a question mark, and null in JSON", "[gpus]") {
  GpuReport report;
  report.rows = {GpuRow{}};
  report.rows[0].gpu.name = "NVIDIA A10G";
  REQUIRE(table_of(report).find("0    NVIDIA A10G  ?           ? / ?   ?    -        ?\n") !=
          std::string::npos);
  REQUIRE(table_of(report).find("PID") == std::string::npos);
  const nlohmann::json document = nlohmann::json::parse(gpus_document(report));
  REQUIRE(document.at("driver").is_null());
  REQUIRE(document.at("gpus").at(0).at("memory_bytes").is_null());
  REQUIRE(document.at("gpus").at(0).at("compute_capability").is_null());
}

TEST_CASE("a MIG instance is named as --gpus takes it", "[gpus]") {
  GpuReport report = one_gpu();
  report.rows[0].gpu.mig = true;
  report.rows[0].gpu.mig_instances = {{2, "NVIDIA A100 MIG 1g.5gb", "MIG-7", 5ULL << 30}};
  REQUIRE(table_of(report).find("\n0:2  NVIDIA A100 MIG 1g.5gb") != std::string::npos);
  const nlohmann::json document = nlohmann::json::parse(gpus_document(report));
  REQUIRE(document.at("gpus").at(0).at("mig_instances").at(0).at("uuid") == "MIG-7");
}

TEST_CASE("who holds a GPU is shown beside it, and below with the run", "[gpus]") {
  GpuReport report = one_gpu();
  GpuHolder holder;
  holder.user = "ada";
  holder.lease.uid = 1000;
  holder.lease.pid = 4242;
  holder.lease.run_id = "9d3c1e0f5a7b2468";
  holder.lease.since = 1'785'585'600;
  report.rows[0].holders["GPU-1"] = holder;
  GpuHolder waiting = holder;
  waiting.user = "bob";
  waiting.lease.run_name = "eval";
  report.waiting = {waiting};
  const std::string table = table_of(report);
  REQUIRE(table.find("87%  ada      GPU-1\n") != std::string::npos);
  REQUIRE(table.find("GPU  USER  RUN               PID   SINCE                 HOLD\n"
                     "0    ada   9d3c1e0f5a7b2468  4242  2026-08-01T12:00:00Z  alone\n"
                     "-    bob   eval              4242  2026-08-01T12:00:00Z  waits\n") !=
          std::string::npos);
  const nlohmann::json document = nlohmann::json::parse(gpus_document(report));
  const nlohmann::json& held_by = document.at("gpus").at(0).at("held_by");
  REQUIRE(held_by.at("user") == "ada");
  REQUIRE(held_by.at("run") == "9d3c1e0f5a7b2468");
  REQUIRE(held_by.at("since") == "2026-08-01T12:00:00Z");
  REQUIRE(held_by.at("alone") == true);
  REQUIRE(document.at("waiting").at(0).at("name") == "eval");
}

TEST_CASE("free and unhealthy GPUs are told apart", "[gpus]") {
  GpuReport report = one_gpu();
  report.rows[0].free = {"GPU-1"};
  REQUIRE(table_of(report).find("87%  free     GPU-1\n") != std::string::npos);
  report.rows[0].free.clear();
  report.rows[0].trouble = "it has 2 uncorrected memory errors";
  REQUIRE(table_of(report).find("it has 2 uncorrected memory errors  -        GPU-1\n") !=
          std::string::npos);
  const nlohmann::json gpu = nlohmann::json::parse(gpus_document(report)).at("gpus").at(0);
  REQUIRE(gpu.at("healthy") == false);
  REQUIRE(gpu.at("free") == false);
  REQUIRE(gpu.at("held_by").is_null());
}

TEST_CASE("a command line cannot paint the terminal", "[gpus]") {
  GpuReport report = one_gpu();
  report.rows[0].users[0].facts.command = "python \x1b[2J\nevil";
  const std::string table = table_of(report);
  REQUIRE(table.find('\x1b') == std::string::npos);
  REQUIRE(std::count(table.begin(), table.end(), '\n') == 5);
}

TEST_CASE("the document of GPUs is complete", "[gpus]") {
  const nlohmann::json document = nlohmann::json::parse(gpus_document(one_gpu()));
  REQUIRE(document.at("schema") == "berth/gpus/1");
  REQUIRE(document.at("cuda") == "12.2");
  const nlohmann::json& process = document.at("gpus").at(0).at("processes").at(0);
  REQUIRE(process.at("pid") == 4242);
  REQUIRE(process.at("container") == std::string(64, 'a'));
  REQUIRE(process.at("memory_bytes") == 2ULL << 30);
}

TEST_CASE("no GPU is an empty table and an empty list", "[gpus]") {
  REQUIRE(table_of({}).empty());
  REQUIRE(nlohmann::json::parse(gpus_document({})).at("gpus").empty());
}
