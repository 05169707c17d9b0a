// fork(2) without exec: the guard shares berth's pages, costs a fraction of a millisecond, and
// needs no program to be found again.
#include "berth/runtime/run_guard.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <random>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "berth/base/text.hpp"
#include "berth/runtime/environment_build.hpp"
#include "berth/runtime/run_labels.hpp"
#include "berth/runtime/supervision.hpp"
#include "runtime/socket_io.hpp"

namespace berth::runtime {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kArm = "arm";          // arm TAB address TAB run id
constexpr std::string_view kRelease = "release";  // nothing is left to do
constexpr std::string_view kKill = "kill";        // no grace
constexpr std::string_view kStay = "stay";        // the run goes on: hold what you hold
constexpr std::size_t kMostDescriptors = 253;     // SCM_MAX_FD

struct Orders {
  std::string address{};
  std::string run_id{};
  bool released = false;
  bool at_once = false;
  bool stays = false;
};

// Receives like read(2). Descriptors that come along are ours from here on; nothing needs to know
// their numbers, since all that they do is to be open.
ssize_t receive(int fd, std::array<char, 4096>& buffer) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMostDescriptors)> control{};
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  return ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
}

Orders read_orders(const std::string& text) {
  Orders orders;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> words = split(line, '\t');
    if (words.size() == 3 && words[0] == kArm) {
      orders.address = words[1];
      orders.run_id = words[2];
    }
    orders.released = orders.released || line == kRelease;
    orders.at_once = orders.at_once || line == kKill;
    orders.stays = orders.stays || line == kStay;
  }
  return orders;
}

// To the end of the pipe, which comes with berth's end at the latest.
std::string everything_from(int fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t count = receive(fd, buffer);
    if (count > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      return text;
    }
  }
}

// The guard keeps nothing of berth's open but the pipe, whose new number is returned: not its
// output, whose reader waits for the end; not its terminal, whose hangup is not for the guard.
int leave_the_caller(int pipe) {
  ::setsid();
  constexpr int kStandardStreams = 3;
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < kStandardStreams; ++fd) {
    ::dup2(null, fd);
  }
  // By way of a number that is free, since `null` may have taken the one that it is to have.
  const int moved = ::fcntl(pipe, F_DUPFD_CLOEXEC, kStandardStreams + 1);
  const int kept = ::dup2(moved, kStandardStreams);
  ::close_range(static_cast<unsigned>(kStandardStreams + 1), ~0u, 0);
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM}) {
    ::signal(number, SIG_IGN);
  }
  // So that `killall -9 berth` does not take it along.
  ::prctl(PR_SET_NAME, "run-guard");
  static_cast<void>(!::chdir("/"));
  return kept;
}

Result<std::unique_ptr<Engine>> reach(const GuardEngine& open_engine, const std::string& address,
                                      const GuardOptions& options) {
  const Clock::time_point end = Clock::now() + options.patience;
  while (true) {
    Result<std::unique_ptr<Engine>> engine = open_engine(address);
    if (engine && (*engine)->facts()) {
      return engine;
    }
    if (Clock::now() >= end) {
      return fail(Errc::engine_unreachable, "no engine to end the run on");
    }
    std::this_thread::sleep_for(options.pause);
  }
}

void guard(int pipe, const GuardEngine& open_engine, const GuardOptions& options) {
  const Orders orders = read_orders(everything_from(pipe));
  if (orders.released || orders.run_id.empty()) {
    return;
  }
  Supervision::clear_up(orders.run_id);
  Result<std::unique_ptr<Engine>> engine = reach(open_engine, orders.address, options);
  if (engine && orders.stays) {
    outwait_run(**engine, orders.run_id, options);
  } else if (engine) {
    end_abandoned_run(**engine, orders.run_id, orders.at_once, options);
  }
}

// Until it has ended or the grace is over.
void stop_softly(Engine& engine, const std::string& id, const GuardOptions& options) {
  static_cast<void>(engine.kill(id, "TERM"));
  const Clock::time_point end = Clock::now() + options.grace;
  while (Clock::now() < end) {
    const Result<std::optional<ContainerState>> state = engine.inspect_container(id);
    if (!state || !state->has_value() || !(*state)->running) {
      return;
    }
    std::this_thread::sleep_for(options.pause);
  }
}

// The run's, and that of a build that came before it.
Result<std::vector<ContainerSummary>> all_containers(Engine& engine, const std::string& run_id) {
  std::vector<ContainerSummary> all;
  for (const char* label : {kRunLabel, kBuildLabel}) {
    BERTH_TRY(const std::vector<ContainerSummary> some,
              engine.list_containers({fmt::format("{}={}", label, run_id)}, true));
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace

std::string make_run_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

void outwait_run(Engine& engine, const std::string& run_id, const GuardOptions& options) {
  const std::vector<std::string> labels{fmt::format("{}={}", kRunLabel, run_id)};
  Clock::time_point patience_ends = Clock::now() + options.patience;
  while (Clock::now() < patience_ends) {
    const Result<std::vector<ContainerSummary>> containers = engine.list_containers(labels, true);
    if (containers && std::none_of(containers->begin(), containers->end(),
                                   [](const ContainerSummary& one) { return one.is_up(); })) {
      return;
    }
    if (containers) {
      patience_ends = Clock::now() + options.patience;
    }
    std::this_thread::sleep_for(options.watch);
  }
}

void end_abandoned_run(Engine& engine, const std::string& run_id, bool at_once,
                       const GuardOptions& options) {
  const Clock::time_point appeared_by = Clock::now() + options.appear;
  const Clock::time_point patience_ends = Clock::now() + options.patience;
  bool seen = false;
  // Until none is left: a removal may fail, a create may still be under way.
  while (Clock::now() < patience_ends) {
    const Result<std::vector<ContainerSummary>> containers = all_containers(engine, run_id);
    if (containers && containers->empty() && (seen || Clock::now() >= appeared_by)) {
      return;
    }
    for (const ContainerSummary& container :
         containers ? *containers : std::vector<ContainerSummary>{}) {
      const bool first_look = !std::exchange(seen, true);
      if (first_look && !at_once && container.state == "running") {
        stop_softly(engine, container.id, options);
      }
      // Podman's removal by force would ask with TERM first, and wait.
      static_cast<void>(engine.kill(container.id, "KILL"));
      static_cast<void>(engine.remove(container.id, true));
    }
    std::this_thread::sleep_for(options.pause);
  }
}

RunGuard::RunGuard(GuardEngine open_engine, GuardOptions options) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return;
  }
  UniqueFd reading(ends[0]);
  pipe_.reset(ends[1]);
  child_ = ::fork();
  if (child_ == 0) {
    guard(leave_the_caller(reading.get()), open_engine, options);
    // Not through main: what berth would do at its end, such as flushing, is berth's to do.
    ::_exit(0);
  }
  if (child_ < 0) {
    pipe_.reset();
  }
}

RunGuard::~RunGuard() {
  pipe_.reset();
}

void RunGuard::say(const std::string& text) {
  // A guard that is gone (killed by somebody) is no reason to fail a run.
  static_cast<void>(!::send(pipe_.get(), text.data(), text.size(), MSG_NOSIGNAL));
}

void RunGuard::hold(const std::vector<int>& descriptors) {
  if (!pipe_ || descriptors.empty()) {
    return;
  }
  const char nothing = '\n';  // a descriptor cannot travel alone
  holding_ = send_descriptors(
      pipe_.get(), std::as_bytes(std::span(&nothing, 1)),
      std::span(descriptors).first(std::min(descriptors.size(), kMostDescriptors)));
}

void RunGuard::stay() {
  if (!holding_) {
    return release();
  }
  say(fmt::format("{}\n", kStay));
}

void RunGuard::arm(const std::string& engine_address, const std::string& run_id) {
  say(fmt::format("{}\t{}\t{}\n", kArm, engine_address, run_id));
}

void RunGuard::release() {
  if (!pipe_) {
    return;
  }
  say(fmt::format("{}\n", kRelease));
  pipe_.reset();
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void RunGuard::kill_now() {
  say(fmt::format("{}\n", kKill));
  pipe_.reset();
}

}  // namespace berth::runtime
