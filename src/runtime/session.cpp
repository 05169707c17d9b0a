// run_attached(): create, attach, wait, start, then the loop of AttachedRun; and no container left
// behind on any path.
#include "berth/runtime/session.hpp"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "berth/runtime/gpu_support.hpp"
#include "runtime/attached_run.hpp"

namespace berth::runtime {

namespace {

using std::chrono::milliseconds;

// Waits while the engine removes a container by itself (AutoRemove), then sees to it: Docker
// refuses a removal that is already under way, and an engine may have been restarted in between.
void make_sure_it_is_gone(Engine& engine, const std::string& id, milliseconds limit) {
  constexpr milliseconds kFirstPause{5};
  constexpr milliseconds kLongestPause{100};
  milliseconds waited{0};
  for (milliseconds pause = kFirstPause; waited < limit;
       pause = std::min(pause * 2, kLongestPause)) {
    const Result<std::optional<ContainerState>> state = engine.inspect_container(id);
    if (!state || !state->has_value()) {
      return;
    }
    std::this_thread::sleep_for(pause);
    waited += pause;
  }
  static_cast<void>(engine.remove(id, true));
}

// Removes the container when it goes out of scope.
class ContainerGuard {
 public:
  ContainerGuard(Engine& engine, std::string id, milliseconds removal_limit)
      : engine_(engine), id_(std::move(id)), removal_limit_(removal_limit) {}
  ContainerGuard(const ContainerGuard&) = delete;
  ContainerGuard& operator=(const ContainerGuard&) = delete;
  ~ContainerGuard() {
    if (!released_ && !engine_.remove(id_, true)) {
      make_sure_it_is_gone(engine_, id_, removal_limit_);
    }
  }
  void release() { released_ = true; }

 private:
  Engine& engine_;
  std::string id_;
  milliseconds removal_limit_;
  bool released_ = false;
};

// A signal that asked to end before there was anything to pass it on to.
Result<void> check_interrupt(SignalSource& signals) {
  while (const std::optional<int> number = signals.next()) {
    if (is_terminating(*number)) {
      return fail(interrupted_by(*number));
    }
  }
  return {};
}

void tell_warnings(const CreatedContainer& container, const SessionOptions& options) {
  for (const std::string& warning : container.warnings) {
    if (options.on_notice) {
      options.on_notice("the engine warns: " + warning);
    }
  }
}

}  // namespace

Result<SessionOutcome> run_attached(Engine& engine, const ContainerSpec& spec,
                                    const SessionOptions& options, SignalSource& signals) {
  BERTH_CHECK(check_interrupt(signals));
  BERTH_TRY(const CreatedContainer container, engine.create(spec));
  ContainerGuard guard(engine, container.id, options.removal_limit);
  tell_warnings(container, options);
  BERTH_CHECK(check_interrupt(signals));

  // Both before start, so that neither the first byte nor a quick exit is missed.
  Result<std::unique_ptr<AttachedStream>> stream =
      engine.attach(container.id, {spec.open_stdin, true, true});
  if (!stream) {
    return fail(explained_gpu_failure(std::move(stream).error()));
  }
  BERTH_TRY(std::unique_ptr<PendingExit> pending_exit,
            engine.wait(container.id, WaitCondition::next_exit));
  BERTH_CHECK(check_interrupt(signals));
  if (Result<void> started = engine.start(container.id); !started) {
    return fail(explained_gpu_failure(std::move(started).error()));
  }
  signals.hand_over();
  if (options.on_started) {
    options.on_started(container.id);
  }

  AttachedRun run(engine, spec, options, signals, container.id, std::move(*stream),
                  std::move(pending_exit));
  Result<SessionOutcome> outcome = run.run();
  if (outcome && outcome->cause == SessionOutcome::Cause::detached) {
    guard.release();
  } else if (outcome && outcome->cause != SessionOutcome::Cause::stopped) {
    guard.release();
    if (spec.auto_remove) {
      make_sure_it_is_gone(engine, container.id, options.removal_limit);
    }
  }
  return outcome;
}

}  // namespace berth::runtime
