#include "cli/doctor_deep.hpp"

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "berth/base/text.hpp"
#include "berth/runtime/device_requests.hpp"
#include "cli/doctor_remedies.hpp"

namespace berth::cli {

namespace {

namespace fs = std::filesystem;
using runtime::TrialAnswer;
using runtime::TrialReport;
using runtime::TrialRequest;
using Status = Finding::Status;

constexpr const char* kMountPoint = "/berth-trial-folder";
constexpr const char* kWrittenFile = "from-the-container";
constexpr const char* kName = "example.com";  // kept by IANA for such use: it always resolves
constexpr unsigned kMostGpus = 16;            // in one machine that NVIDIA sells

// A folder of our own where runs mount from, gone with all that is in it.
class MountedFolder {
 public:
  MountedFolder() {
    std::error_code error;
    for (const fs::path& parent : {fs::current_path(error), fs::temp_directory_path(error)}) {
      std::string pattern = (parent / ".berth-doctor-XXXXXX").string();
      if (!parent.empty() && ::mkdtemp(pattern.data()) != nullptr) {
        path_ = pattern;
        return;
      }
    }
  }
  MountedFolder(const MountedFolder&) = delete;
  MountedFolder& operator=(const MountedFolder&) = delete;
  ~MountedFolder() {
    std::error_code ignored;
    if (!path_.empty()) {
      fs::remove_all(path_, ignored);
    }
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_{};
};

std::vector<std::string> library_folders() {
  return {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib",
          "/usr/lib/wsl/lib"};
}

TrialRequest gpu_request(const Observations& seen, std::vector<DeviceRequest> devices) {
  TrialRequest request{.device_requests = std::move(devices)};
  for (const char* device : {"nvidiactl", "nvidia-uvm", "dxg"}) {
    request.tasks.push_back({"open", std::string("/dev/") + device});
  }
  for (unsigned index = 0; index < kMostGpus; ++index) {
    request.tasks.push_back({"open", fmt::format("/dev/nvidia{}", index)});
  }
  for (const std::string& folder : library_folders()) {
    request.tasks.push_back({"find", folder + "/libcuda.so.1"});
    if (seen.probe.host.driver) {  // whose link the toolkit may have left to ldconfig
      request.tasks.push_back(
          {"find", fmt::format("{}/libcuda.so.{}", folder, seen.probe.host.driver->text())});
    }
  }
  return request;
}

Result<void> try_cpu(runtime::Engine& engine, const Observations& seen,
                     const runtime::Caller& caller, const std::stop_token& stop,
                     DeepObservations& deep) {
  const MountedFolder folder;
  TrialRequest request{.tasks = {{"resolve", kName}}};
  if (engine_is_here(seen) && !folder.path().empty()) {
    deep.folder = folder.path();
    request.mounts = {Mount{.source = folder.path().string(), .target = kMountPoint}};
    request.tasks.push_back({"write", fmt::format("{}/{}", kMountPoint, kWrittenFile)});
  }
  deep.cpu = run_trial(engine, seen.probe.host, caller, request, stop);
  struct stat written {};
  if (!deep.folder.empty() && ::stat((deep.folder / kWrittenFile).c_str(), &written) == 0) {
    deep.owner_of_written = written.st_uid;
  }
  if (!*deep.cpu && deep.cpu->error().code == Errc::interrupted) {
    return Failure(deep.cpu->error());
  }
  return {};
}

Result<void> try_gpu(runtime::Engine& engine, const Observations& seen,
                     const runtime::Caller& caller, const std::stop_token& stop,
                     DeepObservations& deep) {
  if (!seen.gpu_support || !*seen.gpu_support || !(*seen.gpu_support)->any()) {
    return {};
  }
  const runtime::GpuSupport& support = **seen.gpu_support;
  // A hook is there without a GPU, too; a CDI device is not.
  if (!has_gpus(seen) && !support.cdi && engine_is_here(seen)) {
    return {};
  }
  GpuRequest all;
  all.mode = GpuRequest::Mode::all;
  Result<std::vector<DeviceRequest>> devices =
      runtime::make_device_requests(all, seen.probe.host, support);
  if (!devices) {
    deep.gpu = Result<TrialReport>(Failure(devices.error()));
    return {};
  }
  deep.gpu =
      run_trial(engine, seen.probe.host, caller, gpu_request(seen, *std::move(devices)), stop);
  if (!*deep.gpu && deep.gpu->error().code == Errc::interrupted) {
    return Failure(deep.gpu->error());
  }
  return {};
}

// ---- judgement ----

std::string errno_text(int number) {
  return lowered(std::generic_category().message(number));
}

const TrialAnswer* find_answer(const TrialReport& report, std::string_view verb) {
  const auto found = std::find_if(report.answers.begin(), report.answers.end(),
                                  [verb](const TrialAnswer& one) { return one.verb == verb; });
  return found == report.answers.end() ? nullptr : &*found;
}

Finding ran(const Result<TrialReport>& report) {
  if (!report) {
    Finding finding = from_error("deep-run", report.error());
    finding.message = "a container cannot be run: " + finding.message;
    if (finding.remedy.empty()) {
      finding.remedy = {"`sudo journalctl --unit docker --lines 30` shows the engine's side"};
    }
    return finding;
  }
  Finding finding{.code = "deep-run",
                  .message = fmt::format(
                      "a container ran as {}: output, errors and exit code arrive", report->user)};
  const bool whole = report->standard_error == runtime::kTrialError &&
                     report->exit_code == runtime::kTrialExitCode;
  if (!whole) {
    finding.status = Status::problem;
    finding.message = fmt::format("a container ran, and not all that it said arrives: exit code {}",
                                  report->exit_code);
    finding.cause =
        fmt::format("expected {} and a line on standard error", runtime::kTrialExitCode);
    finding.remedy = {"`berth -vv doctor --deep` shows the calls of the engine"};
  }
  return finding;
}

std::optional<Finding> mounted(const TrialReport& report, const DeepObservations& deep) {
  const TrialAnswer* answer = find_answer(report, "write");
  if (answer == nullptr) {
    return std::nullopt;
  }
  Finding finding{.code = "deep-mount",
                  .message = fmt::format("a file that a container writes below `{}` is this user's",
                                         deep.folder.parent_path().string())};
  if (answer->error_number != 0) {
    finding.status = Status::problem;
    finding.message =
        fmt::format("a container cannot write below `{}`: {}", deep.folder.parent_path().string(),
                    errno_text(answer->error_number));
    finding.cause =
        "SELinux's labels, a file system of the network that knows other users, or an "
        "engine in a virtual machine";
    finding.remedy = {"`berth run -v …:…:z …` where SELinux is enforcing",
                      "a project on a disk of this machine"};
  } else if (!deep.owner_of_written) {
    finding.status = Status::problem;
    finding.message = "a file that a container writes into a mount does not arrive here";
    finding.cause = "the engine mounts another machine's folder of the same name";
    finding.remedy = {"`docker context ls` shows where the engine is"};
  } else if (*deep.owner_of_written != deep.caller_uid) {
    finding.status = Status::problem;
    finding.message =
        fmt::format("a file that a container writes belongs to uid {} here, not to {}",
                    *deep.owner_of_written, deep.caller_uid);
    finding.cause = "the engine maps users (`userns-remap`)";
    finding.remedy = {"`berth run --userns host …`"};
  }
  return finding;
}

std::optional<Finding> network(const Observations& seen, const TrialReport& report) {
  const TrialAnswer* answer = find_answer(report, "resolve");
  if (answer == nullptr) {
    return std::nullopt;
  }
  Finding finding{.code = "deep-network",
                  .message = fmt::format("names resolve in containers (`{}`)", answer->object)};
  const int number = answer->error_number;
  if (number == 0) {
    return finding;
  }
  finding.status = Status::note;
  finding.message = fmt::format(
      "`{}` does not resolve in containers: {}", answer->object,
      number < runtime::kNotResolved
          ? errno_text(number)
          : fmt::format("the name server answers with code {}", number - runtime::kNotResolved));
  finding.cause =
      seen.container_proxies
          ? "containers have a proxy, which resolves names for them: those that use it need no more"
          : "what a run's command downloads, it cannot";
  finding.remedy = {"`berth run --network host …` uses this machine's own network"};
  return finding;
}

// The device files of GPUs, and those beside them without which CUDA does not begin.
struct Devices {
  std::vector<std::string> opened{};
  std::vector<std::string> missing{};
  std::vector<TrialAnswer> refused{};
};

Devices devices_in(const TrialReport& report) {
  Devices devices;
  for (const TrialAnswer& answer : report.answers) {
    const bool needed = answer.object == "/dev/nvidiactl" || answer.object == "/dev/nvidia-uvm";
    if (answer.verb != "open") {
      continue;
    }
    if (answer.error_number == 0 && !needed) {
      devices.opened.push_back(answer.object);
    } else if (answer.error_number == ENOENT && needed) {
      devices.missing.push_back(answer.object);
    } else if (answer.error_number != 0 && answer.error_number != ENOENT) {
      devices.refused.push_back(answer);
    }
  }
  return devices;
}

Finding gpu_devices(const Devices& devices) {
  Finding finding{.code = "deep-gpu", .status = Status::problem};
  if (!devices.refused.empty()) {
    const TrialAnswer& first = devices.refused.front();
    finding.message = fmt::format("a container may not open `{}`: {}", first.object,
                                  errno_text(first.error_number));
    finding.cause = first.error_number == EPERM
                        ? "the rules of its cgroup leave the device out (`no-cgroups`, or a reload "
                          "of systemd)"
                        : "the file's permissions keep this user out";
    finding.remedy = {"`ls -l /dev/nvidia*` shows who may", "`berth doctor` names the setting"};
  } else if (devices.opened.empty()) {
    finding.message = "a container that asks for all GPUs starts, and has none";
    finding.cause = "the engine accepts the request and does nothing for it";
    finding.remedy = {"`berth doctor` shows by what the engine attaches GPUs"};
  } else if (!devices.missing.empty() && devices.opened != std::vector<std::string>{"/dev/dxg"}) {
    finding.message = fmt::format("a container has {}, and not {}", join(devices.opened, ", "),
                                  join(devices.missing, " and "));
    finding.cause = "CUDA cannot begin without them";
    finding.remedy = {"`sudo nvidia-modprobe -u -c=0` makes them",
                      generate_cdi_spec("/etc/cdi/nvidia.yaml") + ", where the engine uses CDI"};
  } else {
    finding.status = Status::ok;
    finding.message = fmt::format("a container opens {}", join(devices.opened, ", "));
  }
  return finding;
}

Finding gpu_library(const Observations& seen, const TrialReport& report) {
  for (const TrialAnswer& answer : report.answers) {
    if (answer.verb == "find" && answer.error_number == 0) {
      return {.code = "deep-gpu-library",
              .message = fmt::format("a container has the driver's library, `{}`", answer.object)};
    }
  }
  const bool cdi = (*seen.gpu_support)->cdi && !(*seen.gpu_support)->nvidia;
  return {
      .code = "deep-gpu-library",
      .status = Status::problem,
      .message = "a container with GPUs has no libcuda",
      .cause = cdi ? "the CDI specification brings none: it was made without the driver's library"
                   : "the toolkit's hook brought none",
      .remedy = {cdi ? generate_cdi_spec("/etc/cdi/nvidia.yaml")
                     : std::string("`ldconfig -p | grep libcuda` shows whether this machine "
                                   "has it")}};
}

void add_gpu(const Observations& seen, const Result<TrialReport>& report,
             std::vector<Finding>& findings) {
  if (!report) {
    Finding finding = from_error("deep-gpu", report.error());
    finding.message = "a container with GPUs cannot be run: " + finding.message;
    if (finding.remedy.empty()) {
      finding.remedy = {"`berth doctor` shows by what the engine attaches GPUs"};
    }
    findings.push_back(std::move(finding));
    return;
  }
  findings.push_back(gpu_devices(devices_in(*report)));
  findings.push_back(gpu_library(seen, *report));
}

}  // namespace

Result<DeepObservations> try_runs(runtime::Engine& engine, const Observations& seen,
                                  const runtime::Caller& caller, const std::stop_token& stop) {
  DeepObservations deep{.caller_uid = caller.uid};
  if (seen.engine->architecture != runtime::trial_architecture()) {
    deep.other_architecture = seen.engine->architecture;
    return deep;
  }
  BERTH_CHECK(try_cpu(engine, seen, caller, stop, deep));
  if (*deep.cpu) {  // else a GPU would fail over the same
    BERTH_CHECK(try_gpu(engine, seen, caller, stop, deep));
  }
  return deep;
}

std::vector<Finding> examine_deep(const Observations& seen, const DeepObservations& deep) {
  std::vector<Finding> findings;
  if (!deep.other_architecture.empty()) {
    findings.push_back(
        {.code = "deep-run",
         .status = Status::note,
         .message = fmt::format("no trial run: the engine's machine is {}, this berth {}",
                                deep.other_architecture, runtime::trial_architecture()),
         .remedy = {"`berth doctor --deep` there"}});
    return findings;
  }
  findings.push_back(ran(*deep.cpu));
  if (!*deep.cpu) {
    return findings;
  }
  for (auto finding : {mounted(**deep.cpu, deep), network(seen, **deep.cpu)}) {
    if (finding) {
      findings.push_back(*std::move(finding));
    }
  }
  if (deep.gpu) {
    add_gpu(seen, *deep.gpu, findings);
  }
  return findings;
}

}  // namespace berth::cli
