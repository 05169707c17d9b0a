// RunRecord: what ran, where, and how it ended. One per run; berth keeps it in the user's state
// directory, `--result FILE` writes it, `berth inspect` shows it (docs/records.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth {

// Why a run ended, so that nobody has to guess what 125, 127 or 137 mean.
struct Ending {
  enum class Origin {
    command,  // it ran, and this is how it ended
    engine,   // the engine refused, broke off or was lost
    berth,  // berth refused, or ended the run: a time limit, an interrupt, a plan that cannot work
  };
  Origin origin = Origin::command;
  int exit_code = 0;      // berth's own
  std::string signal{};   // "KILL" where one ended the command; empty: none
  std::string cause{};    // stable: "success", "exit-code", "out-of-memory", … (docs/records.md)
  std::string message{};  // a sentence
  std::string hint{};     // a command that helps; empty: none is known
  // Whether it is worth a line where nobody watches: not what the command said by its exit code.
  bool remarkable = false;
};
std::string_view name_of(Ending::Origin origin);

struct RunRecord {
  std::string run_id{};        // the label org.berth.run
  std::string container_id{};  // empty where none was created
  std::string name{};
  std::string mode{};  // "attached", "kept", "detached"
  std::string job{};
  std::vector<std::string> command{};
  std::string image{};         // as it was asked for
  std::string image_id{};      // "sha256:…", the engine's
  std::string image_digest{};  // "repo@sha256:…"; empty for an image that was never in a registry
  std::string environment{};   // "berth/env:…"; empty: the image ran as it is
  std::string environment_key{};          // the whole key
  std::vector<std::string> frameworks{};  // "torch==2.3.1+cu121"
  struct UsedGpu {
    std::string uuid{};  // where it is not known, what was asked for: "0", "all"
    std::string name{};
  };
  std::vector<UsedGpu> gpus{};
  std::string engine{};          // "docker 28.5.1"
  std::string engine_address{};  // "unix:///var/run/docker.sock"
  std::string started{};         // RFC 3339, UTC; empty where it never started
  std::string ended{};
  double seconds = 0;
  std::optional<std::uint64_t> peak_memory_bytes{};
  std::optional<std::uint64_t> memory_limit_bytes{};
  std::string project{};
  std::vector<std::string> sources{};  // the spec and project files that were read
  std::string commit{};
  bool dirty = false;
  std::string berth_version{};
  std::optional<Ending> ending{};  // absent while it runs
};

}  // namespace berth
