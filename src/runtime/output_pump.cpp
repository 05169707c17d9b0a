// One read, its pieces, the next read; see the header for why not more at a time.
#include "runtime/output_pump.hpp"

#include <utility>

namespace berth::runtime {

namespace {

constexpr std::size_t kBufferSize = 256u << 10;
constexpr std::size_t kTurn = 4u << 20;  // bytes until signals and input are looked at again

}  // namespace

OutputPump::OutputPump(AttachedStream& stream, bool framed, int output_fd, int error_fd,
                       std::size_t remembered)
    : stream_(&stream),
      framed_(framed),
      lanes_{Lane{OutputSink(output_fd), OutputTail(remembered)},
             Lane{OutputSink(error_fd), OutputTail(remembered)}},
      lane_(lanes_.data()),
      buffer_(kBufferSize) {}

const OutputTail& OutputPump::tail(OutputStream stream) const {
  return lanes_[stream == OutputStream::standard_error ? 1 : 0].tail;
}

void OutputPump::replay(AttachedStream& stream) {
  stream_ = &stream;
  frames_ = FrameDemultiplexer();
  unframed_ = {};
  for (Lane& lane : lanes_) {
    lane.filter.emplace(lane.tail);
  }
}

void OutputPump::take(std::span<const std::byte> bytes) {
  piece_ = bytes;
  if (lane_->filter.has_value()) {
    const ReplayFilter::Fresh fresh = lane_->filter->pass(bytes);
    piece_ = fresh.held;
    follows_ = fresh.rest;
  }
  lane_->tail.append(piece_);
  lane_->tail.append(follows_);
}

// Whether there was one in what has been read.
Result<bool> OutputPump::take_next_piece() {
  if (!follows_.empty()) {
    piece_ = std::exchange(follows_, {});
    return true;
  }
  if (!framed_) {
    const std::span<const std::byte> bytes = std::exchange(unframed_, {});
    take(bytes);
    return !bytes.empty();
  }
  BERTH_TRY(const std::optional<FrameDemultiplexer::Piece> piece, frames_.next());
  if (!piece.has_value()) {
    return false;
  }
  lane_ = &lanes_[piece->stream == OutputStream::standard_error ? 1 : 0];
  take(piece->bytes);
  return true;
}

Result<OutputPump::State> OutputPump::advance() {
  const std::size_t turn_ends = total_ + kTurn;
  while (true) {
    while (!piece_.empty()) {
      const std::size_t written = lane_->sink.write(piece_);
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
    BERTH_TRY(const AttachedStream::ReadResult read, stream_->read(buffer_.all()));
    if (read.state == AttachedStream::ReadState::would_block) {
      return State::stream;
    }
    if (read.state == AttachedStream::ReadState::end) {
      BERTH_CHECK(frames_.finish());
      if (!frames_.at_boundary()) {
        return fail(Errc::engine_failed, "the output broke off in the middle of a frame");
      }
      return State::ended;
    }
    total_ += read.count;
    const std::span<const std::byte> bytes = buffer_.first(read.count);
    if (framed_) {
      frames_.feed(bytes);
    } else {
      unframed_ = bytes;
    }
  }
}

}  // namespace berth::runtime
