// Why a run ended: one cause with a stable name, a sentence, and the flag that helps.
//
// Causes (docs/records.md): success, exit-code, signal, out-of-memory, shm-full,
// cuda-out-of-memory, no-kernel-image, driver-too-old, gpu-lost, time-limit, stopped,
// output-closed, detached; and for runs that never started or were lost the id of the error
// (`command-not-found`, `connection-lost`, `image-not-found`, …).
#pragma once

#include <cstdint>
#include <optional>

#include "berth/base/error.hpp"
#include "berth/model/run_record.hpp"
#include "berth/runtime/session.hpp"

namespace berth::runtime {

struct EndingEvidence {
  SessionOutcome outcome{};
  std::optional<std::uint64_t> memory_limit{};  // of the container
  std::uint64_t shm_bytes = 0;                  // of /dev/shm; 0: not known
  std::string stopped_by{};                     // "berth stop"; empty: nobody did
};

// Of a command that ran. What it printed last is evidence only where it failed.
Ending explain_ending(const EndingEvidence& evidence);

// Of a run that failed outside of its command.
Ending explain_failure(const Error& error, int exit_code);

}  // namespace berth::runtime
