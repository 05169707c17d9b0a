// OutputTail: the last bytes of a stream, for what is said about it afterwards. Costs a copy of at
// most its size per piece, however long the stream is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace berth::runtime {

class OutputTail {
 public:
  explicit OutputTail(std::size_t size) : size_(size) {}

  void append(std::span<const std::byte> bytes) {
    total_ += bytes.size();
    const std::span<const std::byte> last = bytes.last(std::min(bytes.size(), size_));
    if (last.size() == size_) {
      text_.clear();
    } else if (text_.size() + last.size() > 2 * size_) {
      text_.erase(0, text_.size() + last.size() - size_);
    }
    text_.append(reinterpret_cast<const char*>(last.data()), last.size());
  }

  std::string_view text() const {
    const std::string_view all(text_);
    return all.size() > size_ ? all.substr(all.size() - size_) : all;
  }
  // Of the whole stream.
  std::uint64_t total() const { return total_; }

 private:
  std::size_t size_;
  std::uint64_t total_ = 0;
  std::string text_{};
};

}  // namespace berth::runtime
