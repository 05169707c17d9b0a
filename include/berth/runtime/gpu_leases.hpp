// Leases: who holds which GPU of this machine, across users, engines and terminals.
//
// A lease is a lock on a file per GPU (or MIG instance) that the kernel takes back when the last
// process with the file open is gone, so that it cannot outlive its run; berth and the run's guard
// both have it open (run_guard.hpp). Who chose a GPU by `free` holds it alone; other runs hold the
// GPUs they use in common, which keeps `free` away from them and nothing else.
//
// The files lie directly in a folder in which anybody may create files and nobody but their owner
// and root may remove them: /run/lock, else /tmp. A folder of berth's own would belong to the first
// who used it, and its owner could take the files of others away. They are never removed. What
// stands in a file (who, which run, since when) is for messages only, since anybody may write it:
// what counts is the lock. A file that its owner has closed to others counts as held by the owner.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "berth/base/file.hpp"
#include "berth/base/result.hpp"

namespace berth::runtime {

// As a lock's file says it; what it does not say is empty.
struct LeaseHolder {
  std::optional<unsigned> uid{};
  pid_t pid = 0;
  std::string run_id{};
  std::string run_name{};
  std::int64_t since = 0;    // seconds since 1970
  bool alone = true;         // false: holds it in common with others who chose it
  bool file_closed = false;  // it is the owner of a file that nobody else can open
};

// One GPU, held. Passed on by its descriptor: the lock lasts until every copy is closed.
struct GpuLease {
  std::string uuid{};
  UniqueFd file{};
};

// A place in the queue for GPUs; left by destruction.
class QueueTicket {
 public:
  QueueTicket(std::filesystem::path path, UniqueFd file, std::uint64_t number)
      : path_(std::move(path)), file_(std::move(file)), number_(number) {}
  QueueTicket(QueueTicket&&) = default;
  QueueTicket& operator=(QueueTicket&&) = delete;
  ~QueueTicket();

  std::uint64_t number() const { return number_; }

 private:
  std::filesystem::path path_;
  UniqueFd file_;
  std::uint64_t number_;
};

class GpuLeases {
 public:
  explicit GpuLeases(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // The folder that all of the machine share: BERTH_LEASES, for odd installations and tests, else
  // the first of /run/lock and /tmp that belongs to root, is sticky and open to all.
  static Result<GpuLeases> of_machine(
      const std::function<std::optional<std::string>(const std::string&)>& environment);

  // Between looking and taking there must be nobody else: choosing is done by one at a time. Waits
  // for its turn, which takes others some seconds at most; Errc::io after `patience`, naming who
  // keeps it, or when asked to stop.
  Result<UniqueFd> take_turn(const LeaseHolder& self, const std::stop_token& stop,
                             std::chrono::milliseconds patience = std::chrono::minutes(5)) const;

  // nullopt where somebody else's hold excludes it.
  Result<std::optional<GpuLease>> take(const std::string& uuid, const LeaseHolder& self) const;
  // nullopt where nobody holds it.
  std::optional<LeaseHolder> holder(const std::string& uuid) const;

  // The queue, first come first served among those who could be given the same GPUs: `pool` are
  // their UUIDs. To be called with the turn.
  Result<QueueTicket> enqueue(const std::vector<std::string>& pool, const LeaseHolder& self) const;
  // Who waits for some of `pool`, the first first; those in front of `before` only.
  std::vector<LeaseHolder> queue(const std::vector<std::string>& pool,
                                 const QueueTicket* before = nullptr) const;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace berth::runtime
