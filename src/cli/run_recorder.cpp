#include "cli/run_recorder.hpp"

#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fstream>
#include <system_error>
#include <utility>

#include "berth/base/file.hpp"
#include "berth/runtime/ending.hpp"
#include "berth/runtime/run_labels.hpp"
#include "cli/kept_records.hpp"
#include "cli/version.hpp"

namespace berth::cli {

namespace {

// RFC 3339, UTC, milliseconds.
std::string timestamp(std::chrono::system_clock::time_point time) {
  const auto since = time.time_since_epoch();
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03d}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)), milliseconds);
}

RunRecord::UsedGpu used_gpu(const std::string& device, const std::vector<Gpu>& gpus) {
  const std::string name = device.substr(
      device.find('=') == std::string::npos ? 0 : device.find('=') + 1);  // nvidia.com/gpu=0
  for (const Gpu& gpu : gpus) {
    if (name == std::to_string(gpu.index) || name == gpu.uuid) {
      return {gpu.uuid, gpu.name};
    }
  }
  return {name, {}};
}

// Those that the engine was asked for. A count means the first ones, as the drivers have it.
std::vector<RunRecord::UsedGpu> used_gpus(const std::vector<DeviceRequest>& requests,
                                          const std::vector<Gpu>& gpus) {
  std::vector<RunRecord::UsedGpu> used;
  for (const DeviceRequest& request : requests) {
    for (const std::string& device : request.device_ids) {
      used.push_back(used_gpu(device, gpus));
    }
    const bool all = request.count < 0;
    if (all && gpus.empty()) {
      used.push_back({"all", {}});
    }
    const std::size_t count = all ? gpus.size() : static_cast<std::size_t>(request.count);
    for (std::size_t i = 0; i < count; ++i) {
      used.push_back(used_gpu(std::to_string(i < gpus.size() ? gpus[i].index : i), gpus));
    }
  }
  return used;
}

// A file is replaced as a whole, where a link leads to; a device, a pipe or a descriptor
// (/dev/stdout, /dev/fd/3) is written to, behind what is there.
Result<void> write_result(const std::filesystem::path& path, const std::string& document) {
  std::error_code error;
  const std::string first_folder = path.lexically_normal().relative_path().begin()->string();
  const bool device =
      first_folder == "dev" || first_folder == "proc" ||
      (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error));
  if (!device) {
    const std::filesystem::path target = std::filesystem::weakly_canonical(path, error);
    return write_file_atomically(error ? path : target, document);
  }
  std::ofstream stream(path, std::ios::app);
  stream << document << std::flush;
  if (!stream) {
    return fail(Errc::io, fmt::format("cannot write `{}`", path.string()));
  }
  return {};
}

}  // namespace

RunRecorder::RunRecorder(Context& context, const std::optional<std::string>& result_file)
    : context_(context) {
  if (result_file) {
    result_file_ = context.surroundings.directory / *result_file;
  }
  record_.mode = "attached";
  record_.berth_version = kVersion;
}

Result<void> RunRecorder::check_result_file() const {
  const std::filesystem::path folder = result_file_.parent_path();
  const bool writable = result_file_.empty() || ::access(folder.c_str(), W_OK) == 0 ||
                        ::access(result_file_.c_str(), W_OK) == 0;
  if (writable) {
    return {};
  }
  return fail(
      Error{Errc::usage, fmt::format("`--result`: `{}` cannot be written", result_file_.string())}
          .note(fmt::format("`{}`: {}", folder.string(), std::generic_category().message(errno))));
}

void RunRecorder::planned(const PlannedRun& run) {
  const ContainerSpec& spec = run.plan.container;
  const auto label = [&spec](std::string_view name) {
    const auto found = spec.labels.find(std::string(name));
    return found == spec.labels.end() ? std::string() : found->second;
  };
  record_.run_id = label(runtime::kRunLabel);
  record_.mode = label(runtime::kModeLabel);
  record_.name = spec.name;
  record_.job = run.request.run.job;
  record_.command = spec.command;
  record_.image = run.plan.decision.image;
  for (const FrameworkChoice& framework : run.plan.decision.frameworks) {
    record_.frameworks.push_back(framework.text());
  }
  record_.gpus = run.gpus.empty() ? used_gpus(spec.device_requests, run.host.gpus) : run.gpus;
  if (run.host.engine) {
    const bool podman = run.host.engine->kind == EngineFacts::Kind::podman;
    record_.engine = fmt::format("{} {}", podman ? "podman" : "docker", run.host.engine->version);
    record_.engine_address = run.host.engine->address;
  }
  if (spec.memory_bytes > 0) {
    record_.memory_limit_bytes = spec.memory_bytes;
  }
  shm_bytes_ = spec.shm_bytes;
  record_.project = run.request.run.project.string();
  record_.sources = run.request.files;
  record_.commit = run.caller.commit;
  record_.dirty = run.caller.dirty;
}

void RunRecorder::has_image(const runtime::ImageFacts& image) {
  record_.image_id = image.id;
  record_.image_digest = image.digests.empty() ? std::string() : image.digests.front();
}

void RunRecorder::has_environment(const runtime::ImageFacts& environment) {
  record_.environment = environment.reference;
  const auto key = environment.labels.find("org.berth.env");
  record_.environment_key = key == environment.labels.end() ? std::string() : key->second;
}

void RunRecorder::created(const std::string& container_id) {
  record_.container_id = container_id;
  record_.started = timestamp(std::chrono::system_clock::now());
}

void RunRecorder::left_running() {
  write();
}

int RunRecorder::finish(const runtime::SessionOutcome& outcome) {
  record_.started = timestamp(outcome.started);
  record_.ended = timestamp(outcome.ended);
  record_.seconds = outcome.took.count();
  record_.peak_memory_bytes = outcome.peak_memory;
  if (outcome.cause == runtime::SessionOutcome::Cause::detached) {
    record_.ended.clear();
    write();
    return outcome.exit_code;
  }
  const std::string stopped_by = store_of(context_).take_stop_note(record_.container_id);
  runtime::set_ending(record_, {outcome, {}, shm_bytes_, stopped_by});
  explain(*record_.ending);
  write();
  return record_.ending->exit_code;
}

void RunRecorder::finish(const Error& error, int exit_code) {
  record_.ended = timestamp(std::chrono::system_clock::now());
  record_.ending = runtime::explain_failure(error, exit_code);
  write();
}

// One line, where there is somebody to read it or something that the exit code does not say. What
// berth did itself has been said when it did it.
void RunRecorder::explain(const Ending& ending) {
  const bool watched = context_.messages.terminal().is_terminal();
  if (ending.origin != Ending::Origin::command || ending.exit_code == 0 ||
      !(ending.remarkable || watched)) {
    return;
  }
  context_.messages.note(ending.message);
  if (!ending.hint.empty() && !context_.messages.quiet()) {
    context_.messages.hint(ending.hint);
  }
}

void RunRecorder::write() {
  if (const Result<void> saved = store_of(context_).save(record_); !saved) {
    context_.messages.warning("the run's record could not be kept: " + saved.error().message);
  }
  if (result_file_.empty()) {
    return;
  }
  if (const Result<void> written = write_result(result_file_, runtime::record_document(record_));
      !written) {
    context_.messages.warning("the run's result could not be written: " + written.error().message);
  }
}

}  // namespace berth::cli
