// MemoryWatch: looks now and then at the memory of a running container, on a thread of its own,
// since an engine may take its time to answer. What it has seen is a lower bound, except where the
// kernel keeps the peak itself (cgroup v1).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "berth/runtime/engine.hpp"

namespace berth::runtime {

class MemoryWatch {
 public:
  MemoryWatch(Engine& engine, std::string container_id);
  ~MemoryWatch();
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  // Bytes; absent where there was no time for a look.
  std::optional<std::uint64_t> peak() const;

 private:
  void watch();

  Engine& engine_;
  const std::string container_id_;
  mutable std::mutex mutex_{};
  std::condition_variable wake_{};
  bool done_ = false;
  std::optional<std::uint64_t> peak_{};
  std::thread thread_{};  // last: it uses the others
};

}  // namespace berth::runtime
