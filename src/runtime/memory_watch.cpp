#include "runtime/memory_watch.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace berth::runtime {

namespace {

using std::chrono::milliseconds;

// Often at first, so that short runs are seen, then rarely: a look costs the engine some
// milliseconds, and would meet the shortest runs just at their end.
constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{5'000};

}  // namespace

MemoryWatch::MemoryWatch(Engine& engine, std::string container_id)
    : engine_(engine), container_id_(std::move(container_id)) {
  thread_ = std::thread([this] { watch(); });
}

MemoryWatch::~MemoryWatch() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void MemoryWatch::watch() {
  milliseconds pause = kFirstPause;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, pause, [this] { return done_; })) {
    lock.unlock();
    const Result<std::optional<ContainerStats>> stats = engine_.stats(container_id_);
    lock.lock();
    if (!stats || !stats->has_value()) {
      pause = kLongestPause;
      continue;
    }
    const std::uint64_t seen = std::max((*stats)->memory_peak, (*stats)->memory_bytes);
    peak_ = std::max(peak_.value_or(0), seen);
    pause = std::min(pause * 2, kLongestPause);
  }
}

std::optional<std::uint64_t> MemoryWatch::peak() const {
  const std::lock_guard lock(mutex_);
  return peak_;
}

}  // namespace berth::runtime
