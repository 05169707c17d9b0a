// read_logs(): the kept output of one run or several, in the order of arrival, until all of it is
// read.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/stream_frames.hpp"

namespace berth::runtime {

struct LogSource {
  std::unique_ptr<AttachedStream> stream{};
  bool framed = true;  // false: of a container with a terminal, whose output is one stream
};

struct LogReader {
  // A piece of the log of that number, never empty. An error ends the reading and is its result.
  std::function<Result<void>(std::size_t source, OutputStream, std::span<const std::byte>)>
      on_piece{};
  // The end of one; with an error where the engine broke off.
  std::function<void(std::size_t source, const Result<void>&)> on_end{};
};

enum class LogEnd {
  complete,
  nobody_reads,  // `watched_fd` is a pipe whose reader has gone: noticed also where no output comes
};

// Blocks. One read at a time is held: a slow reader slows the engine down.
Result<LogEnd> read_logs(std::vector<LogSource>& sources, int watched_fd, const LogReader& reader);

}  // namespace berth::runtime
