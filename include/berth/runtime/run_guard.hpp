// RunGuard: ends a run whose client is gone. A container belongs to the engine, not to the process
// that started it: a client that is killed (SIGKILL, the kernel's out-of-memory killer) would leave
// its command running on a GPU that nobody looks at any more.
//
// The guard is a child process that does nothing but wait for the end of a pipe, whose other end
// berth holds. Where that comes without release(), the guard looks for the containers of the run,
// by the label that they carry from their creation on, so that a death between create and its
// answer is covered too: TERM, KILL after the grace, removal. An engine that does not answer is
// asked again for a minute, since a daemon that restarts is a likely reason for the trouble.
//
// It also holds the run's GPUs (gpu_leases.hpp): while it looks for the containers of a dead berth,
// and, where the run goes on by itself, until its containers have ended.
//
// What it cannot cover: a death of the whole control group or machine takes the guard along.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "berth/base/file.hpp"
#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"

namespace berth::runtime {

struct GuardOptions {
  std::chrono::milliseconds grace{5'000};      // between TERM and KILL
  std::chrono::milliseconds pause{200};        // between two looks
  std::chrono::milliseconds appear{3'000};     // how long a container may take to be listed
  std::chrono::milliseconds patience{60'000};  // with an engine that does not answer
  std::chrono::milliseconds watch{1'000};      // between two looks at a run that goes on by itself
};

// How the guard reaches the engine, in its own process: `address` is that of the armed run's.
using GuardEngine = std::function<Result<std::unique_ptr<Engine>>(const std::string& address)>;

class RunGuard {
 public:
  // Forks. To be called while berth has no other thread: the child goes on with a copy of this one.
  // Nothing is guarded where fork(2) fails.
  explicit RunGuard(GuardEngine open_engine, GuardOptions options = {});
  RunGuard(const RunGuard&) = delete;
  RunGuard& operator=(const RunGuard&) = delete;
  // Acts unless it was released or never armed; does not wait for that.
  ~RunGuard();

  // Before create: whose containers to end, and where.
  void arm(const std::string& engine_address, const std::string& run_id);
  // The guard has these descriptors open as well, from here to its end.
  void hold(const std::vector<int>& descriptors);
  // The run may outlive us: from here on the guard ends no container, and holds what it holds until
  // the run's have ended, or the engine has not answered for the time of its patience. Where it
  // holds nothing it is released.
  void stay();
  // The run has ended, or goes on and holds nothing. Waits for the guard's process, which ends at
  // once.
  void release();
  // The guard kills and removes without grace, now, while berth leaves.
  void kill_now();

 private:
  void say(const std::string& text);

  UniqueFd pipe_{};  // a socket, since descriptors go through it
  pid_t child_ = -1;
  bool holding_ = false;
};

// A name for a run that no other has: 16 hexadecimal digits.
std::string make_run_id();

// Returns when no container of the run is up any more, or the engine has not answered for the time
// of the patience.
void outwait_run(Engine& engine, const std::string& run_id, const GuardOptions& options);

// What the guard does, once its run is alone; for tests. The containers with the label
// org.berth.run=`run_id`.
void end_abandoned_run(Engine& engine, const std::string& run_id, bool at_once,
                       const GuardOptions& options);

}  // namespace berth::runtime
