// RunOutput: all that a run prints, by one stream in frames or by two bare ones, each with a pump
// of its own: then a reader of standard output who takes his time does not hold up standard error.
#pragma once

#include <poll.h>

#include <cstddef>
#include <deque>
#include <vector>

#include "berth/base/result.hpp"
#include "runtime/attached_command.hpp"
#include "runtime/output_pump.hpp"

namespace berth::runtime {

class RunOutput {
 public:
  // The streams stay the connection's. `remembered` bytes of each stream's end are kept.
  RunOutput(const Connection& connection, bool tty, int output_fd, int error_fd,
            std::size_t remembered);

  // As OutputPump's, of both together: `sink` where one waits for our own output and none has more
  // to do at once.
  Result<OutputPump::State> advance();
  // What its pumps wait for, appended.
  void wait_on(std::vector<pollfd>& waiting) const;

  // Of a connection in one stream: see OutputPump::replay().
  void replay(AttachedStream& stream);

  // Bytes read so far.
  std::size_t total() const;
  const OutputSink& standard_output() const { return parts_.front().pump.standard_output(); }
  const OutputSink& standard_error() const;
  const OutputTail& tail(OutputStream stream) const;

 private:
  struct Part {
    Part(AttachedStream& source, bool framed, int output_fd, int error_fd, std::size_t remembered)
        : stream(&source), pump(source, framed, output_fd, error_fd, remembered) {}
    AttachedStream* stream;
    OutputPump pump;
    OutputPump::State state = OutputPump::State::busy;
  };

  std::deque<Part> parts_{};  // a pump stays where it is
};

}  // namespace berth::runtime
