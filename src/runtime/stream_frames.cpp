// A state machine over header and payload: see the header for the format and its source.
#include "berth/runtime/stream_frames.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "runtime/excerpt.hpp"

namespace berth::runtime {

namespace {

// As much of an engine's error as anybody reads.
constexpr std::size_t kLongestErrorText = 64u << 10;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Result<std::optional<FrameDemultiplexer::Piece>> FrameDemultiplexer::next() {
  while (!input_.empty()) {
    if (target_ == Target::broken) {
      return protocol_error();
    }
    if (target_ == Target::engine_error && remaining_ == 0) {
      return engine_error();
    }
    if (remaining_ == 0) {
      const std::size_t count = std::min(kHeaderSize - header_size_, input_.size());
      std::copy_n(input_.begin(), count,
                  header_.begin() + static_cast<std::ptrdiff_t>(header_size_));
      header_size_ += count;
      input_ = input_.subspan(count);
      if (header_size_ == kHeaderSize) {
        BERTH_CHECK(begin_frame());
      }
      continue;
    }
    const std::span<const std::byte> bytes =
        input_.first(std::min<std::size_t>(remaining_, input_.size()));
    input_ = input_.subspan(bytes.size());
    remaining_ -= static_cast<std::uint32_t>(bytes.size());
    if (target_ == Target::engine_error) {
      const std::size_t space = kLongestErrorText - error_text_.size();
      error_text_ += as_text(bytes.first(std::min(space, bytes.size())));
      if (remaining_ == 0) {
        return engine_error();
      }
      continue;
    }
    const OutputStream stream = target_ == Target::standard_error ? OutputStream::standard_error
                                                                  : OutputStream::standard_output;
    return Piece{stream, bytes};
  }
  return std::nullopt;
}

Result<void> FrameDemultiplexer::finish() const {
  if (target_ == Target::engine_error) {
    return engine_error();
  }
  return {};
}

Result<void> FrameDemultiplexer::begin_frame() {
  remaining_ = 0;
  for (std::size_t i = 4; i < kHeaderSize; ++i) {
    remaining_ = (remaining_ << 8) | std::to_integer<std::uint32_t>(header_[i]);
  }
  const bool padded = std::all_of(header_.begin() + 1, header_.begin() + 4,
                                  [](std::byte b) { return b == std::byte{0}; });
  const unsigned type = std::to_integer<unsigned>(header_[0]);
  if (!padded || type > 3) {
    target_ = Target::broken;
    return protocol_error();
  }
  header_size_ = 0;
  // 0 is standard input, which is never sent to us; docker's own client writes it to standard
  // output.
  target_ = type == 3   ? Target::engine_error
            : type == 2 ? Target::standard_error
                        : Target::standard_output;
  if (target_ == Target::engine_error && remaining_ == 0) {
    return engine_error();
  }
  return {};
}

Failure FrameDemultiplexer::engine_error() const {
  return fail(Error{Errc::engine_failed, "the engine broke off the container's output"}
                  .note("the engine says: " + excerpt(error_text_))
                  .named("stream-error"));
}

Failure FrameDemultiplexer::protocol_error() const {
  return fail(Error{Errc::engine_failed, "the container's output is not in the engine's framing"}
                  .note(fmt::format(
                      "expected a frame header (stream 0 to 3, three zero bytes, length), got "
                      "`{}`",
                      excerpt(as_text(header_))))
                  .named("stream-protocol"));
}

}  // namespace berth::runtime
