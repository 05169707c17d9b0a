#include "runtime/container_job.hpp"

#include <poll.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>

namespace berth::runtime {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kGlance{200};  // between two looks at the stop token
constexpr std::size_t kBuffer = 64 * 1024;

class Conversation {
 public:
  Conversation(const ContainerJob& job, AttachedStream& stream) : job_(job), stream_(stream) {
    if (job.limit) {
      end_ = Clock::now() + *job.limit;
    }
  }

  // Input and output until the output ends.
  Result<void> run() {
    bool open = true;
    while (open) {
      BERTH_CHECK(write_some());
      BERTH_TRY(open, read_all_there_is());
      if (open) {
        BERTH_CHECK(wait_for(stream_.poll_fd(), writing_ ? POLLIN | POLLOUT : POLLIN,
                             "the end of the container's output"));
      }
    }
    return {};
  }

  Result<void> wait_for(int descriptor, int events, std::string_view what) const {
    return wait_for(descriptor, events, what, [] { return false; });
  }

  // Podman's wait misses an exit now and then: the container's state tells it then.
  Result<ExitStatus> exit_of(Engine& engine, PendingExit& exit) const {
    std::optional<ExitStatus> seen;
    int overdue = 0;
    const auto ended = [&] {
      constexpr int kOften = 10;  // glances without news
      if (++overdue % kOften != 0) {
        return false;
      }
      const Result<std::optional<ContainerState>> state = engine.inspect_container(job_.id);
      if (state && *state && !(*state)->running && overdue > kOften) {
        seen = ExitStatus{.code = (*state)->exit_code};
      }
      return seen.has_value();
    };
    BERTH_CHECK(wait_for(exit.poll_fd(), POLLIN, "the container's exit code", ended));
    return seen ? Result<ExitStatus>(*seen) : exit.get();
  }

 private:
  template <class Ready>
  Result<void> wait_for(int descriptor, int events, std::string_view what,
                        const Ready& ready) const {
    while (true) {
      pollfd waited{descriptor, static_cast<short>(events), 0};
      if (::poll(&waited, 1, static_cast<int>(kGlance.count())) > 0 || ready()) {
        return {};
      }
      if (job_.stop.stop_requested()) {
        return fail(Errc::interrupted, fmt::format("the wait for {} was interrupted", what));
      }
      if (end_ && Clock::now() > *end_) {
        return fail(Errc::engine_failed, fmt::format("{} does not arrive", what));
      }
    }
  }

  Result<void> write_some() {
    while (writing_) {
      if (job_.stop.stop_requested()) {
        return fail(Errc::interrupted, "the container's input was interrupted");
      }
      if (written_ == job_.input.size()) {
        writing_ = false;
        return job_.input.empty() ? Result<void>() : stream_.close_write();
      }
      const std::size_t rest = std::min(kBuffer, job_.input.size() - written_);
      const std::span<const char> piece(job_.input.data() + written_, rest);
      const Result<std::size_t> taken = stream_.write(std::as_bytes(piece));
      if (taken && *taken == 0) {
        return {};
      }
      // Who ends without reading all of its input says why in its output.
      written_ = taken ? written_ + *taken : job_.input.size();
    }
    return {};
  }

  // Whether there can be more.
  Result<bool> read_all_there_is() {
    while (true) {
      BERTH_TRY(const AttachedStream::ReadResult read, stream_.read(buffer_));
      if (read.state != AttachedStream::ReadState::data) {
        return read.state == AttachedStream::ReadState::would_block;
      }
      if (job_.stop.stop_requested()) {
        return fail(Errc::interrupted, "the container's output was interrupted");
      }
      frames_.feed(std::span(buffer_).first(read.count));
      BERTH_CHECK(pass_on());
    }
  }

  Result<void> pass_on() {
    while (true) {
      BERTH_TRY(const std::optional<FrameDemultiplexer::Piece> piece, frames_.next());
      if (!piece) {
        return {};
      }
      if (job_.on_output) {
        job_.on_output(piece->stream,
                       {reinterpret_cast<const char*>(piece->bytes.data()), piece->bytes.size()});
      }
    }
  }

  const ContainerJob& job_;
  AttachedStream& stream_;
  std::optional<Clock::time_point> end_{};
  std::array<std::byte, kBuffer> buffer_{};
  FrameDemultiplexer frames_{};
  std::size_t written_ = 0;
  bool writing_ = true;
};

}  // namespace

Result<int> run_container_job(Engine& engine, const ContainerJob& job) {
  AttachOptions options;
  options.stdin_stream = !job.input.empty();
  options.detach_keys = options.stdin_stream ? std::optional<std::string>("") : std::nullopt;
  BERTH_TRY(const std::unique_ptr<AttachedStream> stream, engine.attach(job.id, options));
  BERTH_TRY(const std::unique_ptr<PendingExit> exit, engine.wait(job.id, WaitCondition::next_exit));
  BERTH_CHECK(engine.start(job.id));
  const auto conversation = std::make_unique<Conversation>(job, *stream);
  BERTH_CHECK(conversation->run());
  BERTH_TRY(const ExitStatus status, conversation->exit_of(engine, *exit));
  return status.code;
}

}  // namespace berth::runtime
