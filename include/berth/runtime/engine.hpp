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

#include <chrono>
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
#include "berth/model/image_facts.hpp"
#include "berth/model/plan.hpp"

namespace berth::runtime {

using berth::ImageFacts;

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

// Times are RFC 3339 as the engine writes them ("2026-08-01T12:00:00.123456789Z"), empty where
// there was none.
struct ContainerState {
  bool running = false;
  int exit_code = 0;
  bool oom_killed = false;
  std::string error{};
  std::string status{};  // created, running, paused, restarting, exited, dead, removing
  long pid = 0;          // on the engine's machine; 0: none
  std::string created_at{};
  std::string started_at{};
  std::string finished_at{};
  std::string id{};
  std::string name{};   // without the slash that engines put before it
  std::string image{};  // as it was asked for; Podman writes it in full
  std::string image_id{};
  bool tty = false;
  bool open_stdin = false;
  bool auto_remove = false;
  std::string log_driver{};
  std::uint64_t memory_limit = 0;                      // 0: none
  std::optional<std::chrono::seconds> stop_timeout{};  // between TERM and KILL; absent: 10 s
  std::map<std::string, std::string> labels{};
  std::vector<std::string> command{};  // the entry point, then the command
};

// A row of the list of containers.
struct ContainerSummary {
  std::string id{};
  std::string name{};
  std::string image{};
  std::string image_id{};
  std::string state{};       // "running"
  std::string status{};      // "Up 3 minutes"
  std::string command{};     // on one line, quoted by Docker and not by Podman
  std::int64_t created = 0;  // seconds since 1970
  std::map<std::string, std::string> labels{};

  // Whether it uses what it was given; a paused one does.
  bool is_up() const {
    return state == "running" || state == "paused" || state == "restarting" || state == "stopping";
  }
};

// What a container uses at one moment. Counters run from its start.
struct ContainerStats {
  std::uint64_t cpu_nanoseconds = 0;  // of all processors together
  unsigned online_cpus = 0;
  std::uint64_t memory_bytes = 0;  // without the file cache that can be dropped, as docker shows it
  std::uint64_t memory_limit = 0;
  std::uint64_t memory_peak = 0;  // with the file cache; 0: not known (cgroup v2, Podman)
  std::uint64_t pids = 0;
  std::uint64_t network_received = 0;  // bytes of all interfaces
  std::uint64_t network_sent = 0;
  std::uint64_t block_read = 0;
  std::uint64_t block_written = 0;
};

struct ExitStatus {
  int code = 0;
  std::string error{};  // the engine's, where it could not wait to the end
  // What only a supervisor knows (supervision.hpp): whether the kernel killed a process for its
  // memory; the peak of that, in bytes.
  std::optional<bool> oom_killed{};
  std::optional<std::uint64_t> peak_memory{};
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

enum class WaitCondition {
  not_running,  // at once where it does not run
  next_exit,
  removed,
};

struct AttachOptions {
  bool stdin_stream = false;
  bool stdout_stream = true;
  bool stderr_stream = true;
  // "ctrl-p,ctrl-q"; absent: the engine's own; empty: none, which Podman has to be told, since it
  // looks for them in the input of a command without a terminal, too.
  std::optional<std::string> detach_keys{};
  bool logs = false;  // what the engine has kept comes first
};

struct LogOptions {
  bool follow = false;  // until the container ends
  // Seconds since 1970, with a fraction where wanted: "1785585600.5"; empty: no limit.
  std::string since{};
  std::string until{};
  std::optional<std::uint64_t> tail{};  // the last so many lines; absent: all
  bool timestamps = false;              // at the beginning of each line
  bool stdout_stream = true;
  bool stderr_stream = true;
};

// A further command in a container that runs. What is empty is the container's own.
struct ExecSpec {
  std::vector<std::string> command{};
  std::vector<std::string> environment{};  // NAME=value, added to the container's
  std::string workdir{};
  std::string user{};
  bool tty = false;
  bool open_stdin = true;
  bool privileged = false;
  std::string detach_keys{};
  std::optional<ContainerSpec::ConsoleSize> console_size{};  // from API 1.42 on
};

struct ExecState {
  bool running = false;
  int exit_code = 0;  // where it does not run; 0, too, before it was started
  long pid = 0;       // on the engine's machine; Podman forgets it at the end
};

// What the engine says of itself beyond EngineFacts: nothing that a decision rests on, for
// `berth doctor`.
struct EngineDetails {
  std::string newest_api{};        // "1.52": the newest that it speaks
  std::string operating_system{};  // "Ubuntu 24.04.1 LTS", "Docker Desktop"
  std::string cgroup_driver{};     // "systemd", "cgroupfs", "none"
  std::string system_time{};       // its clock, RFC 3339
  std::string http_proxy{};        // what it pulls through
  std::string https_proxy{};
  bool selinux = false;           // it labels containers
  bool apparmor = false;          // it confines them by a profile, `docker-default`
  std::string default_runtime{};  // "runc"
  std::string nvidia_runtime{};   // the program of the runtime `nvidia`; empty: it has none
};

// An image made of a container's files. What is empty here is empty in the image, too; variables
// and working directory are the container's.
struct CommitSpec {
  std::string repository{};  // "berth/env"
  std::string tag{};
  std::string comment{};
  std::vector<std::string> entrypoint{};
  std::vector<std::string> command{};
  std::string user{};
  std::map<std::string, std::string> labels{};  // added to the container's
};

// A row of the list of images.
struct ImageSummary {
  std::string id{};                  // "sha256:…"
  std::vector<std::string> names{};  // "berth/env:4f3a…"; Podman writes docker.io/ and localhost/
  std::map<std::string, std::string> labels{};
  std::int64_t created = 0;  // seconds since 1970
  std::uint64_t bytes = 0;   // with the layers that it shares
};

class Engine {
 public:
  virtual ~Engine() = default;

  // GET /_ping, /version, /info: negotiates the API version, and fails below 1.41.
  virtual Result<EngineFacts> facts() = 0;
  virtual Result<EngineDetails> details() = 0;
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
  // The engine's whole answer to the same question: JSON of its own, unchanged.
  virtual Result<std::optional<std::string>> inspect_raw(const std::string& id) = 0;

  // Containers that have all of these labels ("name" or "name=value"), newest first; with `all`
  // those that have ended as well.
  virtual Result<std::vector<ContainerSummary>> list_containers(
      const std::vector<std::string>& labels, bool all) = 0;
  // The output that the engine has kept, framed like that of attach. The stream only reads; it ends
  // where the log ends, with `follow` where the container does.
  virtual Result<std::unique_ptr<AttachedStream>> logs(const std::string& id,
                                                       const LogOptions& options) = 0;
  // The signal, then KILL after the grace; it returns when the container has ended. Absent: the
  // container's own (TERM and 10 s, mostly). One that does not run is no error.
  virtual Result<void> stop(const std::string& id, std::optional<std::string> signal,
                            std::optional<std::chrono::seconds> grace) = 0;
  // nullopt where the container does not run.
  virtual Result<std::optional<ContainerStats>> stats(const std::string& id) = 0;

  // The exec's id. Errc::not_found where the container is absent; one that does not run is refused.
  virtual Result<std::string> create_exec(const std::string& id, const ExecSpec& spec) = 0;
  // Starts it, attached. That its command was not found is no error of this call: the engine writes
  // a line into the stream, and inspect_exec() has 126 or 127.
  virtual Result<std::unique_ptr<AttachedStream>> start_exec(const std::string& exec_id,
                                                             bool tty) = 0;
  virtual Result<ExecState> inspect_exec(const std::string& exec_id) = 0;
  // Fails where the command is not up yet: try again.
  virtual Result<void> resize_exec(const std::string& exec_id, ContainerSpec::ConsoleSize size) = 0;

  // An image with the files of a tar archive and nothing else, made on the spot (POST
  // /images/create?fromSrc=-, without repository or tag): its id, "sha256:…". gpu_support.hpp and
  // trial_run.hpp try with such ones what a run would need, before anything is pulled.
  virtual Result<std::string> import_image(const std::string& archive) = 0;
  // By id or name (DELETE /images/{id}); an absent one is no error. One that a container uses is.
  virtual Result<void> remove_image(const std::string& id) = 0;
  // The id of the new image (POST /commit). The container is not paused: it has ended.
  virtual Result<std::string> commit(const std::string& container, const CommitSpec& spec) = 0;
  // Images that have all of these labels ("name" or "name=value"); with none, all that have a name.
  virtual Result<std::vector<ImageSummary>> list_images(const std::vector<std::string>& labels) = 0;

  // What the volume takes on the disk (GET /system/df, for which the engine looks through all of
  // its disk); nullopt where there is no such volume.
  virtual Result<std::optional<std::uint64_t>> volume_bytes(const std::string& name) = 0;
  // An absent one is no error. One that a container uses is: `volume-in-use`.
  virtual Result<void> remove_volume(const std::string& name) = 0;
};

}  // namespace berth::runtime
