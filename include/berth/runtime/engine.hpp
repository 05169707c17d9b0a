// Engine: the conversation with a container engine, Docker or Podman, through the Docker Engine
// API.
//
// An abstract class, so that a run can be tested against a recording fake. All calls block; all may
// be made from several threads at once, each takes a connection of its own.
//
// Errors common to all calls:
//   Errc::engine_unreachable  nothing answers at the address (no socket, no permission, refused,
//   timed out) Errc::engine_failed       the engine answered with an error (its message is in the
//   notes), or with bytes that are
//                             not its protocol
//   Errc::interrupted         a stop was requested through the token
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/host.hpp"
#include "berth/model/plan.hpp"

namespace berth::runtime {

struct ImageFacts {
  std::string id{};  // "sha256:…"
  std::vector<std::string> digests{};
  std::string architecture{};
  std::vector<std::string> environment{};
  std::vector<std::string> entrypoint{};
  std::vector<std::string> command{};
  std::map<std::string, std::string> labels{};
  std::uint64_t size_bytes = 0;
};

// One line of a pull's progress stream.
struct PullEvent {
  std::string layer{};   // short id; empty for a line about the whole image
  std::string status{};  // "Downloading", "Pull complete", "Digest: sha256:…"
  std::uint64_t current = 0;
  std::uint64_t total = 0;  // 0: not known
};
using PullObserver = std::function<void(const PullEvent&)>;

struct CreatedContainer {
  std::string id{};
  std::vector<std::string> warnings{};
};

struct ContainerState {
  bool running = false;
  int exit_code = 0;
  bool oom_killed = false;
  std::string error{};
};

struct ExitStatus {
  int code = 0;
  std::string error{};  // the engine's, where it could not wait to the end
};

// The hijacked connection of attach: both directions of a container's standard streams.
// Framing is the caller's affair: raw bytes with a terminal, 8-byte headers without
// (runtime/stream_frames.hpp).
class AttachedStream {
 public:
  virtual ~AttachedStream() = default;
  // For poll(2). Bytes may be waiting in the stream's own buffer: read until would_block first.
  virtual int poll_fd() const = 0;
  enum class ReadState { data, would_block, end };
  struct ReadResult {
    ReadState state;
    std::size_t count;
  };
  virtual Result<ReadResult> read(std::span<std::byte> buffer) = 0;
  // How many bytes were taken, 0 where the engine takes none now.
  virtual Result<std::size_t> write(std::span<const std::byte> bytes) = 0;
  // The end of our input; output goes on.
  virtual Result<void> close_write() = 0;
};

// A wait request under way: the engine has acknowledged it, so an exit from now on cannot be
// missed.
class PendingExit {
 public:
  virtual ~PendingExit() = default;
  virtual int poll_fd() const = 0;       // readable once the result is there
  virtual Result<ExitStatus> get() = 0;  // blocks until then
};

enum class WaitCondition { next_exit, removed };

struct AttachOptions {
  bool stdin_stream = false;
  bool stdout_stream = true;
  bool stderr_stream = true;
};

class Engine {
 public:
  virtual ~Engine() = default;

  // GET /_ping, /version, /info: negotiates the API version, and fails below 1.41.
  virtual Result<EngineFacts> facts() = 0;
  virtual Result<std::optional<ImageFacts>> inspect_image(const std::string& reference) = 0;
  // Errc::not_found where the registry has no such image; credentials come from docker's
  // configuration. `platform` is os/arch[/variant]; empty: the engine's.
  virtual Result<void> pull(const std::string& reference, const std::string& platform,
                            const PullObserver& observer, std::stop_token stop) = 0;
  // Errc::not_found where the image is absent.
  virtual Result<CreatedContainer> create(const ContainerSpec& spec) = 0;
  virtual Result<std::unique_ptr<AttachedStream>> attach(const std::string& id,
                                                         const AttachOptions& options) = 0;
  virtual Result<std::unique_ptr<PendingExit>> wait(const std::string& id,
                                                    WaitCondition condition) = 0;
  // Errc::command_not_found and Errc::cannot_invoke as docker's users know 127 and 126.
  virtual Result<void> start(const std::string& id) = 0;
  virtual Result<void> resize(const std::string& id, ContainerSpec::ConsoleSize size) = 0;
  // Signal names without SIG: "TERM".
  virtual Result<void> kill(const std::string& id, const std::string& signal) = 0;
  // With force a running container is killed first; an absent one is no error. Anonymous volumes go
  // with it.
  virtual Result<void> remove(const std::string& id, bool force) = 0;
  virtual Result<std::optional<ContainerState>> inspect_container(const std::string& id) = 0;
  // An image without a single file, made on the spot (POST /images/create?fromSrc=- with an empty
  // tar archive, without repository or tag): its id, "sha256:…". gpu_support.hpp probes with it,
  // before anything is pulled.
  virtual Result<std::string> import_empty_image() = 0;
  // By id (DELETE /images/{id}); an absent one is no error.
  virtual Result<void> remove_image(const std::string& id) = 0;
};

}  // namespace berth::runtime
