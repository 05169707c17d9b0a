// From the strongest evidence to the weakest: what berth did itself, what the kernel and the engine
// say, what the command printed last, and its exit code.
#include "berth/runtime/ending.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/bytes.hpp"
#include "berth/base/text.hpp"
#include "supervisor/protocol.hpp"

namespace berth::runtime {

namespace {

using Cause = SessionOutcome::Cause;

constexpr int kSignalBase = 128;
constexpr int kKilled = kSignalBase + SIGKILL;
constexpr int kBusError = kSignalBase + SIGBUS;

std::string signal_of(int exit_code) {
  const char* name = exit_code > kSignalBase ? ::sigabbrev_np(exit_code - kSignalBase) : nullptr;
  return name == nullptr ? std::string() : std::string(name);
}

// Twice of what was not enough, as an option's value.
std::string doubled(std::uint64_t bytes) {
  constexpr std::uint64_t kGiB = 1ull << 30;
  constexpr std::uint64_t kMiB = 1ull << 20;
  return 2 * bytes % kGiB == 0 ? fmt::format("{}g", 2 * bytes / kGiB)
                               : fmt::format("{}m", std::max<std::uint64_t>(1, 2 * bytes / kMiB));
}

// What frameworks print when they fail for a reason outside of the user's program. The texts are
// those of the sources named.
struct Symptom {
  std::vector<std::string_view> words;  // any of them
  std::string_view cause;
  std::string_view message;
  std::string_view hint;
};

const std::vector<Symptom>& symptoms() {
  static const std::vector<Symptom> kSymptoms = {
      // torch/csrc/Exceptions.cpp, c10/cuda/CUDACachingAllocator.cpp; cuda.h; xla; tensorflow.
      {{"CUDA out of memory", "CUDA_ERROR_OUT_OF_MEMORY", "cudaErrorMemoryAllocation",
        "RESOURCE_EXHAUSTED: Out of memory", "OOM when allocating tensor",
        "CUBLAS_STATUS_ALLOC_FAILED"},
       "cuda-out-of-memory",
       "a GPU's memory was not enough",
       "`berth gpus` shows what else uses it; a smaller batch needs less"},
      // cudaGetErrorString(209); cuda.h 209; torch/cuda/__init__.py.
      {{"no kernel image is available for execution on the device", "CUDA_ERROR_NO_BINARY_FOR_GPU",
        "cudaErrorNoKernelImageForDevice",
        "is not compatible with the current PyTorch installation"},
       "no-kernel-image",
       "the framework in the image has no code for this GPU",
       "`berth resolve --explain` shows which builds have it"},
      // cudaGetErrorString(35), (222), (803), (804); torch/cuda/__init__.py.
      {{"CUDA driver version is insufficient for CUDA runtime version",
        "The NVIDIA driver on your system is too old",
        "the provided PTX was compiled with an unsupported toolchain",
        "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
        "system has unsupported display driver / cuda driver combination",
        "forward compatibility was attempted on non supported HW"},
       "driver-too-old",
       "the driver is too old for the CUDA in the image",
       "`berth resolve --explain` shows what this driver can run"},
      // torch/utils/data/_utils/signal_handling.py; torch/csrc; glibc's shm_open.
      {{"killed by signal: Bus error", "insufficient shared memory (shm)",
        "unable to allocate shared memory(shm)", "unable to open shared memory object",
        "Unexpected bus error encountered in worker"},
       "shm-full",
       "/dev/shm is full",
       ""},
      // nvmlErrorString after the container's device rules were lost.
      {{"Failed to initialize NVML: Unknown Error"},
       "gpu-lost",
       "the container lost its GPUs while it ran",
       "`berth doctor` looks for the reason"},
  };
  return kSymptoms;
}

// "dd: error writing '/dev/shm/x': No space left on device": both in one line.
bool tells_of_full_shm(std::string_view tail) {
  for (const std::string& line : split(tail, '\n')) {
    if (line.find("/dev/shm") != std::string::npos &&
        line.find("No space left on device") != std::string::npos) {
      return true;
    }
  }
  return false;
}

const Symptom* find_symptom(const std::vector<std::string>& tails) {
  for (const Symptom& symptom : symptoms()) {
    for (const std::string& tail : tails) {
      for (const std::string_view word : symptom.words) {
        if (tail.find(word) != std::string::npos) {
          return &symptom;
        }
      }
    }
  }
  return nullptr;
}

// The container's init could not start the command, and says so in its only line: Docker's tini and
// our supervisor, which then end with 127 or 126 as a shell would, and Podman's catatonit, which
// ends with 1.
struct InitFailure {
  std::string_view words;
  int exit_code;
  std::string_view cause;
  std::string_view message;
};
constexpr InitFailure kInitFailures[] = {
    {"No such file or directory", 127, "command-not-found",
     "the command was not found in the image"},
    {"Permission denied", 126, "cannot-invoke", "the command cannot be executed"},
    {"Is a directory", 126, "cannot-invoke", "the command cannot be executed"},
    {"Exec format error", 126, "cannot-invoke",
     "the command cannot be executed: it is not for this processor, or not a program"},
};

const InitFailure* find_init_failure(const SessionOutcome& outcome) {
  // On one of the streams: with a terminal all comes on standard output.
  std::string all;
  for (const std::string& tail : outcome.output_tails) {
    all += tail;
  }
  const std::string_view said = trimmed(all);
  const bool tini = said.starts_with("[FATAL tini (") && said.find(" exec ") != said.npos &&
                    outcome.exit_code >= 126;
  const bool catatonit = said.starts_with("ERROR (catatonit:") &&
                         said.find("failed to exec pid1") != said.npos && outcome.exit_code == 1;
  const bool ours = said.starts_with(supervisor::kFailurePrefix) && outcome.exit_code >= 126;
  if ((!tini && !catatonit && !ours) || said.find('\n') != said.npos) {
    return nullptr;
  }
  const auto* const found =
      std::find_if(std::begin(kInitFailures), std::end(kInitFailures),
                   [said](const InitFailure& failure) { return said.ends_with(failure.words); });
  return found == std::end(kInitFailures) ? nullptr : found;
}

Ending not_started(const InitFailure& failure, Ending ending) {
  ending.origin = Ending::Origin::engine;
  ending.exit_code = failure.exit_code;
  ending.cause = failure.cause;
  ending.message = failure.message;
  return ending;
}

bool ran_out_of_memory(const EndingEvidence& evidence) {
  const SessionOutcome& outcome = evidence.outcome;
  if (outcome.oom_killed.value_or(false) || outcome.oom_counted) {
    return outcome.oom_killed.value_or(false);
  }
  // The engine may not have seen it: the kernel kills a process of the container, its first one
  // passes the code on.
  constexpr double kAsGoodAsFull = 0.97;
  return outcome.exit_code == kKilled && evidence.memory_limit && outcome.peak_memory &&
         static_cast<double>(*outcome.peak_memory) >=
             kAsGoodAsFull * static_cast<double>(*evidence.memory_limit);
}

Ending out_of_memory(const EndingEvidence& evidence, Ending ending) {
  ending.cause = "out-of-memory";
  ending.signal = "KILL";
  if (!evidence.memory_limit) {
    ending.message = "the command was killed: the machine's memory was used up";
    return ending;
  }
  const std::uint64_t limit = *evidence.memory_limit;
  ending.message = fmt::format(
      "the command was killed: its memory limit of {} was reached (peak {})", format_bytes(limit),
      // A sample is older than the end, which the limit dates.
      format_bytes(std::max(limit, evidence.outcome.peak_memory.value_or(limit))));
  ending.hint = fmt::format("`berth run --memory {} …` allows more", doubled(limit));
  return ending;
}

Ending shm_full(const EndingEvidence& evidence, Ending ending) {
  ending.cause = "shm-full";
  ending.message = evidence.shm_bytes == 0 ? std::string("/dev/shm is full")
                                           : fmt::format("/dev/shm is full: it has {}",
                                                         format_bytes(evidence.shm_bytes));
  ending.hint = fmt::format("`berth run --shm-size {} …` gives it more",
                            evidence.shm_bytes == 0 ? "16g" : doubled(evidence.shm_bytes));
  return ending;
}

// What the exit code alone says.
Ending by_exit_code(const EndingEvidence& evidence, Ending ending) {
  const int code = evidence.outcome.exit_code;
  if (code == 0) {
    ending.cause = "success";
    ending.message = "the command succeeded";
    return ending;
  }
  ending.signal = signal_of(code);
  if (ending.signal.empty()) {
    ending.cause = "exit-code";
    ending.message = fmt::format("the command ended with exit code {}", code);
    return ending;
  }
  ending.cause = "signal";
  if (evidence.outcome.cause == Cause::signal) {
    ending.message = fmt::format("the command ended by SIG{}, which was passed on", ending.signal);
    return ending;
  }
  ending.remarkable = true;
  ending.message = fmt::format("the command ended by SIG{} (exit code {})", ending.signal, code);
  if (code == kBusError) {
    ending.message += ", as when /dev/shm is full";
    ending.hint = shm_full(evidence, ending).hint;
  }
  return ending;
}

Ending by_berth(const SessionOutcome& outcome, Ending ending) {
  ending.origin = Ending::Origin::berth;
  switch (outcome.cause) {
    case Cause::timed_out:
      ending.cause = "time-limit";
      ending.message = "the command was stopped: its time was over";
      ending.hint = "`berth run --timeout TIME …` sets another limit";
      break;
    case Cause::stopped:
      ending.cause = "stopped";
      ending.message = "the command was stopped by its user";
      break;
    case Cause::output_closed:
      ending.cause = "output-closed";
      ending.message = "the command was stopped: nobody reads its output any more";
      break;
    case Cause::detached:
      ending.cause = "detached";
      ending.message = "the run goes on without us";
      break;
    case Cause::command:
    case Cause::signal:
      break;
  }
  return ending;
}

}  // namespace

Ending explain_ending(const EndingEvidence& evidence) {
  const SessionOutcome& outcome = evidence.outcome;
  Ending ending;
  ending.exit_code = outcome.exit_code;
  if (outcome.cause != Cause::command && outcome.cause != Cause::signal) {
    return by_berth(outcome, std::move(ending));
  }
  if (outcome.exit_code == 0) {
    return by_exit_code(evidence, std::move(ending));
  }
  if (!evidence.stopped_by.empty()) {
    ending.origin = Ending::Origin::berth;
    ending.cause = "stopped";
    ending.signal = signal_of(outcome.exit_code);
    ending.message = fmt::format("the command was stopped by `{}`", evidence.stopped_by);
    return ending;
  }
  if (const InitFailure* failure = find_init_failure(outcome)) {
    return not_started(*failure, std::move(ending));
  }
  ending.remarkable = true;
  if (ran_out_of_memory(evidence)) {
    return out_of_memory(evidence, std::move(ending));
  }
  if (std::any_of(outcome.output_tails.begin(), outcome.output_tails.end(), tells_of_full_shm)) {
    return shm_full(evidence, std::move(ending));
  }
  if (const Symptom* symptom = find_symptom(outcome.output_tails)) {
    if (symptom->cause == "shm-full") {
      return shm_full(evidence, std::move(ending));
    }
    ending.cause = symptom->cause;
    ending.message = symptom->message;
    ending.hint = symptom->hint;
    return ending;
  }
  ending.remarkable = false;
  return by_exit_code(evidence, std::move(ending));
}

Ending explain_failure(const Error& error, int exit_code) {
  Ending ending;
  const bool engine = error.code == Errc::engine_unreachable || error.code == Errc::engine_failed;
  ending.origin = engine ? Ending::Origin::engine : Ending::Origin::berth;
  // The engine found out, but it is the command that cannot be run.
  if (error.code == Errc::command_not_found || error.code == Errc::cannot_invoke) {
    ending.origin = Ending::Origin::engine;
  }
  ending.exit_code = exit_code;
  ending.signal = signal_of(exit_code);
  ending.cause = error.id.empty() ? std::string(name_of(error.code)) : error.id;
  ending.message = error.message;
  ending.hint = error.hints.empty() ? std::string() : error.hints.front();
  return ending;
}

}  // namespace berth::runtime
