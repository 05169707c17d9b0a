#include "runtime/run_output.hpp"

#include <algorithm>
#include <array>

namespace berth::runtime {

using State = OutputPump::State;

RunOutput::RunOutput(const Connection& connection, bool tty, int output_fd, int error_fd,
                     std::size_t remembered) {
  const bool two = connection.error != nullptr;
  parts_.emplace_back(*connection.output, !tty && !two, output_fd, error_fd, remembered);
  if (two) {
    // Bare bytes go to a pump's first sink.
    parts_.emplace_back(*connection.error, false, error_fd, error_fd, remembered);
  }
}

Result<State> RunOutput::advance() {
  for (Part& part : parts_) {
    if (part.state != State::ended) {
      BERTH_TRY(part.state, part.pump.advance());
    }
  }
  for (const State state : {State::busy, State::sink, State::stream}) {
    if (std::any_of(parts_.begin(), parts_.end(),
                    [state](const Part& part) { return part.state == state; })) {
      return state;
    }
  }
  return State::ended;
}

void RunOutput::wait_on(std::vector<pollfd>& waiting) const {
  for (const Part& part : parts_) {
    if (part.state == State::stream) {
      waiting.push_back({part.stream->poll_fd(), POLLIN, 0});
    } else if (part.state == State::sink) {
      waiting.push_back({part.pump.sink().poll_fd(), POLLOUT, 0});
    }
  }
}

void RunOutput::replay(AttachedStream& stream) {
  Part& part = parts_.front();
  part.stream = &stream;
  part.state = State::busy;
  part.pump.replay(stream);
}

std::size_t RunOutput::total() const {
  std::size_t total = 0;
  for (const Part& part : parts_) {
    total += part.pump.total();
  }
  return total;
}

const OutputSink& RunOutput::standard_error() const {
  return parts_.size() > 1 ? parts_.back().pump.standard_output()
                           : parts_.front().pump.standard_error();
}

const OutputTail& RunOutput::tail(OutputStream stream) const {
  return parts_.size() > 1 && stream == OutputStream::standard_error
             ? parts_.back().pump.tail(OutputStream::standard_output)
             : parts_.front().pump.tail(stream);
}

}  // namespace berth::runtime
