// Each cause by the evidence for it.
#include "berth/runtime/ending.hpp"

#include "support/catch.hpp"

using namespace berth;
using namespace berth::runtime;
using Cause = SessionOutcome::Cause;

namespace {

EndingEvidence ended(int exit_code, const std::string& last_words = {}) {
  EndingEvidence evidence;
  evidence.outcome.exit_code = exit_code;
  evidence.outcome.output_tails = {last_words, {}};
  return evidence;
}

constexpr std::uint64_t kGiB = 1ull << 30;

}  // namespace

TEST_CASE("a command's own exit code is its own affair") {
  const Ending good = explain_ending(ended(0));
  CHECK(good.cause == "success");
  CHECK(good.origin == Ending::Origin::command);
  CHECK_FALSE(good.remarkable);
  const Ending bad = explain_ending(ended(7, "Traceback: ValueError"));
  CHECK(bad.cause == "exit-code");
  CHECK(bad.exit_code == 7);
  CHECK(bad.message == "the command ended with exit code 7");
  CHECK_FALSE(bad.remarkable);
}

TEST_CASE("a signal has its name") {
  const Ending crash = explain_ending(ended(139));
  CHECK(crash.cause == "signal");
  CHECK(crash.signal == "SEGV");
  CHECK(crash.remarkable);
  EndingEvidence passed_on = ended(143);
  passed_on.outcome.cause = Cause::signal;
  CHECK(explain_ending(passed_on).signal == "TERM");
  CHECK_FALSE(explain_ending(passed_on).remarkable);
  CHECK(explain_ending(ended(255)).cause == "exit-code");
}

TEST_CASE("the memory limit is told with its value, the peak, and twice as much") {
  EndingEvidence evidence = ended(137);
  evidence.memory_limit = 2 * kGiB;
  SECTION("the engine says so") {
    evidence.outcome.oom_killed = true;
  }
  SECTION("the engine missed it, and the peak gives it away") {
    evidence.outcome.oom_killed = false;
    evidence.outcome.peak_memory = 2 * kGiB - 4096;
  }
  const Ending ending = explain_ending(evidence);
  CHECK(ending.cause == "out-of-memory");
  CHECK(ending.message ==
        "the command was killed: its memory limit of 2.0 GiB was reached (peak 2.0 GiB)");
  CHECK(ending.hint == "`berth run --memory 4g …` allows more");
  CHECK(ending.remarkable);
}

TEST_CASE("what the kernel has counted is not guessed: files that were read fill the memory, too") {
  EndingEvidence evidence = ended(137);
  evidence.memory_limit = 2 * kGiB;
  evidence.outcome.peak_memory = 2 * kGiB;
  evidence.outcome.oom_killed = false;
  evidence.outcome.oom_counted = true;
  CHECK(explain_ending(evidence).cause == "signal");
}

TEST_CASE("KILL below the limit is no lack of memory") {
  EndingEvidence evidence = ended(137);
  evidence.memory_limit = 2 * kGiB;
  evidence.outcome.peak_memory = kGiB;
  CHECK(explain_ending(evidence).cause == "signal");
}

TEST_CASE("a machine without memory is no limit of the container") {
  EndingEvidence evidence = ended(137);
  evidence.outcome.oom_killed = true;
  CHECK(explain_ending(evidence).message ==
        "the command was killed: the machine's memory was used up");
}

TEST_CASE("frameworks' last words name the cause") {
  struct Example {
    const char* words;
    const char* cause;
  };
  const Example example = GENERATE(
      Example{"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
              "cuda-out-of-memory"},
      Example{"RESOURCE_EXHAUSTED: Out of memory while trying to allocate", "cuda-out-of-memory"},
      Example{"RuntimeError: CUDA error: no kernel image is available for execution on the device",
              "no-kernel-image"},
      Example{"RuntimeError: The NVIDIA driver on your system is too old (found version 11040).",
              "driver-too-old"},
      Example{"CUDA driver version is insufficient for CUDA runtime version", "driver-too-old"},
      Example{"RuntimeError: DataLoader worker (pid 23) is killed by signal: Bus error. It is "
              "possible that dataloader's workers are out of shared memory.",
              "shm-full"},
      Example{"OSError: [Errno 28] No space left on device: '/dev/shm/torch_1'", "shm-full"},
      Example{"Failed to initialize NVML: Unknown Error", "gpu-lost"});
  const Ending ending = explain_ending(ended(1, example.words));
  CHECK(ending.cause == example.cause);
  CHECK(ending.remarkable);
  CHECK_FALSE(ending.hint.empty());
  // A command that handled it is not told what went wrong.
  CHECK(explain_ending(ended(0, example.words)).cause == "success");
}

TEST_CASE("an init that cannot start the command is no command that failed") {
  struct Example {
    int exit_code;
    const char* words;
    int expected;
    const char* cause;
  };
  const Example example = GENERATE(
      Example{127, "[FATAL tini (7)] exec nosuch failed: No such file or directory\n", 127,
              "command-not-found"},
      Example{126, "[FATAL tini (7)] exec /etc failed: Permission denied\n", 126, "cannot-invoke"},
      Example{1, "ERROR (catatonit:2): failed to exec pid1: No such file or directory\n", 127,
              "command-not-found"},
      Example{1, "ERROR (catatonit:2): failed to exec pid1: Permission denied\n", 126,
              "cannot-invoke"});
  const Ending ending = explain_ending(ended(example.exit_code, example.words));
  CHECK(ending.exit_code == example.expected);
  CHECK(ending.cause == example.cause);
  CHECK(ending.origin == Ending::Origin::engine);
  // A command may print the same among other things.
  const std::string among = std::string("hello\n") + example.words;
  CHECK(explain_ending(ended(1, among)).cause == "exit-code");
}

TEST_CASE("a full /dev/shm is told with its size, and twice as much") {
  EndingEvidence evidence = ended(1, "insufficient shared memory (shm)");
  evidence.shm_bytes = 64u << 20;
  CHECK(explain_ending(evidence).message == "/dev/shm is full: it has 64.0 MiB");
  CHECK(explain_ending(evidence).hint == "`berth run --shm-size 128m …` gives it more");
  EndingEvidence bus = ended(135);
  bus.shm_bytes = kGiB;
  CHECK(explain_ending(bus).hint == "`berth run --shm-size 2g …` gives it more");
}

TEST_CASE("what berth did comes before what the command said of it") {
  EndingEvidence evidence = ended(124, "CUDA out of memory");
  evidence.outcome.cause = Cause::timed_out;
  CHECK(explain_ending(evidence).cause == "time-limit");
  CHECK(explain_ending(evidence).origin == Ending::Origin::berth);
  evidence.outcome.cause = Cause::stopped;
  CHECK(explain_ending(evidence).cause == "stopped");
  evidence.outcome.cause = Cause::output_closed;
  CHECK(explain_ending(evidence).cause == "output-closed");
}

TEST_CASE("a run that failed outside of its command has the error's name") {
  const Ending lost = explain_failure(
      Error{Errc::engine_failed, "the connection was lost"}.named("connection-lost"), 125);
  CHECK(lost.origin == Ending::Origin::engine);
  CHECK(lost.cause == "connection-lost");
  CHECK(lost.exit_code == 125);
  const Ending refused =
      explain_failure(Error{Errc::no_solution, "nothing fits"}.hint("`berth doctor`"), 125);
  CHECK(refused.origin == Ending::Origin::berth);
  CHECK(refused.cause == "no-solution");
  CHECK(refused.hint == "`berth doctor`");
}

TEST_CASE("a failed write to /dev/shm is a full /dev/shm") {
  const Ending full = explain_ending(
      ended(1, "1+0 records in\ndd: error writing '/dev/shm/x': No space left on device\n"));
  CHECK(full.cause == "shm-full");
  const Ending other =
      explain_ending(ended(1, "using /dev/shm\ncannot write '/data/x': No space left on device\n"));
  CHECK(other.cause == "exit-code");
}
