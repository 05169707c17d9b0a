#include "berth/runtime/trial_run.hpp"

#include <poll.h>
#include <spdlog/fmt/fmt.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include "berth/base/text.hpp"
#include "berth/runtime/stream_frames.hpp"
#include "runtime/container_identity.hpp"
#include "runtime/excerpt.hpp"

// Of src/trial/CMakeLists.txt.
extern "C" const char berth_trial_program[];
extern "C" const char berth_trial_program_end[];

namespace berth::runtime {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBlock = 512;
// Starting takes as long as the engine's own limit allows; the program itself some seconds.
constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::milliseconds kGlance{200};

// A tar archive of one executable file. Source of the layout: POSIX.1-2017, pax, "ustar".
std::string archive_of(std::string_view name, std::string_view content) {
  std::string header(kBlock, '\0');
  const auto put = [&header](std::size_t at, std::string_view text) {
    header.replace(at, text.size(), text);
  };
  put(0, name);
  put(100, "0000755");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, "00000000000");
  put(148, "        ");  // the sum is made with blanks in its own place
  put(156, "0");
  put(257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char byte : header) {
    sum += static_cast<unsigned char>(byte);
  }
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  std::string archive = header + std::string(content);
  archive.resize((archive.size() + kBlock - 1) / kBlock * kBlock + 2 * kBlock, '\0');
  return archive;
}

// Removes what was made, whichever way it ends.
class Remains {
 public:
  explicit Remains(Engine& engine) : engine_(engine) {}
  Remains(const Remains&) = delete;
  Remains& operator=(const Remains&) = delete;
  ~Remains() {
    if (!container.empty()) {
      static_cast<void>(engine_.remove(container, true));
    }
    if (!image.empty()) {
      static_cast<void>(engine_.remove_image(image));
    }
  }
  std::string container{};
  std::string image{};

 private:
  Engine& engine_;
};

ContainerSpec container_of(const std::string& image, const Host& host, const Caller& caller,
                           const TrialRequest& request) {
  const Identity identity = find_identity(RunRequest{}, host, caller);
  ContainerSpec spec;
  spec.image = image;
  spec.command = {"/berth-trial"};
  for (const TrialTask& task : request.tasks) {
    spec.command.push_back(task.verb);
    spec.command.push_back(task.object);
  }
  spec.user = identity.user;
  for (const gid_t group : identity.root ? std::vector<gid_t>{} : caller.groups) {
    spec.group_add.push_back(std::to_string(group));
  }
  spec.mounts = request.mounts;
  spec.device_requests = request.device_requests;
  spec.init = false;  // the program is gone before anybody could need one
  spec.auto_remove = false;
  return spec;
}

struct Output {
  std::string standard_output{};
  std::string standard_error{};
};

Result<void> take(FrameDemultiplexer& frames, std::span<const std::byte> bytes, Output& output) {
  frames.feed(bytes);
  while (true) {
    BERTH_TRY(const std::optional<FrameDemultiplexer::Piece> piece, frames.next());
    if (!piece) {
      return {};
    }
    std::string& target = piece->stream == OutputStream::standard_output ? output.standard_output
                                                                         : output.standard_error;
    target.append(reinterpret_cast<const char*>(piece->bytes.data()), piece->bytes.size());
  }
}

// Until `ready` says so; Errc::interrupted, or Errc::engine_failed after the patience.
Result<void> wait_for(int descriptor, Clock::time_point end, const std::stop_token& stop,
                      std::string_view what) {
  while (true) {
    pollfd waited{descriptor, POLLIN, 0};
    if (::poll(&waited, 1, static_cast<int>(kGlance.count())) > 0) {
      return {};
    }
    if (stop.stop_requested()) {
      return fail(Errc::interrupted, "the trial was interrupted");
    }
    if (Clock::now() > end) {
      return fail(Errc::engine_failed, fmt::format("{} does not arrive", what));
    }
  }
}

Result<Output> read_output(AttachedStream& stream, Clock::time_point end,
                           const std::stop_token& stop) {
  FrameDemultiplexer frames;
  Output output;
  std::array<std::byte, 4096> buffer{};
  while (true) {
    BERTH_TRY(const AttachedStream::ReadResult read, stream.read(buffer));
    if (read.state == AttachedStream::ReadState::end) {
      return output;
    }
    if (read.state == AttachedStream::ReadState::would_block) {
      BERTH_CHECK(wait_for(stream.poll_fd(), end, stop, "the end of the container's output"));
      continue;
    }
    BERTH_CHECK(take(frames, std::span(buffer).first(read.count), output));
  }
}

// "open /dev/nvidia0 13"; absent where the last word is no number.
std::optional<TrialAnswer> answer_of(const std::string& line) {
  const std::size_t verb_end = line.find(' ');
  const std::size_t number = line.rfind(' ');
  if (verb_end == std::string::npos || number <= verb_end) {
    return std::nullopt;
  }
  TrialAnswer answer{line.substr(0, verb_end), line.substr(verb_end + 1, number - verb_end - 1)};
  const char* const end = line.data() + line.size();
  const auto read = std::from_chars(line.data() + number + 1, end, answer.error_number);
  return read.ec == std::errc() && read.ptr == end ? std::optional(answer) : std::nullopt;
}

Result<TrialReport> report_of(const Output& output, int exit_code, std::size_t tasks) {
  constexpr std::string_view kIds = "ids ";
  TrialReport report{.standard_error = output.standard_error, .exit_code = exit_code};
  for (const std::string& line : split(trimmed(output.standard_output), '\n')) {
    if (line.starts_with(kIds)) {
      report.user = line.substr(kIds.size());
      report.user.replace(std::min(report.user.find(' '), report.user.size()), 1, ":");
    } else if (std::optional<TrialAnswer> answer = answer_of(line)) {
      report.answers.push_back(*std::move(answer));
    }
  }
  if (report.user.empty() || report.answers.size() != tasks) {
    return fail(Error{Errc::engine_failed, "the container's output does not arrive"}
                    .note(fmt::format("of {} lines {} came: `{}`", tasks + 1,
                                      report.answers.size() + (report.user.empty() ? 0 : 1),
                                      excerpt(output.standard_output, 120)))
                    .note(fmt::format("its exit code is {}", exit_code)));
  }
  return report;
}

}  // namespace

std::string_view trial_architecture() {
#if defined(__aarch64__)
  return "arm64";
#else
  return "amd64";
#endif
}

Result<TrialReport> run_trial(Engine& engine, const Host& host, const Caller& caller,
                              const TrialRequest& request, const std::stop_token& stop) {
  Remains remains(engine);
  const std::string_view program(
      berth_trial_program, static_cast<std::size_t>(berth_trial_program_end - berth_trial_program));
  BERTH_TRY(remains.image, engine.import_image(archive_of("berth-trial", program)));
  BERTH_TRY(const CreatedContainer created,
            engine.create(container_of(remains.image, host, caller, request)));
  remains.container = created.id;
  BERTH_TRY(const std::unique_ptr<AttachedStream> stream, engine.attach(created.id, {}));
  BERTH_TRY(const std::unique_ptr<PendingExit> exit,
            engine.wait(created.id, WaitCondition::next_exit));
  BERTH_CHECK(engine.start(created.id));
  const Clock::time_point end = Clock::now() + kPatience;
  BERTH_TRY(const Output output, read_output(*stream, end, stop));
  BERTH_CHECK(wait_for(exit->poll_fd(), end, stop, "the container's exit code"));
  BERTH_TRY(const ExitStatus status, exit->get());
  return report_of(output, status.code, request.tasks.size());
}

}  // namespace berth::runtime
