// GpuLeases: locks on GPUs and the queue, with other holders played by other open files and, where
// it is about death, by other processes.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "berth/runtime/gpu_leases.hpp"
#include "berth/runtime/run_guard.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace fs = std::filesystem;
using berth::runtime::GpuLease;
using berth::runtime::GpuLeases;
using berth::runtime::LeaseHolder;
using berth::runtime::QueueTicket;
using berth::test::TemporaryFolder;

namespace {

constexpr const char* kGpu = "GPU-1234";

LeaseHolder holder(const std::string& run, bool alone = true) {
  LeaseHolder self;
  self.uid = 1000;
  self.pid = 42;
  self.run_id = run;
  self.since = 1'785'585'600;
  self.alone = alone;
  return self;
}

std::optional<GpuLease> take(const GpuLeases& leases, const std::string& uuid, bool alone) {
  berth::Result<std::optional<GpuLease>> lease = leases.take(uuid, holder("run", alone));
  REQUIRE(lease);
  return *std::move(lease);
}

fs::path file_of(const TemporaryFolder& folder) {
  return folder.path() / "berth-gpu-GPU-1234.lock";
}

// A process that holds what it takes until it is killed.
class OtherProcess {
 public:
  template <class Take>
  explicit OtherProcess(const Take& take_something) {
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    child_ = ::fork();
    if (child_ == 0) {
      [[maybe_unused]] const auto held = take_something();
      static_cast<void>(!::write(ready[1], "x", 1));
      ::pause();
      ::_exit(0);
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;
  ~OtherProcess() { kill(); }

  void kill() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
      child_ = -1;
    }
  }

 private:
  pid_t child_ = -1;
};

}  // namespace

TEST_CASE("a GPU that is held alone is nobody else's until it is given back", "[gpu-leases]") {
  const TemporaryFolder folder;
  const GpuLeases leases(folder.path());
  REQUIRE_FALSE(leases.holder(kGpu));
  std::optional<GpuLease> lease = take(leases, kGpu, true);
  REQUIRE(lease);
  REQUIRE_FALSE(take(leases, kGpu, true));
  REQUIRE_FALSE(take(leases, kGpu, false));
  REQUIRE(take(leases, "GPU-5678", true));
  lease.reset();
  REQUIRE(take(leases, kGpu, true));
}

TEST_CASE("holds in common go together, and keep others from holding alone", "[gpu-leases]") {
  const TemporaryFolder folder;
  const GpuLeases leases(folder.path());
  std::optional<GpuLease> one = take(leases, kGpu, false);
  std::optional<GpuLease> other = take(leases, kGpu, false);
  REQUIRE((one && other));
  REQUIRE_FALSE(take(leases, kGpu, true));
  one.reset();
  REQUIRE_FALSE(leases.holder(kGpu)->alone);
  other.reset();
  REQUIRE(take(leases, kGpu, true));
}

TEST_CASE("who holds a GPU is said, without disturbing the hold", "[gpu-leases]") {
  const TemporaryFolder folder;
  const GpuLeases leases(folder.path());
  LeaseHolder self = holder("0123456789abcdef");
  self.run_name = "tra\nin";
  const auto lease = leases.take(kGpu, self);
  REQUIRE((lease && *lease));
  const std::optional<LeaseHolder> found = leases.holder(kGpu);
  REQUIRE(found);
  REQUIRE(found->uid == 1000U);
  REQUIRE(found->pid == 42);
  REQUIRE(found->run_id == "0123456789abcdef");
  REQUIRE(found->run_name == "tra\\x0ain");  // anybody may write there: it is made fit to print
  REQUIRE(found->since == 1'785'585'600);
  REQUIRE(found->alone);
}

TEST_CASE("a holder's text that is none is a holder all the same", "[gpu-leases]") {
  const TemporaryFolder folder;
  const GpuLeases leases(folder.path());
  const std::optional<GpuLease> lease = take(leases, kGpu, true);
  for (const char* text : {"", "garbage", "[]", R"({"uid": "x"})", R"({"pid": -99999999999999})"}) {
    INFO(text);
    folder.write("berth-gpu-GPU-1234.lock", text);
    REQUIRE(leases.holder(kGpu));
  }
}

TEST_CASE("a lease ends with its last process, killed or not", "[gpu-leases]") {
  const TemporaryFolder folder;
  const GpuLeases leases(folder.path());
  OtherProcess other([&leases] { return leases.take(kGpu, holder("killed")); });
  REQUIRE(leases.holder(kGpu)->run_id == "killed");
  REQUIRE_FALSE(take(leases, kGpu, true));
  other.kill();
  REQUIRE_FALSE(leases.holder(kGpu));
  REQUIRE(take(leases, kGpu, true));
}

TEST_CASE("a lease passed on lasts until every copy is closed", "[gpu-leases]") {
  const TemporaryFolder folder;
  const GpuLeases leases(folder.path());
  std::optional<GpuLease> lease = take(leases, kGpu, true);
  OtherProcess guard([] { return 0; });  // inherits the descriptor
  lease.reset();
  REQUIRE(leases.holder(kGpu));
  guard.kill();
  REQUIRE_FALSE(leases.holder(kGpu));
}

TEST_CASE("a run's guard holds what it is given until it is released", "[gpu-leases]") {
  const TemporaryFolder folder;
  const GpuLeases leases(folder.path());
  berth::runtime::RunGuard guard([](const std::string&) {
    return berth::Result<std::unique_ptr<berth::runtime::Engine>>(
        berth::fail(berth::Errc::engine_unreachable, "none"));
  });
  std::optional<GpuLease> one = take(leases, kGpu, true);
  std::optional<GpuLease> other = take(leases, "GPU-5678", true);
  guard.hold({one->file.get(), other->file.get()});
  guard.stay();
  one.reset();
  other.reset();
  REQUIRE(leases.holder(kGpu));
  REQUIRE(leases.holder("GPU-5678"));
  guard.release();
  REQUIRE_FALSE(leases.holder(kGpu));
  REQUIRE_FALSE(leases.holder("GPU-5678"));
}

TEST_CASE("the files are open to all, whatever the umask, and stay", "[gpu-leases]") {
  const TemporaryFolder folder;
  const mode_t before = ::umask(0077);
  static_cast<void>(take(GpuLeases(folder.path()), kGpu, true));
  ::umask(before);
  struct stat facts {};
  REQUIRE(::stat(file_of(folder).c_str(), &facts) == 0);
  REQUIRE((facts.st_mode & 0777) == 0666);
}

TEST_CASE("links and pipes in a lock's place are not followed", "[gpu-leases]") {
  const TemporaryFolder folder;
  const GpuLeases leases(folder.path());
  const fs::path precious = folder.write("precious", "content");
  const auto refused = [&] {
    const auto lease = leases.take(kGpu, holder("run"));
    const bool none = !lease || !*lease;
    fs::remove(file_of(folder));
    return none && berth::read_file(precious).value() == "content";
  };
  fs::create_symlink(precious, file_of(folder));
  REQUIRE(refused());
  fs::create_hard_link(precious, file_of(folder));
  REQUIRE(refused());
  REQUIRE(::mkfifo(file_of(folder).c_str(), 0666) == 0);
  REQUIRE(refused());
}

TEST_CASE("a lock on a file that has been removed is none", "[gpu-leases]") {
  const TemporaryFolder folder;
  const GpuLeases leases(folder.path());
  const std::optional<GpuLease> lost = take(leases, kGpu, true);
  fs::remove(file_of(folder));
  REQUIRE(take(leases, kGpu, true));  // of the file that is there now
}

TEST_CASE("a UUID names a file in the folder and nowhere else", "[gpu-leases]") {
  const TemporaryFolder folder;
  const std::optional<GpuLease> lease = take(GpuLeases(folder.path()), "MIG-GPU-../../x/1/0", true);
  REQUIRE(lease);
  REQUIRE(fs::exists(folder.path() / "berth-gpu-MIG-GPU-------x-1-0.lock"));
}

TEST_CASE("only one at a time chooses, and who keeps the others waiting is named", "[gpu-leases]") {
  const TemporaryFolder folder;
  const GpuLeases leases(folder.path());
  const std::chrono::milliseconds at_once(0);
  {
    const auto turn = leases.take_turn(holder("first"), {}, at_once);
    REQUIRE(turn);
    const auto other = leases.take_turn(holder("second"), {}, at_once);
    REQUIRE_FALSE(other);
    REQUIRE(other.error().id == "gpus-busy");
    REQUIRE(other.error().notes.front().find("process 42 of user 1000") != std::string::npos);
  }
  REQUIRE(leases.take_turn(holder("second"), {}, at_once));
}

TEST_CASE("the queue is first come first served, among those for the same GPUs", "[gpu-leases]") {
  const TemporaryFolder folder;
  const GpuLeases leases(folder.path());
  REQUIRE(leases.queue({"a", "b"}).empty());
  std::optional<berth::Result<QueueTicket>> first(leases.enqueue({"a", "b"}, holder("first")));
  const auto second = leases.enqueue({"b", "c"}, holder("second"));
  const auto third = leases.enqueue({"a"}, holder("third"));
  REQUIRE((*first && second && third));
  REQUIRE(leases.queue({"a", "b"}, &**first).empty());
  REQUIRE(leases.queue({"b", "c"}, &*second).size() == 1);
  REQUIRE(leases.queue({"a"}, &*third).front().run_id == "first");
  REQUIRE(leases.queue({"a"}, &*third).size() == 1);  // the second wants others
  REQUIRE(leases.queue({"d"}).empty());
  REQUIRE(leases.queue({"a", "b", "c"}).size() == 3);
  first.reset();
  REQUIRE(leases.queue({"a"}, &*third).empty());
}

TEST_CASE("a ticket of a process that was killed counts no more, and is cleared away",
          "[gpu-leases]") {
  const TemporaryFolder folder;
  const GpuLeases leases(folder.path());
  OtherProcess other([&leases] { return leases.enqueue({"a"}, holder("killed")); });
  REQUIRE(leases.queue({"a"}).size() == 1);
  other.kill();
  REQUIRE(leases.queue({"a"}).empty());
  {
    const auto mine = leases.enqueue({"a"}, holder("mine"));
    REQUIRE(mine);
    REQUIRE(leases.queue({"a"}, &*mine).empty());
  }
  REQUIRE(fs::is_empty(folder.path()));
}

TEST_CASE("hostile names in the folder are no tickets", "[gpu-leases]") {
  const TemporaryFolder folder;
  const GpuLeases leases(folder.path());
  folder.write("berth-gpus-queue-18446744073709551615", "{}");
  folder.write("berth-gpus-queue-x", "{}");
  folder.write("berth-gpus-queue-", "{}");
  const auto ticket = leases.enqueue({"a"}, holder("mine"));
  REQUIRE(ticket);
  REQUIRE(ticket->number() == 1);
}

TEST_CASE("the folder is the machine's, or the one that BERTH_LEASES names", "[gpu-leases]") {
  const auto given = GpuLeases::of_machine(
      [](const std::string& name) { return name == "BERTH_LEASES" ? "/x" : ""; });
  REQUIRE(given);
  REQUIRE(given->folder() == "/x");
  const auto usual = GpuLeases::of_machine([](const std::string&) { return std::nullopt; });
  REQUIRE(usual);
  REQUIRE((usual->folder() == "/run/lock" || usual->folder() == "/tmp"));
}
