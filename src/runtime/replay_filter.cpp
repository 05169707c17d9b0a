#include "runtime/replay_filter.hpp"

#include <algorithm>

namespace berth::runtime {

ReplayFilter::ReplayFilter(const OutputTail& delivered)
    : unseen_(delivered.total() - delivered.text().size()), tail_(delivered.text()) {
  fresh_ = delivered.total() == 0;
}

ReplayFilter::Fresh ReplayFilter::pass(std::span<const std::byte> bytes) {
  held_.clear();
  const std::size_t passed_over =
      static_cast<std::size_t>(std::min<std::uint64_t>(unseen_, bytes.size()));
  unseen_ -= passed_over;
  bytes = bytes.subspan(passed_over);
  if (fresh_ || bytes.empty()) {
    return {{}, bytes};
  }
  const std::string_view replay(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string_view expected = std::string_view(tail_).substr(matched_);
  const std::size_t common = static_cast<std::size_t>(
      std::mismatch(replay.begin(), replay.end(), expected.begin(), expected.end()).first -
      replay.begin());
  matched_ += common;
  fresh_ = common < replay.size();
  if (!fresh_ || matched_ == tail_.size()) {
    return {{}, bytes.subspan(common)};
  }
  // They part in the middle of a line: it is another one from its beginning.
  const std::size_t newline = tail_.rfind('\n', matched_ == 0 ? 0 : matched_ - 1);
  const std::size_t line = newline == std::string::npos || matched_ == 0 ? 0 : newline + 1;
  held_ = tail_.substr(line, matched_ - line);
  return {std::as_bytes(std::span(held_)), bytes.subspan(common)};
}

}  // namespace berth::runtime
