// Every way in which an attached run can end, and that none leaves a container behind.
#include <fcntl.h>
#include <signal.h>

#include <thread>

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

// Until it is told to end; then with `code`, or never.
auto ends_on_signal(const std::string& signal, int code) {
  return [signal, code](FakeContainer& container) {
    for (std::string got = container.next_signal(); !got.empty(); got = container.next_signal()) {
      if (got == signal) {
        container.exit(code);
        return;
      }
    }
  };
}

// Whose output the engine does not keep.
ContainerSpec unlogged() {
  ContainerSpec spec;
  spec.log_driver = "none";
  return spec;
}

void runs_for_ever(FakeContainer& container) {
  while (!container.next_signal().empty()) {
  }
}

}  // namespace

TEST_CASE("a call that fails before the command runs is the run's error, and leaves nothing") {
  const std::string call = GENERATE(as<std::string>(), "create", "attach", "wait", "start");
  INFO(call);
  FakeEngine engine;
  engine.failures[call] = Error{Errc::command_not_found, "the command was not found"};
  SessionStreams streams;
  FakeSignals signals;
  const Result<SessionOutcome> outcome =
      run_attached(engine, ContainerSpec{}, streams.options(), signals);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::command_not_found);
  CHECK(engine.calls().back() == (call == "create" ? "create" : "remove force"));
  CHECK_FALSE(engine.leaves_something_behind());
}

TEST_CASE("a signal before start cancels: nothing is started, nothing is left") {
  const std::string during = GENERATE(as<std::string>(), "", "create", "wait");
  INFO(during);
  FakeEngine engine;
  FakeSignals signals;
  if (during.empty()) {
    signals.send(SIGTERM);
  }
  engine.before_call = [&](const std::string& call) {
    if (call == during) {
      signals.send(SIGWINCH);  // asks nobody to end
      signals.send(SIGTERM);
    }
  };
  SessionStreams streams;
  const Result<SessionOutcome> outcome =
      run_attached(engine, ContainerSpec{}, streams.options(), signals);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::interrupted);
  CHECK(outcome.error().signal == SIGTERM);
  CHECK(engine.count("start") == 0);
  CHECK_FALSE(engine.leaves_something_behind());
}

TEST_CASE("the first interrupt is the command's to answer") {
  FakeEngine engine(ends_on_signal("INT", 33));
  SessionStreams streams;
  FakeSignals signals;
  signals.send(SIGUSR1);
  SessionOptions options = streams.options();
  options.on_started = [&signals](const std::string&) { signals.send(SIGINT); };
  const Result<SessionOutcome> outcome = run_attached(engine, ContainerSpec{}, options, signals);
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 33);
  CHECK(outcome->cause == Cause::signal);
  CHECK(engine.count("kill INT") == 1);
}

TEST_CASE("the second interrupt stops the container with grace") {
  FakeSignals signals;
  SessionStreams streams;
  SessionOptions options = streams.options();
  options.stop_grace = 50ms;
  options.on_started = [&signals](const std::string&) {
    signals.send(SIGINT);
    signals.send(SIGINT);
  };

  SECTION("which a command may use to end by itself") {
    options.stop_grace = 60s;
    FakeEngine engine(ends_on_signal("TERM", 5));
    const Result<SessionOutcome> outcome = run_attached(engine, ContainerSpec{}, options, signals);
    REQUIRE(outcome);
    CHECK(outcome->exit_code == 5);
    CHECK(outcome->cause == Cause::stopped);
    CHECK(engine.count("kill KILL") == 0);
    CHECK_FALSE(engine.leaves_something_behind());
  }
  SECTION("and kills one that does not") {
    FakeEngine engine(runs_for_ever);
    const Result<SessionOutcome> outcome = run_attached(engine, ContainerSpec{}, options, signals);
    REQUIRE(outcome);
    CHECK(outcome->exit_code == 128 + SIGINT);
    CHECK(outcome->cause == Cause::stopped);
    CHECK(engine.count("kill KILL") == 1);
    CHECK_FALSE(engine.leaves_something_behind());
  }
}

TEST_CASE("the third interrupt or termination kills and returns at once") {
  FakeSignals signals;
  SessionStreams streams;
  SessionOptions options = streams.options();
  options.on_started = [&signals](const std::string&) {
    signals.send(SIGINT);
    signals.send(SIGINT);
    signals.send(SIGTERM);
  };
  FakeEngine engine(runs_for_ever);
  engine.dies_by_kill = false;
  const Result<SessionOutcome> outcome = run_attached(engine, ContainerSpec{}, options, signals);
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 128 + SIGTERM);
  CHECK(outcome->cause == Cause::stopped);
  CHECK(engine.count("remove force") == 1);
  CHECK_FALSE(engine.leaves_something_behind());
}

TEST_CASE("a command whose time is over is stopped, and the code is 124") {
  SessionStreams streams;
  FakeSignals signals;
  SessionOptions options = streams.options();
  options.timeout = 30ms;
  options.stop_grace = 50ms;
  std::vector<std::string> notices;
  options.on_notice = [&notices](std::string_view text) { notices.emplace_back(text); };

  SECTION("by TERM where it heeds that") {
    options.stop_grace = 60s;
    FakeEngine engine(ends_on_signal("TERM", 0));
    const Result<SessionOutcome> outcome = run_attached(engine, ContainerSpec{}, options, signals);
    REQUIRE(outcome);
    CHECK(outcome->exit_code == 124);
    CHECK(outcome->cause == Cause::timed_out);
    CHECK(engine.count("kill KILL") == 0);
    CHECK(notices.size() == 1);
  }
  SECTION("by KILL where it does not") {
    FakeEngine engine(runs_for_ever);
    const Result<SessionOutcome> outcome = run_attached(engine, ContainerSpec{}, options, signals);
    REQUIRE(outcome);
    CHECK(outcome->exit_code == 124);
    CHECK(engine.count("kill TERM") == 1);
    CHECK(engine.count("kill KILL") == 1);
  }
  SECTION("but not one that ended in time") {
    options.timeout = 60s;
    FakeEngine engine([](FakeContainer& container) { container.exit(1); });
    const Result<SessionOutcome> outcome = run_attached(engine, ContainerSpec{}, options, signals);
    REQUIRE(outcome);
    CHECK(outcome->exit_code == 1);
    CHECK(notices.empty());
  }
}

TEST_CASE("a closed standard output stops the command, whose errors still arrive") {
  SessionStreams streams;
  streams.stop_reading_after(10);
  FakeEngine engine([](FakeContainer& container) {
    const std::string lines(100000, 'y');
    // The engine takes no more than the caller reads, so this goes on in turns with the signal.
    std::thread writer([&container, &lines] {
      for (int i = 0; i < 100; ++i) {
        container.out(lines);
      }
    });
    const std::string signal = container.next_signal();
    writer.join();
    container.err("ended by " + signal);
    container.exit(0);
  });
  FakeSignals signals;
  const Result<SessionOutcome> outcome =
      run_attached(engine, ContainerSpec{}, streams.options(), signals);
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 141);
  CHECK(outcome->cause == Cause::output_closed);
  CHECK(streams.standard_error() == "ended by TERM");
  CHECK_FALSE(engine.leaves_something_behind());
}

TEST_CASE("an output that cannot be written is an error that says why") {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  FakeEngine engine([](FakeContainer& container) {
    container.out("text");
    container.next_signal();
    container.exit(0);
  });
  SessionStreams streams;
  SessionOptions options = streams.options();
  options.stdout_fd = full.get();
  FakeSignals signals;
  const Result<SessionOutcome> outcome = run_attached(engine, ContainerSpec{}, options, signals);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::io);
  CHECK(outcome.error().message == "cannot write to standard output: No space left on device");
  CHECK_FALSE(engine.leaves_something_behind());
}

TEST_CASE("a standard output that is closed from the beginning is nobody's loss") {
  FakeEngine engine([](FakeContainer& container) {
    container.out("text");
    container.exit(0);
  });
  SessionStreams streams;
  SessionOptions options = streams.options();
  options.stdout_fd = 1000;
  FakeSignals signals;
  const Result<SessionOutcome> outcome = run_attached(engine, ContainerSpec{}, options, signals);
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 0);
}

TEST_CASE("a command that was killed for its memory is known as such") {
  FakeEngine engine([](FakeContainer& container) { container.exit(137); });
  engine.oom_killed = true;
  SessionStreams streams;
  FakeSignals signals;
  const Result<SessionOutcome> outcome =
      run_attached(engine, ContainerSpec{}, streams.options(), signals);
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 137);
  CHECK(outcome->oom_killed == true);
}

TEST_CASE("a connection that breaks is an error, and the container goes") {
  SessionStreams streams;
  FakeSignals signals;

  SECTION("where nothing more is known") {
    FakeEngine engine([](FakeContainer& container) {
      container.end_output();
      container.break_wait();
    });
    engine.failures["inspect"] = Error{Errc::engine_unreachable, "no engine answers"};
    const Result<SessionOutcome> outcome =
        run_attached(engine, unlogged(), streams.options(), signals);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().id == "connection-lost");
    CHECK(outcome.error().code == Errc::engine_failed);
    CHECK(engine.count("remove force") == 1);
  }
  SECTION("in the middle of a frame's header that makes no sense") {
    FakeEngine engine([](FakeContainer& container) {
      container.raw("garbage that is no frame");
      container.exit(0);
    });
    const Result<SessionOutcome> outcome =
        run_attached(engine, unlogged(), streams.options(), signals);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().id == "connection-lost");
    CHECK_FALSE(engine.leaves_something_behind());
  }
}

TEST_CASE("a wait that breaks while the container has ended costs nothing") {
  FakeEngine engine([](FakeContainer& container) {
    container.out("all");
    container.end_output();
    container.break_wait();
  });
  SessionStreams streams;
  FakeSignals signals;
  const Result<SessionOutcome> outcome =
      run_attached(engine, ContainerSpec{}, streams.options(), signals);
  REQUIRE(outcome);
  CHECK(streams.standard_output() == "all");
}

TEST_CASE("a stream that stays open after the exit is left in the end") {
  FakeEngine engine([](FakeContainer& container) {
    container.out("all");
    container.report_exit(4);  // and the stream stays open
  });
  SessionStreams streams;
  SessionOptions options = streams.options();
  options.drain_limit = 50ms;
  FakeSignals signals;
  const Result<SessionOutcome> outcome = run_attached(engine, ContainerSpec{}, options, signals);
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 4);
  CHECK(streams.standard_output() == "all");
}

TEST_CASE("a reader who pauses for longer than an engine may be silent gets everything") {
  const std::string text(300'000, 'x');
  FakeEngine engine([&text](FakeContainer& container) {
    container.out(text);
    container.exit(0);
  });
  SessionStreams streams;
  SessionOptions options = streams.options();
  options.drain_limit = 50ms;
  std::array<int, 2> ends{-1, -1};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const berth::UniqueFd reading(ends[0]);
  berth::UniqueFd writing(ends[1]);
  options.stdout_fd = writing.get();
  std::size_t count = 0;
  std::thread reader([&] {
    std::this_thread::sleep_for(300ms);
    std::array<char, 65536> buffer{};
    for (ssize_t got = 0; (got = ::read(reading.get(), buffer.data(), buffer.size())) > 0;) {
      count += static_cast<std::size_t>(got);
    }
  });
  FakeSignals signals;
  const Result<SessionOutcome> outcome = run_attached(engine, ContainerSpec{}, options, signals);
  writing.reset();
  reader.join();
  REQUIRE(outcome);
  CHECK(count == text.size());
}

TEST_CASE("typed detach keys leave the container running and end with 0") {
  SessionTerminal terminal(24, 80);
  FakeEngine engine([](FakeContainer& container) {
    container.end_output();
    container.next_signal();
  });
  ContainerSpec spec;
  spec.tty = true;
  spec.open_stdin = true;
  FakeSignals signals;
  const Result<SessionOutcome> outcome = run_attached(engine, spec, terminal.options(), signals);
  REQUIRE(outcome);
  CHECK(outcome->cause == Cause::detached);
  CHECK(outcome->exit_code == 0);
  CHECK(engine.leaves_something_behind());
  CHECK_FALSE(terminal.is_raw());
}

TEST_CASE("a container that the engine does not remove by itself is removed") {
  FakeEngine engine([](FakeContainer& container) { container.exit(0); });
  engine.gone_after_exit = false;
  SessionStreams streams;
  FakeSignals signals;
  SessionOptions options = streams.options();
  options.removal_limit = 20ms;
  REQUIRE(run_attached(engine, ContainerSpec{}, options, signals));
  CHECK(engine.count("remove force") == 1);
  CHECK_FALSE(engine.leaves_something_behind());
}
