#include "berth/runtime/gpu_leases.hpp"

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>

#include "berth/base/printable.hpp"
#include "runtime/json_fields.hpp"
#include "runtime/shared_lock.hpp"

namespace berth::runtime {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kTurnFile = "berth-gpus.lock";
constexpr std::string_view kQueuePrefix = "berth-gpus-queue-";

std::string document_of(const LeaseHolder& holder, const std::vector<std::string>& pool = {}) {
  const nlohmann::ordered_json document = {
      {"uid", holder.uid.value_or(0)}, {"pid", holder.pid},     {"run", holder.run_id},
      {"name", holder.run_name},       {"since", holder.since}, {"pool", pool}};
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

struct LockText {
  LeaseHolder holder{};
  std::vector<std::string> pool{};
};

// Nothing is believed that is not as we would have written it.
LockText parsed(const std::string& text) {
  Result<LockText> read = decode(text, Errc::io, "the lock's text", [](const Json& json) {
    LockText lock;
    lock.holder.uid = static_cast<unsigned>(count_field(json, "uid"));
    lock.holder.pid = static_cast<pid_t>(integer_field(json, "pid"));
    lock.holder.run_id = printable(text_field(json, "run"));
    lock.holder.run_name = printable(text_field(json, "name"));
    lock.holder.since = integer_field(json, "since");
    lock.pool = texts_field(json, "pool");
    return lock;
  });
  return read ? *std::move(read) : LockText{};
}

bool fit_to_share(const fs::path& folder) {
  struct stat facts {};
  return ::lstat(folder.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == 0 &&
         (facts.st_mode & S_ISVTX) != 0 && (facts.st_mode & S_IWOTH) != 0;
}

// A UUID is a file's name only where it holds nothing but its own letters.
fs::path lock_path(const fs::path& folder, const std::string& uuid) {
  std::string name = "berth-gpu-";
  for (const char c : uuid) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    name += plain ? c : '-';
  }
  return folder / (name + ".lock");
}

// The owner of what is there and closed to us.
std::optional<LeaseHolder> owner_of_closed(const fs::path& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) {
    return std::nullopt;
  }
  LeaseHolder owner;
  owner.uid = facts.st_uid;
  owner.file_closed = true;
  return owner;
}

std::string process_text(const LeaseHolder& holder) {
  return holder.pid > 0 ? fmt::format("process {} of user {}", holder.pid, holder.uid.value_or(0))
                        : std::string("another process");
}

constexpr std::uint64_t kHighestTicket = 999'999'999'999;

// The tickets in the folder by number.
std::map<std::uint64_t, fs::path> tickets_in(const fs::path& folder) {
  std::map<std::uint64_t, fs::path> tickets;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::uint64_t number = 0;
    if (name.starts_with(kQueuePrefix) &&
        std::from_chars(name.data() + kQueuePrefix.size(), name.data() + name.size(), number).ec ==
            std::errc() &&
        number <= kHighestTicket) {
      tickets[number] = it->path();
    }
  }
  return tickets;
}

bool share_one(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::find_first_of(a.begin(), a.end(), b.begin(), b.end()) != a.end();
}

}  // namespace

QueueTicket::~QueueTicket() {
  if (file_) {
    ::unlink(path_.c_str());
  }
}

Result<GpuLeases> GpuLeases::of_machine(
    const std::function<std::optional<std::string>(const std::string&)>& environment) {
  const std::optional<std::string> given = environment("BERTH_LEASES");
  if (given && !given->empty()) {
    return GpuLeases(*given);
  }
  for (const char* folder : {"/run/lock", "/tmp"}) {
    if (fit_to_share(folder)) {
      return GpuLeases(folder);
    }
  }
  return fail(Error{Errc::io, "no folder for the leases of GPUs is there"}
                  .note("/run/lock and /tmp: neither belongs to root, is sticky and open to all")
                  .hint("`sudo chmod 1777 /run/lock`"));
}

Result<UniqueFd> GpuLeases::take_turn(const LeaseHolder& self, const std::stop_token& stop,
                                      std::chrono::milliseconds patience) const {
  constexpr std::chrono::milliseconds kPause(20);
  const fs::path path = folder_ / kTurnFile;
  const Clock::time_point end = Clock::now() + patience;
  while (true) {
    BERTH_TRY(UniqueFd file, open_shared(path));
    if (try_lock(file, LockKind::alone, path)) {
      write_whole(file, document_of(self));
      return file;
    }
    if (stop.stop_requested() || Clock::now() >= end) {
      const LeaseHolder other = parsed(read_whole(file)).holder;
      return fail(Error{Errc::io, "another run keeps choosing its GPUs"}
                      .note(fmt::format("`{}` is locked by {}", path.string(), process_text(other)))
                      .named("gpus-busy"));
    }
    std::this_thread::sleep_for(kPause);
  }
}

Result<std::optional<GpuLease>> GpuLeases::take(const std::string& uuid,
                                                const LeaseHolder& self) const {
  const fs::path path = lock_path(folder_, uuid);
  Result<UniqueFd> file = open_shared(path);
  if (!file && owner_of_closed(path)) {
    return std::optional<GpuLease>{};
  }
  if (!file) {
    return fail(std::move(file).error());
  }
  if (!try_lock(*file, self.alone ? LockKind::alone : LockKind::common, path)) {
    return std::optional<GpuLease>{};
  }
  write_whole(*file, document_of(self));
  return std::optional<GpuLease>(GpuLease{uuid, *std::move(file)});
}

std::optional<LeaseHolder> GpuLeases::holder(const std::string& uuid) const {
  const fs::path path = lock_path(folder_, uuid);
  const UniqueFd file = open_to_look(path);
  if (!file) {
    return owner_of_closed(path);
  }
  const LockKind kind = lock_on(file);
  if (kind == LockKind::none) {
    return std::nullopt;
  }
  LeaseHolder holder = parsed(read_whole(file)).holder;
  holder.alone = kind == LockKind::alone;
  return holder;
}

Result<QueueTicket> GpuLeases::enqueue(const std::vector<std::string>& pool,
                                       const LeaseHolder& self) const {
  std::uint64_t last = 0;
  for (const auto& [number, path] : tickets_in(folder_)) {
    const UniqueFd file = open_to_look(path);
    if (file && lock_on(file) == LockKind::none) {
      // Left behind by a process that was killed; those of other users are theirs to remove.
      ::unlink(path.c_str());
    } else {
      last = number;
    }
  }
  constexpr std::uint64_t kAttempts = 100;  // beside files that somebody else has closed to us
  for (std::uint64_t number = last + 1; number <= last + kAttempts; ++number) {
    const fs::path path = folder_ / fmt::format("{}{:012}", kQueuePrefix, number);
    Result<UniqueFd> file = open_shared(path);
    if (file && try_lock(*file, LockKind::alone, path)) {
      write_whole(*file, document_of(self, pool));
      return QueueTicket(path, *std::move(file), number);
    }
  }
  return fail(Errc::io, fmt::format("no place in the queue for GPUs in `{}`", folder_.string()));
}

std::vector<LeaseHolder> GpuLeases::queue(const std::vector<std::string>& pool,
                                          const QueueTicket* before) const {
  std::vector<LeaseHolder> waiting;
  for (const auto& [number, path] : tickets_in(folder_)) {
    if (before != nullptr && number >= before->number()) {
      break;
    }
    const UniqueFd file = open_to_look(path);
    if (!file || lock_on(file) == LockKind::none) {
      continue;
    }
    const LockText ticket = parsed(read_whole(file));
    if (share_one(ticket.pool, pool)) {
      waiting.push_back(ticket.holder);
    }
  }
  return waiting;
}

}  // namespace berth::runtime
