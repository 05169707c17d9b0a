#include "support/fake_engine.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <iterator>

namespace berth::test {

using namespace berth::runtime;

struct FakeContainerState {
  UniqueFd ours{};    // the client's end of the stream
  UniqueFd theirs{};  // the container's
  UniqueFd exited{::eventfd(0, EFD_CLOEXEC)};
  std::mutex mutex{};
  std::condition_variable changed{};
  std::deque<std::string> signals{};
  bool running = false;
  bool reported = false;
  bool killed = false;
  Result<ExitStatus> status = ExitStatus{};

  void report(Result<ExitStatus> how) {
    const std::lock_guard lock(mutex);
    if (reported) {
      return;
    }
    reported = true;
    running = false;
    status = std::move(how);
    const std::uint64_t one = 1;
    static_cast<void>(::write(exited.get(), &one, sizeof(one)));
    changed.notify_all();
  }
};

namespace {

class FakeStream : public AttachedStream {
 public:
  explicit FakeStream(UniqueFd fd) : fd_(std::move(fd)) {}
  int poll_fd() const override { return fd_.get(); }
  Result<ReadResult> read(std::span<std::byte> buffer) override {
    const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0) {
      return ReadResult{ReadState::data, static_cast<std::size_t>(count)};
    }
    if (count == 0) {
      return ReadResult{ReadState::end, 0};
    }
    if (errno == EAGAIN) {
      return ReadResult{ReadState::would_block, 0};
    }
    return fail(Errc::engine_failed, "the stream broke");
  }
  Result<std::size_t> write(std::span<const std::byte> bytes) override {
    const ssize_t count =
        ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      return static_cast<std::size_t>(count);
    }
    if (errno == EAGAIN) {
      return std::size_t{0};
    }
    return fail(Errc::engine_failed, "the stream broke");
  }
  Result<void> close_write() override {
    ::shutdown(fd_.get(), SHUT_WR);
    return {};
  }

 private:
  UniqueFd fd_;
};

class FakeExit : public PendingExit {
 public:
  explicit FakeExit(std::shared_ptr<FakeContainerState> state) : state_(std::move(state)) {}
  int poll_fd() const override { return state_->exited.get(); }
  Result<ExitStatus> get() override {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [this] { return state_->reported; });
    return state_->status;
  }

 private:
  std::shared_ptr<FakeContainerState> state_;
};

// AutoRemove has done its work with the exit, or never does.
class FakeRemoval : public PendingExit {
 public:
  FakeRemoval(std::shared_ptr<FakeContainerState> state, bool comes, std::function<void()> on_gone)
      : state_(std::move(state)), comes_(comes), on_gone_(std::move(on_gone)) {}
  int poll_fd() const override { return comes_ ? state_->exited.get() : never_.get(); }
  Result<ExitStatus> get() override {
    Result<ExitStatus> status = [this] {
      const std::lock_guard lock(state_->mutex);
      return state_->status;
    }();
    if (status) {
      on_gone_();
    }
    return status;
  }

 private:
  std::shared_ptr<FakeContainerState> state_;
  bool comes_;
  std::function<void()> on_gone_;
  UniqueFd never_{::eventfd(0, EFD_CLOEXEC)};
};

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) {
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

void FakeContainer::frame(char stream, std::string_view bytes) {
  const std::size_t size = bytes.size();
  const std::array<char, 8> header = {stream,
                                      0,
                                      0,
                                      0,
                                      static_cast<char>((size >> 24) & 0xff),
                                      static_cast<char>((size >> 16) & 0xff),
                                      static_cast<char>((size >> 8) & 0xff),
                                      static_cast<char>(size & 0xff)};
  raw({header.data(), header.size()});
  raw(bytes);
}

void FakeContainer::out(std::string_view bytes) {
  frame(1, bytes);
}
void FakeContainer::err(std::string_view bytes) {
  frame(2, bytes);
}
void FakeContainer::raw(std::string_view bytes) {
  send_all(state_->theirs.get(), bytes);
}

std::string FakeContainer::input() {
  std::string all;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t count = ::recv(state_->theirs.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) {
      return all;
    }
    all.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::string FakeContainer::next_signal() {
  std::unique_lock lock(state_->mutex);
  const bool came = state_->changed.wait_for(lock, std::chrono::seconds(10), [this] {
    return !state_->signals.empty() || state_->killed;
  });
  if (!came || state_->signals.empty()) {
    return {};
  }
  std::string signal = state_->signals.front();
  state_->signals.pop_front();
  return signal;
}

void FakeContainer::end_output() {
  ::shutdown(state_->theirs.get(), SHUT_RDWR);
}
void FakeContainer::report_exit(int code) {
  state_->report(ExitStatus{code, {}});
}
void FakeContainer::break_wait() {
  state_->report(fail(Errc::engine_unreachable, "the engine went away"));
}
bool FakeContainer::killed() const {
  const std::lock_guard lock(state_->mutex);
  return state_->killed;
}

void FakeContainer::exit(int code) {
  end_output();
  report_exit(code);
}

namespace {

std::shared_ptr<FakeContainerState> connected_state() {
  std::shared_ptr<FakeContainerState> state = std::make_shared<FakeContainerState>();
  std::array<int, 2> ends{-1, -1};
  static_cast<void>(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()));
  state->ours.reset(ends[0]);
  state->theirs.reset(ends[1]);
  return state;
}

}  // namespace

FakeEngine::FakeEngine(std::function<void(FakeContainer&)> command)
    : command_(std::move(command)), state_(connected_state()), exec_state_(connected_state()) {}

FakeEngine::~FakeEngine() {
  static_cast<void>(remove("", true));
  ::shutdown(exec_state_->theirs.get(), SHUT_RDWR);
  for (std::thread* thread : {&thread_, &exec_thread_}) {
    if (thread->joinable()) {
      thread->join();
    }
  }
}

Result<void> FakeEngine::record(const std::string& call) {
  if (before_call) {
    before_call(call);
  }
  const std::lock_guard lock(mutex_);
  calls_.push_back(call);
  const auto failure = failures.find(call.substr(0, call.find(' ')));
  if (failure != failures.end()) {
    return fail(failure->second);
  }
  return {};
}

std::vector<std::string> FakeEngine::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::size_t FakeEngine::count(const std::string& call) const {
  const std::vector<std::string> made = calls();
  return static_cast<std::size_t>(std::count(made.begin(), made.end(), call));
}

bool FakeEngine::leaves_something_behind() const {
  const std::lock_guard lock(mutex_);
  return !containers_.empty() || !images_.empty();
}

Result<EngineFacts> FakeEngine::facts() {
  return engine_facts;
}

Result<EngineDetails> FakeEngine::details() {
  return EngineDetails{};
}

Result<std::optional<ImageFacts>> FakeEngine::inspect_image(const std::string&) {
  return std::optional<ImageFacts>{};
}

Result<void> FakeEngine::pull(const std::string&, const std::string&, const PullObserver&,
                              std::stop_token) {
  return record("pull");
}

bool FakeEngine::has_ended() const {
  const std::lock_guard lock(state_->mutex);
  return state_->reported;
}

Result<CreatedContainer> FakeEngine::create(const ContainerSpec& spec) {
  BERTH_CHECK(record("create"));
  const bool never_started = !thread_.joinable() && !specs_.empty();
  if (never_started || (thread_.joinable() && has_ended())) {  // a second container begins anew
    if (thread_.joinable()) {
      thread_.join();
    }
    state_ = connected_state();
  }
  const std::lock_guard lock(mutex_);
  specs_.push_back(spec);
  const std::string id = "container-" + std::to_string(specs_.size());
  containers_.insert(id);
  return CreatedContainer{id, {}};
}

Result<std::unique_ptr<AttachedStream>> FakeEngine::attach(const std::string&,
                                                           const AttachOptions&) {
  BERTH_CHECK(record("attach"));
  return std::make_unique<FakeStream>(std::move(state_->ours));
}

Result<std::unique_ptr<PendingExit>> FakeEngine::wait(const std::string& id,
                                                      WaitCondition condition) {
  if (condition == WaitCondition::removed) {
    BERTH_CHECK(record("wait removed"));
    return std::make_unique<FakeRemoval>(state_, gone_after_exit, [this, id] {
      const std::lock_guard lock(mutex_);
      containers_.erase(id);
    });
  }
  BERTH_CHECK(record("wait"));
  return std::make_unique<FakeExit>(state_);
}

Result<void> FakeEngine::start(const std::string&) {
  BERTH_CHECK(record("start"));
  {
    const std::lock_guard lock(state_->mutex);
    state_->running = true;
  }
  if (command_) {
    thread_ = std::thread([command = command_, state = state_] {
      FakeContainer container(state);
      command(container);
    });
  }
  return {};
}

Result<void> FakeEngine::resize(const std::string&, ContainerSpec::ConsoleSize size) {
  return record("resize " + std::to_string(size.rows) + "x" + std::to_string(size.columns));
}

Result<void> FakeEngine::kill(const std::string&, const std::string& signal) {
  BERTH_CHECK(record("kill " + signal));
  {
    const std::lock_guard lock(state_->mutex);
    state_->signals.push_back(signal);
    state_->changed.notify_all();
  }
  if (signal == "KILL" && dies_by_kill) {
    ::shutdown(state_->theirs.get(), SHUT_RDWR);
    state_->report(ExitStatus{137, {}});
  }
  return {};
}

Result<void> FakeEngine::remove(const std::string& id, bool force) {
  if (!id.empty()) {
    BERTH_CHECK(record(force ? "remove force" : "remove"));
  }
  {
    const std::lock_guard lock(state_->mutex);
    state_->killed = true;
    state_->changed.notify_all();
  }
  ::shutdown(state_->theirs.get(), SHUT_RDWR);
  state_->report(ExitStatus{137, {}});
  const std::lock_guard lock(mutex_);
  containers_.erase(id);
  return {};
}

Result<std::optional<ContainerState>> FakeEngine::inspect_container(const std::string& id) {
  BERTH_CHECK(record("inspect"));
  const std::lock_guard lock(mutex_);
  if (const auto found = states.find(id); found != states.end()) {
    return found->second;
  }
  const std::lock_guard container_lock(state_->mutex);
  if (containers_.count(id) == 0) {
    return std::optional<ContainerState>{};
  }
  const int code = state_->reported && state_->status ? state_->status->code : 0;
  ContainerState state{state_->running, code, oom_killed, {}};
  if (state_->reported && gone_after_exit) {
    containers_.erase(id);  // this answer is its last
  }
  return std::optional<ContainerState>{state};
}

Result<std::optional<std::string>> FakeEngine::inspect_raw(const std::string& id) {
  BERTH_CHECK(record("inspect_raw"));
  if (states.count(id) == 0) {
    return std::optional<std::string>{};
  }
  return std::optional<std::string>("{\"Id\":\"" + id + "\"}");
}

Result<std::vector<ContainerSummary>> FakeEngine::list_containers(
    const std::vector<std::string>& labels, bool all) {
  BERTH_CHECK(record(all ? "list all" : "list"));
  std::vector<ContainerSummary> found;
  std::copy_if(
      summaries.begin(), summaries.end(), std::back_inserter(found),
      [&](const ContainerSummary& row) {
        return (all || row.state == "running") &&
               std::all_of(labels.begin(), labels.end(), [&row](const std::string& label) {
                 const std::size_t equals = label.find('=');
                 const auto value = row.labels.find(label.substr(0, equals));
                 return value != row.labels.end() &&
                        (equals == std::string::npos || value->second == label.substr(equals + 1));
               });
      });
  return found;
}

Result<std::unique_ptr<AttachedStream>> FakeEngine::logs(const std::string& id, const LogOptions&) {
  BERTH_CHECK(record("logs"));
  const std::shared_ptr<FakeContainerState> kept = connected_state();
  send_all(kept->theirs.get(), kept_output[id]);
  kept->theirs.reset();
  return std::make_unique<FakeStream>(std::move(kept->ours));
}

Result<void> FakeEngine::stop(const std::string& id, std::optional<std::string> signal,
                              std::optional<std::chrono::seconds> grace) {
  BERTH_CHECK(record("stop " + signal.value_or("-") + " " +
                     (grace ? std::to_string(grace->count()) : "-")));
  if (const auto found = states.find(id); found != states.end()) {
    found->second.running = false;
    return {};
  }
  return kill(id, "KILL");
}

Result<std::optional<ContainerStats>> FakeEngine::stats(const std::string& id) {
  BERTH_CHECK(record("stats"));
  const auto found = statistics.find(id);
  return found == statistics.end() ? std::optional<ContainerStats>() : found->second;
}

Result<std::string> FakeEngine::create_exec(const std::string&, const ExecSpec& spec) {
  BERTH_CHECK(record("create_exec"));
  const std::lock_guard lock(mutex_);
  exec_specs_.push_back(spec);
  return "exec-" + std::to_string(exec_specs_.size());
}

Result<std::unique_ptr<AttachedStream>> FakeEngine::start_exec(const std::string&, bool) {
  BERTH_CHECK(record("start_exec"));
  {
    const std::lock_guard lock(exec_state_->mutex);
    exec_state_->running = true;
  }
  if (exec_command) {
    exec_thread_ = std::thread([command = exec_command, state = exec_state_] {
      FakeContainer container(state);
      command(container);
    });
  }
  return std::make_unique<FakeStream>(std::move(exec_state_->ours));
}

Result<ExecState> FakeEngine::inspect_exec(const std::string&) {
  BERTH_CHECK(record("inspect_exec"));
  const std::lock_guard lock(exec_state_->mutex);
  const int code = exec_state_->reported && exec_state_->status ? exec_state_->status->code : 0;
  return ExecState{exec_state_->running, code, 0};
}

Result<void> FakeEngine::resize_exec(const std::string&, ContainerSpec::ConsoleSize size) {
  return record("resize_exec " + std::to_string(size.rows) + "x" + std::to_string(size.columns));
}

Result<std::string> FakeEngine::import_image(const std::string&) {
  BERTH_CHECK(record("import"));
  const std::lock_guard lock(mutex_);
  images_.insert("sha256:empty");
  return std::string("sha256:empty");
}

Result<void> FakeEngine::remove_image(const std::string& id) {
  BERTH_CHECK(record("remove_image"));
  const std::lock_guard lock(mutex_);
  images_.erase(id);
  return {};
}

Result<std::string> FakeEngine::commit(const std::string&, const CommitSpec& spec) {
  BERTH_CHECK(record("commit " + spec.repository + ":" + spec.tag));
  const std::lock_guard lock(mutex_);
  images.push_back({.id = "sha256:" + spec.tag,
                    .names = {spec.repository + ":" + spec.tag},
                    .labels = spec.labels});
  return images.back().id;
}

Result<std::vector<ImageSummary>> FakeEngine::list_images(const std::vector<std::string>&) {
  BERTH_CHECK(record("list_images"));
  const std::lock_guard lock(mutex_);
  return images;
}

Result<std::optional<std::uint64_t>> FakeEngine::volume_bytes(const std::string& name) {
  BERTH_CHECK(record("volume_bytes " + name));
  return std::nullopt;
}

Result<void> FakeEngine::remove_volume(const std::string& name) {
  return record("remove_volume " + name);
}

FakeSignals::FakeSignals() {
  ::signal(SIGPIPE, SIG_IGN);  // as a SignalWatcher does
  std::array<int, 2> ends{-1, -1};
  static_cast<void>(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK));
  reading_.reset(ends[0]);
  writing_.reset(ends[1]);
}

void FakeSignals::send(int number) {
  const unsigned char byte = static_cast<unsigned char>(number);
  static_cast<void>(::write(writing_.get(), &byte, 1));
}

std::optional<int> FakeSignals::next() {
  unsigned char byte = 0;
  if (::read(reading_.get(), &byte, 1) == 1) {
    return byte;
  }
  return std::nullopt;
}

}  // namespace berth::test
