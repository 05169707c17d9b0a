// One read, its pieces, the next read; see the header for why not more at a time.
#include "runtime/output_pump.hpp"

#include <utility>

namespace berth::runtime {

namespace {

constexpr std::size_t kBufferSize = 256u << 10;
constexpr std::size_t kTurn = 4u << 20;  // bytes until signals and input are looked at again

}  // namespace

OutputPump::OutputPump(AttachedStream& stream, bool framed, OutputSink& standard_output,
                       OutputSink& standard_error)
    : stream_(stream),
      framed_(framed),
      standard_output_(standard_output),
      standard_error_(standard_error),
      buffer_(kBufferSize),
      sink_(&standard_output) {}

// Whether there was one in what has been read.
Result<bool> OutputPump::take_next_piece() {
  if (!framed_) {
    piece_ = std::exchange(unframed_, {});
    return !piece_.empty();
  }
  BERTH_TRY(const std::optional<FrameDemultiplexer::Piece> piece, frames_.next());
  if (!piece.has_value()) {
    return false;
  }
  piece_ = piece->bytes;
  sink_ = piece->stream == OutputStream::standard_error ? &standard_error_ : &standard_output_;
  return true;
}

Result<OutputPump::State> OutputPump::advance() {
  const std::size_t turn_ends = total_ + kTurn;
  while (true) {
    while (!piece_.empty()) {
      const std::size_t written = sink_->write(piece_);
      if (written == 0) {
        return State::sink;
      }
      piece_ = piece_.subspan(written);
    }
    BERTH_TRY(const bool found, take_next_piece());
    if (found) {
      continue;
    }
    if (total_ >= turn_ends) {
      return State::busy;
    }
    BERTH_TRY(const AttachedStream::ReadResult read, stream_.read(buffer_));
    if (read.state == AttachedStream::ReadState::would_block) {
      return State::stream;
    }
    if (read.state == AttachedStream::ReadState::end) {
      BERTH_CHECK(frames_.finish());
      return State::ended;
    }
    total_ += read.count;
    const std::span<const std::byte> bytes = std::span<const std::byte>(buffer_).first(read.count);
    if (framed_) {
      frames_.feed(bytes);
    } else {
      unframed_ = bytes;
    }
  }
}

}  // namespace berth::runtime
