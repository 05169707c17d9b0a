// The order of an attached run and what passes through it: bytes in three streams, signals, sizes.
#include <signal.h>

#include "berth/runtime/session.hpp"
#include "support/catch.hpp"
#include "support/fake_engine.hpp"
#include "support/session_streams.hpp"

using namespace berth;
using namespace berth::runtime;
using namespace berth::test;

namespace {

std::string numbered_lines(std::size_t bytes) {
  std::string text;
  for (unsigned number = 0; text.size() < bytes; ++number) {
    text += std::to_string(number) + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("a run attaches and waits before it starts, and ends with the command's code") {
  FakeEngine engine([](FakeContainer& container) {
    container.out("out\n");
    container.err("err\n");
    container.exit(7);
  });
  SessionStreams streams;
  FakeSignals signals;
  const Result<SessionOutcome> outcome =
      run_attached(engine, ContainerSpec{}, streams.options(), signals);
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 7);
  CHECK(outcome->cause == SessionOutcome::Cause::command);
  CHECK(outcome->container_id == "container-1");
  CHECK(streams.standard_output() == "out\n");
  CHECK(streams.standard_error() == "err\n");
  const std::vector<std::string> calls = engine.calls();
  REQUIRE(calls.size() >= 5);
  CHECK(std::vector<std::string>(calls.begin(), calls.begin() + 5) ==
        std::vector<std::string>{"create", "attach", "wait", "wait removed", "start"});
  CHECK(signals.handed_over());
  CHECK_FALSE(engine.leaves_something_behind());
}

TEST_CASE("output that waits when the command has ended is written to its last byte") {
  const std::string text = numbered_lines(2u << 20);
  FakeEngine engine([&text](FakeContainer& container) {
    container.report_exit(0);  // the exit is known first
    container.out(text);
    container.end_output();
  });
  SessionStreams streams;
  streams.read_slowly();
  FakeSignals signals;
  REQUIRE(run_attached(engine, ContainerSpec{}, streams.options(), signals));
  CHECK(streams.standard_output() == text);
}

TEST_CASE("input reaches the command, its end too, and comes back unchanged") {
  const std::string text = numbered_lines(2u << 20);
  FakeEngine engine([](FakeContainer& container) {
    const std::string input = container.input();
    for (std::size_t at = 0; at < input.size(); at += 30000) {
      container.out(std::string_view(input).substr(at, 30000));
    }
    container.exit(0);
  });
  SessionStreams streams;
  ContainerSpec spec;
  spec.open_stdin = true;
  FakeSignals signals;

  SECTION("from a pipe") {
    streams.feed_pipe(text);
  }
  SECTION("from a file") {
    streams.feed_file(text);
  }
  REQUIRE(run_attached(engine, spec, streams.options(), signals));
  CHECK(streams.standard_output() == text);
}

TEST_CASE("an input that is closed from the beginning is an empty one") {
  std::string input = "not read";
  FakeEngine engine([&input](FakeContainer& container) {
    input = container.input();
    container.exit(0);
  });
  SessionStreams streams;
  SessionOptions options = streams.options();
  options.stdin_fd = 1000;
  ContainerSpec spec;
  spec.open_stdin = true;
  FakeSignals signals;
  REQUIRE(run_attached(engine, spec, options, signals));
  CHECK(input.empty());
}

TEST_CASE("an input that nobody writes does not delay the end") {
  FakeEngine engine([](FakeContainer& container) { container.exit(3); });
  SessionStreams streams;  // its pipe stays open and silent
  ContainerSpec spec;
  spec.open_stdin = true;
  FakeSignals signals;
  const Result<SessionOutcome> outcome = run_attached(engine, spec, streams.options(), signals);
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 3);
}

TEST_CASE("an input that the command does not read is no error") {
  FakeEngine engine([](FakeContainer& container) { container.exit(0); });
  SessionStreams streams;
  streams.feed_file(numbered_lines(2u << 20));
  ContainerSpec spec;
  spec.open_stdin = true;
  FakeSignals signals;
  REQUIRE(run_attached(engine, spec, streams.options(), signals));
}

TEST_CASE("without a connected input nothing is read") {
  FakeEngine engine([](FakeContainer& container) { container.exit(0); });
  SessionStreams streams;
  streams.feed_pipe("mine\n");
  FakeSignals signals;
  REQUIRE(run_attached(engine, ContainerSpec{}, streams.options(), signals));
  CHECK(streams.rest_of_input() == "mine\n");
}

TEST_CASE("with a terminal the output is raw, and all of it is standard output") {
  const std::string bytes("\x01\x00\x00\x00 not a frame\r\n", 17);
  FakeEngine engine([&bytes](FakeContainer& container) {
    container.raw(bytes);
    container.exit(0);
  });
  SessionStreams streams;
  ContainerSpec spec;
  spec.tty = true;
  FakeSignals signals;
  REQUIRE(run_attached(engine, spec, streams.options(), signals));
  CHECK(streams.standard_output() == bytes);
  CHECK(streams.standard_error().empty());
}

TEST_CASE("a terminal is raw while the command runs, has its size, and is restored") {
  SessionTerminal terminal(50, 132);
  bool raw_inside = false;
  FakeEngine engine([&](FakeContainer& container) {
    container.raw("ready");
    raw_inside = terminal.read_until("ready") && terminal.is_raw();
    container.exit(0);
  });
  ContainerSpec spec;
  spec.tty = true;
  spec.open_stdin = true;
  FakeSignals signals;
  REQUIRE(run_attached(engine, spec, terminal.options(), signals));
  CHECK(raw_inside);
  CHECK_FALSE(terminal.is_raw());
  CHECK(engine.count("resize 50x132") == 1);
}

TEST_CASE("a changed window size is passed on") {
  SessionTerminal terminal(24, 80);
  FakeSignals signals;
  FakeEngine engine([](FakeContainer& container) {
    container.next_signal();
    container.exit(0);
  });
  engine.before_call = [&](const std::string& call) {
    if (call == "resize 24x80") {
      terminal.set_size(40, 100);
      signals.send(SIGWINCH);
    } else if (call == "resize 40x100") {
      signals.send(SIGTERM);
    }
  };
  ContainerSpec spec;
  spec.tty = true;
  spec.open_stdin = true;
  REQUIRE(run_attached(engine, spec, terminal.options(), signals));
  CHECK(engine.count("resize 24x80") == 1);
  CHECK(engine.count("resize 40x100") == 1);
}

TEST_CASE("a size that the engine refuses is offered again, then given up with a notice") {
  SessionTerminal terminal(24, 80);
  FakeEngine engine([](FakeContainer& container) {
    container.next_signal();
    container.exit(0);
  });
  engine.failures["resize"] = Error{Errc::engine_failed, "not yet"};
  FakeSignals signals;
  engine.before_call = [&](const std::string& call) {
    if (call.starts_with("resize") && engine.count(call) == 10) {
      signals.send(SIGTERM);
    }
  };
  ContainerSpec spec;
  spec.tty = true;
  spec.open_stdin = true;
  SessionOptions options = terminal.options();
  std::vector<std::string> notices;
  options.on_notice = [&notices](std::string_view text) { notices.emplace_back(text); };
  REQUIRE(run_attached(engine, spec, options, signals));
  CHECK(engine.count("resize 24x80") == 11);
  REQUIRE(notices.size() == 1);
  CHECK(notices[0] == "the engine could not set the terminal's size");
}

TEST_CASE("signals are passed on by name, and the command decides what they mean") {
  FakeSignals signals;
  std::vector<std::string> received(3);
  FakeEngine engine([&](FakeContainer& container) {
    for (const int number : {SIGUSR1, SIGUSR2, SIGHUP}) {
      signals.send(number);
    }
    for (std::string& signal : received) {
      signal = container.next_signal();
    }
    container.exit(0);
  });
  SessionStreams streams;
  const Result<SessionOutcome> outcome =
      run_attached(engine, ContainerSpec{}, streams.options(), signals);
  REQUIRE(outcome);
  CHECK(received == std::vector<std::string>{"USR1", "USR2", "HUP"});
  CHECK(outcome->exit_code == 0);
  CHECK(outcome->cause == SessionOutcome::Cause::signal);
}
