// The trial runs of `doctor --deep`: what the program's report becomes, and that nothing is left
// behind, whichever call fails.
#include <algorithm>
#include <cerrno>
#include <string>

#include "cli/doctor_deep.hpp"
#include "support/catch.hpp"
#include "support/fake_engine.hpp"

using namespace berth;
using namespace berth::cli;
using berth::runtime::TrialReport;
using berth::test::FakeContainer;
using berth::test::FakeEngine;
using Status = Finding::Status;

namespace {

Observations with_gpus() {
  Observations seen;
  EngineFacts engine;
  engine.address = "unix:///var/run/docker.sock";
  engine.architecture = std::string(runtime::trial_architecture());
  seen.engine = engine;
  seen.probe.host.engine = engine;
  seen.probe.host.driver = DriverVersion::parse("535.104.05");
  seen.probe.host.gpus = {{.name = "NVIDIA A10G"}};
  runtime::GpuSupport support;
  support.cdi = true;
  support.cdi_devices = {"nvidia.com/gpu=0", "nvidia.com/gpu=all"};
  seen.gpu_support = support;
  return seen;
}

TrialReport report_with(std::vector<runtime::TrialAnswer> answers) {
  return {.user = "1000:1000",
          .answers = std::move(answers),
          .standard_error = std::string(runtime::kTrialError),
          .exit_code = runtime::kTrialExitCode};
}

DeepObservations well() {
  DeepObservations deep;
  deep.folder = "/home/ada/project/.berth-doctor-1";
  deep.caller_uid = 1000;
  deep.owner_of_written = 1000;
  deep.cpu = report_with({{"resolve", "example.com", 0}, {"write", "/berth-trial-folder/x", 0}});
  deep.gpu = report_with({{"open", "/dev/nvidiactl", 0},
                          {"open", "/dev/nvidia-uvm", 0},
                          {"open", "/dev/nvidia0", 0},
                          {"open", "/dev/nvidia1", ENOENT},
                          {"find", "/usr/lib64/libcuda.so.1", 0}});
  return deep;
}

Finding expect(const DeepObservations& deep, const std::string& code, Status status) {
  for (const Finding& finding : examine_deep(with_gpus(), deep)) {
    if (finding.code == code) {
      INFO(finding.message);
      REQUIRE(finding.status == status);
      REQUIRE((status != Status::problem || !finding.remedy.empty()));
      return finding;
    }
  }
  FAIL("no finding " << code);
  return {};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Plays the program: an answer of 0 to whatever it is asked.
void answer_all(FakeEngine& engine, FakeContainer& container) {
  std::string lines = "ids 1000 1000\n";
  const std::vector<std::string>& command = engine.specs().back().command;
  for (std::size_t i = 1; i + 1 < command.size(); i += 2) {
    lines += command[i] + " " + command[i + 1] + " 0\n";
  }
  container.out(lines);
  container.err(runtime::kTrialError);
  container.exit(runtime::kTrialExitCode);
}

}  // namespace

TEST_CASE("a machine on which all works has a finding for each thing that does", "[doctor][deep]") {
  const std::vector<Finding> findings = examine_deep(with_gpus(), well());
  std::string codes;
  for (const Finding& finding : findings) {
    INFO(finding.message);
    REQUIRE(finding.status == Status::ok);
    codes += finding.code + " ";
  }
  REQUIRE(codes == "deep-run deep-mount deep-network deep-gpu deep-gpu-library ");
}

TEST_CASE("a trial that fails says what the engine said", "[doctor][deep]") {
  DeepObservations deep = well();
  deep.cpu = Result<TrialReport>(fail(
      Error{Errc::engine_failed, "the engine cannot start it"}.note("the engine says: no cgroup")));
  REQUIRE(contains(expect(deep, "deep-run", Status::problem).cause, "no cgroup"));
  REQUIRE(examine_deep(with_gpus(), deep).size() == 1);
}

TEST_CASE("output and exit codes that do not arrive whole are a problem", "[doctor][deep]") {
  DeepObservations deep = well();
  (*deep.cpu)->exit_code = 0;
  expect(deep, "deep-run", Status::problem);
  deep = well();
  (*deep.cpu)->standard_error.clear();
  expect(deep, "deep-run", Status::problem);
}

TEST_CASE("a mount that cannot be written, is elsewhere, or is somebody else's", "[doctor][deep]") {
  DeepObservations deep = well();
  (*deep.cpu)->answers[1].error_number = EACCES;
  REQUIRE(contains(expect(deep, "deep-mount", Status::problem).message, "permission denied"));
  deep = well();
  deep.owner_of_written.reset();
  REQUIRE(contains(expect(deep, "deep-mount", Status::problem).message, "does not arrive"));
  deep.owner_of_written = 231072;
  REQUIRE(contains(expect(deep, "deep-mount", Status::problem).message, "uid 231072"));
}

TEST_CASE("names that do not resolve are a note", "[doctor][deep]") {
  DeepObservations deep = well();
  (*deep.cpu)->answers[0].error_number = ETIMEDOUT;
  REQUIRE(contains(expect(deep, "deep-network", Status::note).message, "timed out"));
  (*deep.cpu)->answers[0].error_number = runtime::kNotResolved + 3;
  REQUIRE(contains(expect(deep, "deep-network", Status::note).message, "code 3"));
}

TEST_CASE("a GPU that does not arrive is told by what is missing", "[doctor][deep]") {
  const auto with_answer = [](std::size_t index, int error_number) {
    DeepObservations deep = well();
    (*deep.gpu)->answers[index].error_number = error_number;
    return deep;
  };
  REQUIRE(contains(expect(with_answer(2, EPERM), "deep-gpu", Status::problem).cause, "cgroup"));
  REQUIRE(
      contains(expect(with_answer(2, EACCES), "deep-gpu", Status::problem).cause, "permissions"));
  REQUIRE(
      contains(expect(with_answer(2, ENOENT), "deep-gpu", Status::problem).message, "has none"));
  REQUIRE(contains(expect(with_answer(1, ENOENT), "deep-gpu", Status::problem).message,
                   "and not /dev/nvidia-uvm"));
  expect(with_answer(4, ENOENT), "deep-gpu-library", Status::problem);
}

TEST_CASE("both trials run as the caller, and nothing is left", "[doctor][deep]") {
  FakeEngine* self = nullptr;
  FakeEngine engine([&self](FakeContainer& container) { answer_all(*self, container); });
  self = &engine;
  runtime::Caller caller;
  caller.uid = 1000;
  caller.gid = 1000;
  const Observations seen = with_gpus();
  const Result<DeepObservations> deep = try_runs(engine, seen, caller, {});
  REQUIRE(deep);
  REQUIRE((*deep->cpu)->user == "1000:1000");
  REQUIRE(engine.specs().size() == 2);
  REQUIRE(engine.specs()[0].user == "1000:1000");
  REQUIRE(engine.specs()[0].mounts.size() == 1);
  REQUIRE(engine.specs()[1].device_requests.size() == 1);
  REQUIRE_FALSE(engine.leaves_something_behind());
  REQUIRE_FALSE(std::filesystem::exists(deep->folder));
}

TEST_CASE("nothing is left behind whichever call fails", "[doctor][deep]") {
  for (const char* call : {"create", "attach", "wait", "start"}) {
    INFO(call);
    FakeEngine engine;
    engine.failures.emplace(call, Error{Errc::engine_failed, "no"});
    const Result<DeepObservations> deep = try_runs(engine, with_gpus(), {}, {});
    REQUIRE(deep);
    REQUIRE_FALSE(*deep->cpu);
    REQUIRE_FALSE(deep->gpu);  // it would fail over the same
    REQUIRE_FALSE(engine.leaves_something_behind());
  }
}

TEST_CASE("a processor that the program is not for is a note", "[doctor][deep]") {
  FakeEngine engine;
  Observations seen = with_gpus();
  seen.engine->architecture = "riscv64";
  const Result<DeepObservations> deep = try_runs(engine, seen, {}, {});
  REQUIRE(deep);
  REQUIRE(engine.calls().empty());
  REQUIRE(examine_deep(seen, *deep).front().status == Status::note);
}
