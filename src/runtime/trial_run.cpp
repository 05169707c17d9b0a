#include "berth/runtime/trial_run.hpp"

#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "berth/base/tar.hpp"
#include "berth/base/text.hpp"
#include "berth/runtime/stream_frames.hpp"
#include "runtime/container_identity.hpp"
#include "runtime/container_job.hpp"
#include "runtime/excerpt.hpp"

// Of src/trial/CMakeLists.txt.
extern "C" const char berth_trial_program[];
extern "C" const char berth_trial_program_end[];

namespace berth::runtime {

namespace {

// Starting takes as long as the engine's own limit allows; the program itself some seconds.
constexpr std::chrono::seconds kPatience{60};

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
  TarWriter archive;
  archive.add_file("berth-trial", program, 0755);
  BERTH_TRY(remains.image, engine.import_image(std::move(archive).finish()));
  BERTH_TRY(const CreatedContainer created,
            engine.create(container_of(remains.image, host, caller, request)));
  remains.container = created.id;
  Output output;
  const auto keep = [&output](OutputStream from, std::string_view bytes) {
    (from == OutputStream::standard_output ? output.standard_output : output.standard_error) +=
        bytes;
  };
  BERTH_TRY(const int exit_code,
            run_container_job(
                engine, {.id = created.id, .on_output = keep, .limit = kPatience, .stop = stop}));
  return report_of(output, exit_code, request.tasks.size());
}

}  // namespace berth::runtime
