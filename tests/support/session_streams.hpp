// The caller's side of a session: pipes or a pseudo-terminal in place of berth's own standard
// streams.
#pragma once

#include <string>
#include <thread>

#include "berth/base/file.hpp"
#include "berth/runtime/session.hpp"

namespace berth::test {

// Standard output and error are pipes that a thread of their own reads to the end; standard input
// is a pipe that stays open and silent unless fed.
class SessionStreams {
 public:
  SessionStreams();
  ~SessionStreams();

  runtime::SessionOptions options();

  void feed_pipe(std::string text);  // and closes it
  void feed_file(const std::string& text);
  void read_slowly() { slow_ = true; }
  // Closes the reading end of standard output (after `bytes` have been read).
  void stop_reading_after(std::size_t bytes) { limit_ = bytes; }

  // All that came; to be asked after the run.
  std::string standard_output();
  std::string standard_error();
  std::string rest_of_input();

 private:
  void finish();

  UniqueFd input_, input_writer_;
  UniqueFd output_, output_reader_;
  UniqueFd error_, error_reader_;
  std::string output_text_, error_text_;
  std::size_t limit_ = std::string::npos;
  bool slow_ = false;
  std::thread feeder_, output_thread_, error_thread_;
};

// A pseudo-terminal as standard input and output.
class SessionTerminal {
 public:
  SessionTerminal(unsigned short rows, unsigned short columns);
  runtime::SessionOptions options() const;
  void set_size(unsigned short rows, unsigned short columns);
  void type(const std::string& text);
  // Whether `text` appears within 10 s.
  bool read_until(const std::string& text);
  bool is_raw() const;

 private:
  UniqueFd master_, terminal_;
};

}  // namespace berth::test
