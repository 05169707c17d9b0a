// Sessions whose connection breaks, sessions that join a run, and the guard behind them.
#include <signal.h>

#include <algorithm>
#include <array>
#include <thread>

#include "berth/runtime/run_guard.hpp"
#include "berth/runtime/run_labels.hpp"
#include "berth/runtime/session.hpp"
#include "support/catch.hpp"
#include "support/fake_engine.hpp"
#include "support/session_streams.hpp"

using namespace berth;
using namespace berth::runtime;
using namespace berth::test;
using namespace std::chrono_literals;
using Cause = SessionOutcome::Cause;

namespace {

std::string frame(char stream, const std::string& text) {
  return std::string{stream, 0, 0, 0, 0, 0, 0, static_cast<char>(text.size())} + text;
}

ContainerSpec logged() {
  ContainerSpec spec;
  spec.log_driver = "local";
  return spec;
}

ContainerState running(const std::string& id) {
  ContainerState state;
  state.running = true;
  state.id = id;
  state.log_driver = "local";
  return state;
}

}  // namespace

TEST_CASE("a cut connection is made again, and the output goes on where it was") {
  FakeEngine engine([](FakeContainer& container) {
    container.out("one\ntwo\n");
    container.end_output();
    container.break_wait();
  });
  engine.gone_after_exit = false;
  // The log has lost a line that we have had, and holds one that we have not.
  engine.kept_output["container-1"] = frame(1, "one\n") + frame(1, "three\n");
  SessionStreams streams;
  FakeSignals signals;
  const Result<SessionOutcome> outcome = run_attached(engine, logged(), streams.options(), signals);
  REQUIRE(outcome);
  CHECK(streams.standard_output() == "one\ntwo\nthree\n");
}

TEST_CASE("an engine that stays away is given up, and a kept run is left to itself") {
  FakeEngine engine([](FakeContainer& container) {
    container.out("one\n");
    container.end_output();
    container.break_wait();
  });
  engine.failures["inspect"] = Error{Errc::engine_unreachable, "no engine answers"};
  SessionStreams streams;
  SessionOptions options = streams.options();
  options.reconnect_limit = 600ms;
  options.keep = GENERATE(false, true);
  bool settled = false;
  options.on_settled = [&settled](bool) { settled = true; };
  FakeSignals signals;
  const Result<SessionOutcome> outcome = run_attached(engine, logged(), options, signals);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().id == "connection-lost");
  CHECK(engine.count("remove force") == (options.keep ? 0u : 1u));
  CHECK(settled);
  CHECK(outcome.error().hints.empty() != options.keep);
}

TEST_CASE("what the engine says in the middle of the output is passed on") {
  FakeEngine engine([](FakeContainer& container) {
    container.raw(frame(3, "out of disk"));
    container.exit(0);
  });
  SessionStreams streams;
  FakeSignals signals;
  const Result<SessionOutcome> outcome = run_attached(engine, logged(), streams.options(), signals);
  REQUIRE_FALSE(outcome);
  const std::vector<std::string>& notes = outcome.error().notes;
  CHECK(std::find(notes.begin(), notes.end(), "the engine says: out of disk") != notes.end());
}

TEST_CASE("an output that ends in the middle of a frame is no end") {
  FakeEngine engine([](FakeContainer& container) {
    container.raw(frame(1, "whole").substr(0, 10));
    container.exit(0);
  });
  SessionStreams streams;
  ContainerSpec spec;
  spec.log_driver = "none";
  FakeSignals signals;
  const Result<SessionOutcome> outcome = run_attached(engine, spec, streams.options(), signals);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().id == "connection-lost");
}

TEST_CASE("a hangup leaves a kept run to itself; any signal one that gets none") {
  FakeEngine engine([](FakeContainer& container) {
    while (!container.next_signal().empty()) {
    }
  });
  SessionStreams streams;
  SessionOptions options = streams.options();
  FakeSignals signals;
  int number = SIGHUP;
  SECTION("kept") {
    options.keep = true;
  }
  SECTION("without signals") {
    options.pass_signals = false;
    number = SIGTERM;
  }
  options.on_started = [&](const std::string&) { signals.send(number); };
  const Result<SessionOutcome> outcome = run_attached(engine, logged(), options, signals);
  REQUIRE(outcome);
  CHECK(outcome->cause == Cause::detached);
  CHECK(outcome->exit_code == 128 + number);
  CHECK(engine.count("remove force") == 0);
  CHECK(engine.count("kill HUP") + engine.count("kill TERM") == 0);
}

TEST_CASE("whoever leaves at once hands the container on") {
  FakeEngine engine([](FakeContainer& container) {
    while (!container.next_signal().empty()) {
    }
  });
  SessionStreams streams;
  SessionOptions options = streams.options();
  FakeSignals signals;
  bool abandoned = false;
  options.on_abandoned = [&abandoned] { abandoned = true; };
  options.on_started = [&](const std::string&) {
    for (int i = 0; i < 3; ++i) {
      signals.send(SIGINT);
    }
  };
  const Result<SessionOutcome> outcome = run_attached(engine, logged(), options, signals);
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 130);
  CHECK(abandoned);
  CHECK(engine.count("remove force") == 0);
}

TEST_CASE("a kept run that ends is removed by its session") {
  FakeEngine engine([](FakeContainer& container) { container.exit(3); });
  engine.gone_after_exit = false;
  SessionStreams streams;
  SessionOptions options = streams.options();
  options.keep = true;
  options.remove_afterwards = true;
  ContainerSpec spec = logged();
  spec.auto_remove = false;
  FakeSignals signals;
  const Result<SessionOutcome> outcome = run_attached(engine, spec, options, signals);
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 3);
  CHECK(engine.count("remove force") == 1);
  CHECK_FALSE(engine.leaves_something_behind());
}

TEST_CASE("a detached run is started and left") {
  FakeEngine engine;
  SessionStreams streams;
  SessionOptions options = streams.options();
  bool settled = false;
  options.on_settled = [&settled](bool) { settled = true; };
  FakeSignals signals;
  const Result<std::string> id = run_detached(engine, logged(), options, signals);
  REQUIRE(id);
  CHECK(*id == "container-1");
  CHECK(settled);
  CHECK(engine.calls() == std::vector<std::string>{"create", "start"});
}

TEST_CASE("a detached run that cannot start leaves nothing") {
  FakeEngine engine;
  engine.failures["start"] = Error{Errc::command_not_found, "not found"};
  SessionStreams streams;
  FakeSignals signals;
  const Result<std::string> id = run_detached(engine, logged(), streams.options(), signals);
  REQUIRE_FALSE(id);
  CHECK_FALSE(engine.leaves_something_behind());
}

TEST_CASE("to attach to a run that has ended shows its output and its code") {
  FakeEngine engine;
  ContainerState run = running("abc");
  run.running = false;
  run.exit_code = 9;
  engine.states["abc"] = run;
  engine.kept_output["abc"] = frame(1, "out\n") + frame(2, "err\n");
  SessionStreams streams;
  FakeSignals signals;
  const Result<SessionOutcome> outcome = attach_to_run(engine, run, streams.options(), signals);
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 9);
  CHECK(streams.standard_output() == "out\n");
  CHECK(streams.standard_error() == "err\n");
  CHECK(engine.count("remove force") == 0);
}

TEST_CASE("a run whose output was not kept cannot be attached to afterwards") {
  FakeEngine engine;
  ContainerState run = running("abc");
  run.running = false;
  run.log_driver = "none";
  SessionStreams streams;
  FakeSignals signals;
  const Result<SessionOutcome> outcome = attach_to_run(engine, run, streams.options(), signals);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::not_found);
}

TEST_CASE("a command of exec has its streams, its code, and its signals") {
  FakeEngine engine;
  SessionStreams streams;
  FakeSignals signals;
  ExecSpec spec;
  spec.command = {"cat"};
  spec.open_stdin = false;

  SECTION("streams and code") {
    engine.exec_command = [](FakeContainer& container) {
      container.out("out");
      container.err("err");
      container.exit(5);
    };
    const Result<SessionOutcome> outcome =
        exec_in_run(engine, running("abc"), spec, streams.options(), signals);
    REQUIRE(outcome);
    CHECK(outcome->exit_code == 5);
    CHECK(streams.standard_output() == "out");
    CHECK(streams.standard_error() == "err");
  }
  SECTION("a signal goes through a shell beside it, by the variable that marks it") {
    signals.send(SIGUSR1);
    bool first = true;
    engine.exec_command = [&](FakeContainer& container) {
      if (std::exchange(first, false)) {
        std::this_thread::sleep_for(100ms);
        container.exit(0);
      }
    };
    const Result<SessionOutcome> outcome =
        exec_in_run(engine, running("abc"), spec, streams.options(), signals);
    REQUIRE(outcome);
    const std::vector<ExecSpec>& specs = engine.exec_specs();
    REQUIRE(specs.size() >= 1);
    CHECK(specs[0].environment.back().starts_with("BERTH_EXEC_ID="));
  }
}

TEST_CASE("an abandoned run is stopped softly, then removed") {
  FakeEngine engine;
  ContainerState state = running("abc");
  engine.states["abc"] = state;
  ContainerSummary row;
  row.id = "abc";
  row.state = "running";
  row.labels[kRunLabel] = "run-1";
  engine.summaries = {row};
  GuardOptions options;
  options.grace = 100ms;
  options.pause = 10ms;
  options.appear = 50ms;
  options.patience = 300ms;
  SECTION("with a grace") {
    end_abandoned_run(engine, "run-1", false, options);
    CHECK(engine.count("kill TERM") == 1);
    CHECK(engine.count("remove force") >= 1);
  }
  SECTION("at once") {
    end_abandoned_run(engine, "run-1", true, options);
    CHECK(engine.count("kill TERM") == 0);
    CHECK(engine.count("remove force") >= 1);
  }
  SECTION("another run is none of its business") {
    end_abandoned_run(engine, "run-2", false, options);
    CHECK(engine.count("remove force") == 0);
  }
}

TEST_CASE("a run that goes on by itself is waited for, paused or not, and left alone") {
  // Up at the first two looks, then ended, and kept.
  class Ending : public FakeEngine {
   public:
    berth::Result<std::vector<ContainerSummary>> list_containers(
        const std::vector<std::string>& labels, bool all) override {
      static constexpr std::array<const char*, 3> kStates = {"running", "paused", "exited"};
      summaries[0].state = kStates[std::min<std::size_t>(looks++, kStates.size() - 1)];
      return FakeEngine::list_containers(labels, all);
    }
    std::size_t looks = 0;
  };
  Ending engine;
  engine.summaries.resize(1);
  engine.summaries[0].labels[kRunLabel] = "run-1";
  GuardOptions options;
  options.watch = 1ms;
  outwait_run(engine, "run-1", options);
  CHECK(engine.looks == 3);
  CHECK(engine.count("remove force") == 0);
}
