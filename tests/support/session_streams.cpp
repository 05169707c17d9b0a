#include "support/session_streams.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>

namespace berth::test {

namespace {

struct Pipe {
  UniqueFd reading;
  UniqueFd writing;
};

Pipe make_pipe() {
  std::array<int, 2> ends{-1, -1};
  static_cast<void>(::pipe2(ends.data(), O_CLOEXEC));
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count <= 0) {
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void read_all(UniqueFd& fd, std::string& text, std::size_t limit, bool slow) {
  std::array<char, 65536> buffer{};
  while (text.size() < limit) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count <= 0) {
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (slow) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  fd.reset();
}

}  // namespace

SessionStreams::SessionStreams() {
  Pipe input = make_pipe();
  input_ = std::move(input.reading);
  input_writer_ = std::move(input.writing);
  Pipe output = make_pipe();
  output_ = std::move(output.writing);
  output_reader_ = std::move(output.reading);
  Pipe error = make_pipe();
  error_ = std::move(error.writing);
  error_reader_ = std::move(error.reading);
}

SessionStreams::~SessionStreams() {
  input_.reset();
  finish();
  if (feeder_.joinable()) {
    feeder_.join();
  }
}

runtime::SessionOptions SessionStreams::options() {
  output_thread_ = std::thread([this] { read_all(output_reader_, output_text_, limit_, slow_); });
  error_thread_ =
      std::thread([this] { read_all(error_reader_, error_text_, std::string::npos, slow_); });
  runtime::SessionOptions options;
  options.stdin_fd = input_.get();
  options.stdout_fd = output_.get();
  options.stderr_fd = error_.get();
  return options;
}

void SessionStreams::feed_pipe(std::string text) {
  feeder_ = std::thread([this, text = std::move(text)] {
    write_all(input_writer_.get(), text);
    input_writer_.reset();
  });
}

void SessionStreams::feed_file(const std::string& text) {
  std::FILE* file = std::tmpfile();
  input_.reset(::dup(::fileno(file)));
  std::fclose(file);
  write_all(input_.get(), text);
  ::lseek(input_.get(), 0, SEEK_SET);
}

void SessionStreams::finish() {
  output_.reset();
  error_.reset();
  if (output_thread_.joinable()) {
    output_thread_.join();
  }
  if (error_thread_.joinable()) {
    error_thread_.join();
  }
}

std::string SessionStreams::standard_output() {
  finish();
  return output_text_;
}

std::string SessionStreams::standard_error() {
  finish();
  return error_text_;
}

std::string SessionStreams::rest_of_input() {
  std::string text;
  read_all(input_, text, std::string::npos, false);
  return text;
}

SessionTerminal::SessionTerminal(unsigned short rows, unsigned short columns) {
  master_.reset(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ::grantpt(master_.get());
  ::unlockpt(master_.get());
  std::array<char, 128> name{};
  ::ptsname_r(master_.get(), name.data(), name.size());
  terminal_.reset(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  set_size(rows, columns);
}

runtime::SessionOptions SessionTerminal::options() const {
  runtime::SessionOptions options;
  options.stdin_fd = terminal_.get();
  options.stdout_fd = terminal_.get();
  options.stderr_fd = terminal_.get();
  return options;
}

void SessionTerminal::set_size(unsigned short rows, unsigned short columns) {
  winsize size{};
  size.ws_row = rows;
  size.ws_col = columns;
  ::ioctl(terminal_.get(), TIOCSWINSZ, &size);
}

void SessionTerminal::type(const std::string& text) {
  write_all(master_.get(), text);
}

bool SessionTerminal::read_until(const std::string& text) {
  std::string seen;
  std::array<char, 4096> buffer{};
  while (seen.find(text) == std::string::npos) {
    pollfd waiting{master_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 10'000) <= 0) {
      return false;
    }
    const ssize_t count = ::read(master_.get(), buffer.data(), buffer.size());
    if (count <= 0) {
      return false;
    }
    seen.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return true;
}

bool SessionTerminal::is_raw() const {
  termios settings{};
  ::tcgetattr(terminal_.get(), &settings);
  return (settings.c_lflag & ICANON) == 0;
}

}  // namespace berth::test
