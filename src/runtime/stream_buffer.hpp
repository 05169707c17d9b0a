// What is read into from a stream: large, so that few calls are needed, and touched only as far as
// something comes. A vector would write zeros to all of it first, for the most silent of runs.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace berth::runtime {

class StreamBuffer {
 public:
  explicit StreamBuffer(std::size_t size)
      : bytes_(std::make_unique_for_overwrite<std::byte[]>(size)), size_(size) {}

  std::span<std::byte> all() { return {bytes_.get(), size_}; }
  std::span<const std::byte> first(std::size_t count) const { return {bytes_.get(), count}; }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_;
};

}  // namespace berth::runtime
