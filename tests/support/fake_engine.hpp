// FakeEngine: an Engine in memory for tests of what uses one. It records every call, and its
// containers, one after the other, are a function of the test, run on a thread of its own from
// start() on.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "berth/base/file.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/signals.hpp"

namespace berth::test {

// What both sides of a fake container share.
struct FakeContainerState;

// The container's side: what the command in it does.
class FakeContainer {
 public:
  explicit FakeContainer(std::shared_ptr<FakeContainerState> state) : state_(std::move(state)) {}

  // Frames on standard output and standard error; raw() without frames, as with a terminal.
  void out(std::string_view bytes);
  void err(std::string_view bytes);
  void raw(std::string_view bytes);
  // All of standard input, to its end.
  std::string input();
  // The next signal; empty where none comes within 10 s.
  std::string next_signal();
  // Ends the output, and the container with it.
  void exit(int code);
  // Either half of exit().
  void end_output();
  void report_exit(int code);
  // As when the engine dies: the wait breaks off.
  void break_wait();
  bool killed() const;

 private:
  void frame(char stream, std::string_view bytes);
  std::shared_ptr<FakeContainerState> state_;
};

class FakeEngine : public runtime::Engine {
 public:
  explicit FakeEngine(std::function<void(FakeContainer&)> command = {});
  ~FakeEngine() override;

  // Set before the run: what fails, and with what.
  std::map<std::string, Error>
      failures{};  // by call: "create", "attach", "wait", "start", "resize", "create_exec", …
  std::function<void(const std::string& call)> before_call{};
  bool dies_by_kill = true;  // KILL ends the container with 137
  bool oom_killed = false;
  bool gone_after_exit = true;  // AutoRemove has done its work when anybody asks
  EngineFacts engine_facts{};
  // Containers that are there without having been made here: for the calls that look for some. Of
  // one that list_containers() names, inspect_container() answers with `states`.
  std::vector<runtime::ContainerSummary> summaries{};
  std::map<std::string, runtime::ContainerState> states{};      // by id
  std::map<std::string, runtime::ContainerStats> statistics{};  // by id
  std::map<std::string, std::string> kept_output{};             // by id, framed as an engine does
  std::vector<runtime::ImageSummary> images{};                  // those committed, too
  // The command of create_exec(), run like that of a container from start_exec() on.
  std::function<void(FakeContainer&)> exec_command{};

  // The calls so far: "create", "attach", "wait", "start", "kill TERM", "resize 24x80", "remove
  // force", …
  std::vector<std::string> calls() const;
  std::size_t count(const std::string& call) const;
  const std::vector<ContainerSpec>& specs() const { return specs_; }
  const std::vector<runtime::ExecSpec>& exec_specs() const { return exec_specs_; }
  bool leaves_something_behind() const;

  Result<EngineFacts> facts() override;
  Result<runtime::EngineDetails> details() override;
  Result<std::optional<runtime::ImageFacts>> inspect_image(const std::string& reference) override;
  Result<void> pull(const std::string& reference, const std::string& platform,
                    const runtime::PullObserver& observer, std::stop_token stop) override;
  Result<runtime::CreatedContainer> create(const ContainerSpec& spec) override;
  Result<std::unique_ptr<runtime::AttachedStream>> attach(
      const std::string& id, const runtime::AttachOptions& options) override;
  Result<std::unique_ptr<runtime::PendingExit>> wait(const std::string& id,
                                                     runtime::WaitCondition condition) override;
  Result<void> start(const std::string& id) override;
  Result<void> resize(const std::string& id, ContainerSpec::ConsoleSize size) override;
  Result<void> kill(const std::string& id, const std::string& signal) override;
  Result<void> remove(const std::string& id, bool force) override;
  Result<std::optional<runtime::ContainerState>> inspect_container(const std::string& id) override;
  Result<std::optional<std::string>> inspect_raw(const std::string& id) override;
  Result<std::vector<runtime::ContainerSummary>> list_containers(
      const std::vector<std::string>& labels, bool all) override;
  Result<std::unique_ptr<runtime::AttachedStream>> logs(
      const std::string& id, const runtime::LogOptions& options) override;
  Result<void> stop(const std::string& id, std::optional<std::string> signal,
                    std::optional<std::chrono::seconds> grace) override;
  Result<std::optional<runtime::ContainerStats>> stats(const std::string& id) override;
  Result<std::string> create_exec(const std::string& id, const runtime::ExecSpec& spec) override;
  Result<std::unique_ptr<runtime::AttachedStream>> start_exec(const std::string& exec_id,
                                                              bool tty) override;
  Result<runtime::ExecState> inspect_exec(const std::string& exec_id) override;
  Result<void> resize_exec(const std::string& exec_id, ContainerSpec::ConsoleSize size) override;
  Result<std::string> import_image(const std::string& archive) override;
  Result<void> remove_image(const std::string& id) override;
  // The id of the image is "sha256:" and the tag.
  Result<std::string> commit(const std::string& container,
                             const runtime::CommitSpec& spec) override;
  // `images`, whatever the labels.
  Result<std::vector<runtime::ImageSummary>> list_images(
      const std::vector<std::string>& labels) override;
  Result<std::optional<std::uint64_t>> volume_bytes(const std::string& name) override;
  Result<void> remove_volume(const std::string& name) override;

 private:
  Result<void> record(const std::string& call);
  bool has_ended() const;

  std::function<void(FakeContainer&)> command_;
  std::shared_ptr<FakeContainerState> state_;
  mutable std::mutex mutex_;
  std::vector<std::string> calls_{};
  std::vector<ContainerSpec> specs_{};
  std::set<std::string> containers_{};
  std::set<std::string> images_{};
  std::vector<runtime::ExecSpec> exec_specs_{};
  std::shared_ptr<FakeContainerState> exec_state_{};
  std::thread thread_{};
  std::thread exec_thread_{};
};

// Signals that a test sends, without any being raised.
class FakeSignals : public runtime::SignalSource {
 public:
  FakeSignals();
  void send(int number);
  bool handed_over() const { return handed_over_; }

  int poll_fd() const override { return reading_.get(); }
  std::optional<int> next() override;
  void hand_over() override { handed_over_ = true; }

 private:
  UniqueFd reading_{};
  UniqueFd writing_{};
  bool handed_over_ = false;
};

}  // namespace berth::test
