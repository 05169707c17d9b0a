#include "berth/runtime/log_reader.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

namespace berth::runtime {

namespace {

constexpr std::size_t kReadSize = 64u << 10;

// One log on its way.
class Reading {
 public:
  Reading(LogSource& source, std::size_t number) : source_(source), number_(number) {}

  int fd() const { return source_.stream->poll_fd(); }
  bool ended() const { return ended_; }

  // What has arrived by now. The reader's errors are returned, the stream's end it.
  Result<void> advance(const LogReader& reader) {
    std::vector<std::byte> buffer(kReadSize);
    const Result<AttachedStream::ReadResult> read = source_.stream->read(buffer);
    if (!read) {
      end(reader, fail(read.error()));
      return {};
    }
    if (read->state == AttachedStream::ReadState::end) {
      end(reader, source_.framed ? frames_.finish() : Result<void>());
      return {};
    }
    if (read->state == AttachedStream::ReadState::would_block) {
      return {};
    }
    const std::span<const std::byte> bytes(buffer.data(), read->count);
    return source_.framed ? take_frames(bytes, reader)
                          : reader.on_piece(number_, OutputStream::standard_output, bytes);
  }

 private:
  Result<void> take_frames(std::span<const std::byte> bytes, const LogReader& reader) {
    frames_.feed(bytes);
    while (true) {
      const Result<std::optional<FrameDemultiplexer::Piece>> piece = frames_.next();
      if (!piece) {
        end(reader, fail(piece.error()));
        return {};
      }
      if (!piece->has_value()) {
        return {};
      }
      BERTH_CHECK(reader.on_piece(number_, (*piece)->stream, (*piece)->bytes));
    }
  }

  void end(const LogReader& reader, const Result<void>& how) {
    ended_ = true;
    reader.on_end(number_, how);
  }

  LogSource& source_;
  std::size_t number_;
  FrameDemultiplexer frames_{};
  bool ended_ = false;
};

// The reader of a pipe has gone, or the other side of a socket or terminal. Of a file there is no
// such thing.
bool nobody_reads(const pollfd& watched) {
  return (watched.revents & POLLERR) != 0;
}

}  // namespace

Result<LogEnd> read_logs(std::vector<LogSource>& sources, int watched_fd, const LogReader& reader) {
  std::vector<Reading> readings;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    readings.emplace_back(sources[i], i);
  }
  while (true) {
    std::vector<pollfd> waiting{{watched_fd, 0, 0}};
    for (Reading& reading : readings) {
      if (!reading.ended()) {
        // Bytes may be waiting in the stream's own buffer, which poll(2) does not see.
        BERTH_CHECK(reading.advance(reader));
      }
      if (!reading.ended()) {
        waiting.push_back({reading.fd(), POLLIN, 0});
      }
    }
    if (waiting.size() == 1) {
      return LogEnd::complete;
    }
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
      return fail(Errc::io, "cannot wait for the log: " +
                                std::error_code(errno, std::generic_category()).message());
    }
    if (nobody_reads(waiting.front())) {
      return LogEnd::nobody_reads;
    }
  }
}

}  // namespace berth::runtime
