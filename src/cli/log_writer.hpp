// Where the logs of runs go: byte for byte to our own two streams, or as lines of JSON.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/stream_frames.hpp"
#include "cli/run_selection.hpp"

namespace berth::cli {

// Writes all of it, waiting where nothing fits. Errc::io; where nobody reads any more the error's
// id is `output-closed`.
Result<void> write_fully(int fd, std::span<const std::byte> bytes);

class LogWriter {
 public:
  virtual ~LogWriter() = default;
  virtual Result<void> piece(std::size_t run, runtime::OutputStream stream,
                             std::span<const std::byte> bytes) = 0;
  // After the last piece of a run.
  virtual Result<void> end(std::size_t run) = 0;
};

// Standard output to `out`, standard error to `err`, unchanged. Of several runs the heading
// `==> NAME <==` stands wherever the run changes, as in tail(1).
class PlainLogWriter : public LogWriter {
 public:
  PlainLogWriter(std::vector<std::string> titles, int out, int err)
      : titles_(std::move(titles)), out_(out), err_(err) {}
  Result<void> piece(std::size_t run, runtime::OutputStream stream,
                     std::span<const std::byte> bytes) override;
  Result<void> end(std::size_t) override { return {}; }

 private:
  std::vector<std::string> titles_;
  int out_;
  int err_;
  std::optional<std::size_t> last_{};
};

// A JSON object on a line of its own for each line of output: run, id, stream, text without its
// newline, time where `timestamps` says that lines begin with one. What is not UTF-8 becomes
// U+FFFD; a line of more than 1 MiB comes in parts.
class JsonLogWriter : public LogWriter {
 public:
  JsonLogWriter(std::vector<Run> runs, bool timestamps, int out)
      : runs_(std::move(runs)), timestamps_(timestamps), out_(out), parts_(runs_.size()) {}
  Result<void> piece(std::size_t run, runtime::OutputStream stream,
                     std::span<const std::byte> bytes) override;
  Result<void> end(std::size_t run) override;

 private:
  Result<void> line(std::size_t run, runtime::OutputStream stream, std::string_view text);

  std::vector<Run> runs_;
  bool timestamps_;
  int out_;
  std::vector<std::array<std::string, 2>> parts_;  // of lines that have not ended, by stream
};

}  // namespace berth::cli
