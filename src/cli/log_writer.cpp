#include "cli/log_writer.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

namespace berth::cli {

namespace {

using runtime::OutputStream;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

}  // namespace

Result<void> write_fully(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {  // somebody who shares it made it so
      pollfd waiting{fd, POLLOUT, 0};
      ::poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      const int number = errno;
      Error error{Errc::io, "cannot write the log: " +
                                std::error_code(number, std::generic_category()).message()};
      return fail(number == EPIPE ? std::move(error).named("output-closed") : std::move(error));
    }
  }
  return {};
}

Result<void> PlainLogWriter::piece(std::size_t run, OutputStream stream,
                                   std::span<const std::byte> bytes) {
  if (titles_.size() > 1 && last_ != run) {
    const std::string heading = (last_ ? "\n==> " : "==> ") + titles_[run] + " <==\n";
    BERTH_CHECK(write_fully(out_, bytes_of(heading)));
    last_ = run;
  }
  return write_fully(stream == OutputStream::standard_output ? out_ : err_, bytes);
}

Result<void> JsonLogWriter::piece(std::size_t run, OutputStream stream,
                                  std::span<const std::byte> bytes) {
  constexpr std::size_t kLongest = 1u << 20;
  std::string& part = parts_[run][stream == OutputStream::standard_output ? 0 : 1];
  std::string_view left(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (!left.empty()) {
    const std::size_t newline = left.find('\n');
    const std::size_t taken = std::min(newline, left.size());
    part += left.substr(0, taken);
    left.remove_prefix(std::min(taken + 1, left.size()));
    if (newline != std::string_view::npos || part.size() >= kLongest) {
      BERTH_CHECK(line(run, stream, std::exchange(part, {})));
    }
  }
  return {};
}

Result<void> JsonLogWriter::end(std::size_t run) {
  for (const OutputStream stream : {OutputStream::standard_output, OutputStream::standard_error}) {
    std::string& part = parts_[run][stream == OutputStream::standard_output ? 0 : 1];
    if (!part.empty()) {
      BERTH_CHECK(line(run, stream, std::exchange(part, {})));
    }
  }
  return {};
}

Result<void> JsonLogWriter::line(std::size_t run, OutputStream stream, std::string_view text) {
  nlohmann::ordered_json object = {
      {"run", title_of(runs_[run])},
      {"id", runs_[run].id},
      {"stream", stream == OutputStream::standard_output ? "stdout" : "stderr"}};
  if (timestamps_) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    object["time"] = text.substr(0, blank);
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  object["text"] = text;
  return write_fully(
      out_, bytes_of(object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"));
}

}  // namespace berth::cli
