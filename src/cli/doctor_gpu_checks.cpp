// Findings about the driver, its device files and the GPUs. What the engine makes of them is in
// doctor_gpu_access_checks.cpp.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "berth/base/bytes.hpp"
#include "berth/base/text.hpp"
#include "cli/doctor_checks.hpp"
#include "cli/doctor_remedies.hpp"

namespace berth::cli {

namespace {

using Status = Finding::Status;
using runtime::GpuReading;
using runtime::HostProbe;
using runtime::NvmlProblem;

// A driver that is installed and whose module is not loaded.
void explain_unloaded_module(const Observations& seen, Finding& finding) {
  const runtime::GpuWiring& wiring = seen.wiring;
  if (wiring.module_for_kernel == false) {
    finding.code = "gpu-module-missing";
    finding.cause = fmt::format(
        "the driver is installed, and has no module for the kernel that runs ({}): it was not "
        "built for it",
        wiring.kernel);
    finding.remedy = build_module(seen.probe);
  } else if (wiring.secure_boot) {
    finding.code = "gpu-secure-boot";
    finding.cause =
        "the driver is installed, and Secure Boot is on: the kernel refuses a module that is not "
        "signed with a key that the firmware knows";
    finding.remedy = {
        "`sudo modprobe nvidia` says `Key was rejected by service` where that is it",
        "`sudo mokutil --import /var/lib/shim-signed/mok/MOK.der` (Ubuntu) or `sudo mokutil "
        "--import /var/lib/dkms/mok.pub` (DKMS), then restart and confirm the key"};
  } else {
    finding.cause =
        "the driver's libraries are installed; its kernel module is not loaded, often because it "
        "was not built for a new kernel, or because Secure Boot refuses it";
    finding.remedy = {"`sudo modprobe nvidia` loads it, or says why it cannot"};
  }
}

Finding missing_driver(const Observations& seen) {
  const HostProbe& probe = seen.probe;
  Finding finding{
      .code = "gpu-driver",
      .status = Status::problem,
      .message = fmt::format("there is an NVIDIA GPU ({}), but no NVIDIA driver is loaded",
                             join(probe.pci_gpus, ", "))};
  const bool installed = !probe.nvml.library.empty() || seen.wiring.module_for_kernel == true;
  if (probe.nouveau) {
    finding.code = "gpu-nouveau";
    finding.cause = "nouveau, the free driver, drives it; CUDA needs NVIDIA's own";
  } else if (installed) {
    explain_unloaded_module(seen, finding);
  } else {
    finding.cause = "the driver is not installed";
  }
  std::vector<std::string> install = install_driver(probe);
  for (std::string& step : install) {
    if (std::find(finding.remedy.begin(), finding.remedy.end(), step) == finding.remedy.end()) {
      finding.remedy.push_back(std::move(step));
    }
  }
  return finding;
}

std::optional<Finding> nvml_problem(const HostProbe& probe) {
  // Without a driver, that is the finding; an NVML that has nothing to talk to adds nothing.
  if (!probe.nvml.problem || !probe.host.driver) {
    return std::nullopt;
  }
  const NvmlProblem& problem = *probe.nvml.problem;
  Finding finding{.code = "gpu-nvml",
                  .status = Status::problem,
                  .message = fmt::format("driver {} is loaded, but its library does not work: {}",
                                         probe.host.driver->text(), problem.text)};
  switch (problem.kind) {
    case NvmlProblem::Kind::version_mismatch:
      finding.code = "gpu-nvml-mismatch";
      finding.message = fmt::format(
          "the loaded driver is {}, its library is {}", probe.host.driver->text(),
          probe.nvml.library_version ? probe.nvml.library_version->text() : "of another version");
      finding.cause =
          "the driver was updated while its old kernel module stays loaded: no GPU program runs "
          "until "
          "the new one is";
      finding.remedy = {"`sudo reboot`"};
      break;
    case NvmlProblem::Kind::library_missing:
    case NvmlProblem::Kind::library_unusable:
      finding.code = "gpu-library";
      finding.cause = "containers get libcuda and NVML from the machine, and here they are missing";
      if (probe.in_container) {
        finding.status = Status::note;
        finding.cause =
            "berth's own container has no access to the GPUs; the machine around it may well have";
      } else {
        finding.remedy = install_driver_library(probe);
      }
      break;
    case NvmlProblem::Kind::no_permission:
    case NvmlProblem::Kind::blocked:
      finding.cause = probe.in_container ? "berth's own container may not open the GPU's device "
                                           "files; a `systemctl daemon-reload` "
                                           "takes them from a running container"
                                         : "the GPU's device files cannot be opened";
      finding.remedy = {"`ls -l /dev/nvidia*` shows who may open them"};
      break;
    case NvmlProblem::Kind::gpu_lost:
      finding.code = "gpu-lost";
      finding.cause = "a GPU has fallen off the bus: overheating, power, or a fault of its own";
      finding.remedy = {"`sudo dmesg | grep -i xid` shows the driver's record", "`sudo reboot`"};
      break;
    case NvmlProblem::Kind::driver_not_loaded:
    case NvmlProblem::Kind::other:
      finding.remedy = {"`sudo dmesg | grep -i nvrm` shows the driver's record", "`sudo reboot`"};
      break;
  }
  return finding;
}

std::string gpu_text(const Gpu& gpu) {
  std::string text = gpu.name.empty() ? "a GPU without a name" : gpu.name;
  if (gpu.compute_capability) {
    text += fmt::format(" ({})", gpu.compute_capability->sm());
  }
  if (gpu.memory_bytes) {
    text += ", " + format_bytes(*gpu.memory_bytes);
  }
  return text;
}

Finding gpus_present(const Host& host) {
  std::vector<std::string> texts;
  for (const Gpu& gpu : host.gpus) {
    texts.push_back(fmt::format("{}: {}", gpu.index, gpu_text(gpu)));
  }
  return Finding{.code = "gpu-present", .message = "GPU " + join(texts, "; ")};
}

void add_lost_gpus(const HostProbe& probe, std::vector<Finding>& findings) {
  for (const GpuReading& gpu : probe.nvml.gpus) {
    if (!gpu.problem.empty()) {
      findings.push_back(
          {.code = "gpu-lost",
           .status = Status::problem,
           .message = fmt::format("GPU {} cannot be used: {}", gpu.index, gpu.problem),
           .cause =
               "the driver cannot reach it any more: overheating, power, or a fault of its own",
           .remedy = {"`sudo dmesg | grep -i xid` shows the driver's record", "`sudo reboot`"}});
    }
  }
}

// What ECC could not mend since the driver was loaded. Sources: NVIDIA's GPU Memory Error
// Management guide (row remapping, page retirement), nvidia-smi(1).
void add_memory_errors(const HostProbe& probe, std::vector<Finding>& findings) {
  for (const GpuReading& gpu : probe.nvml.gpus) {
    const std::uint64_t errors = gpu.uncorrected_ecc_errors.value_or(0);
    if (errors == 0) {
      continue;
    }
    findings.push_back(
        {.code = "gpu-memory-errors",
         .status = Status::problem,
         .message = fmt::format("GPU {} has {} uncorrected memory error{}", gpu.index, errors,
                                errors == 1 ? "" : "s"),
         .cause = "what computes on it may end with Xid 48 or 94, or compute wrong numbers; "
                  "`--gpus free` gives it to nobody",
         .remedy = {
             fmt::format("`nvidia-smi -i {} -q -d ECC,ROW_REMAPPER,PAGE_RETIREMENT` shows "
                         "which, and whether a remapping waits for a reset",
                         gpu.index),
             fmt::format("`sudo nvidia-smi -i {} --gpu-reset` while nothing uses it, or "
                         "`sudo reboot`: bad rows are replaced then",
                         gpu.index),
             "have the GPU replaced where the errors come back, or a remapping has failed"}});
  }
}

// The hook of Docker makes the missing ones; CDI takes what is there.
void add_device_files(const Observations& seen, std::vector<Finding>& findings) {
  const runtime::GpuWiring& wiring = seen.wiring;
  if (!wiring.missing_devices.empty()) {
    const bool hook = seen.gpu_support && *seen.gpu_support && (*seen.gpu_support)->nvidia;
    findings.push_back(
        {.code = "gpu-device-files",
         .status = hook ? Status::note : Status::problem,
         .message = fmt::format("{} {} not there", join(wiring.missing_devices, " and "),
                                wiring.missing_devices.size() == 1 ? "is" : "are"),
         .cause = "CUDA opens it; the driver does not make it by itself, and nothing has yet",
         .remedy = {"`sudo nvidia-modprobe -u -c=0`"}});
  }
  if (wiring.closed_devices.empty()) {
    return;
  }
  std::vector<std::string> paths;
  for (const runtime::ClosedDevice& device : wiring.closed_devices) {
    paths.push_back(device.path);
  }
  const std::string& group = wiring.closed_devices.front().group;
  Finding finding{.code = "gpu-device-permission",
                  .status = Status::problem,
                  .message = fmt::format("{} may not be opened by this user", join(paths, ", ")),
                  .cause = "a run's command has the rights of its caller, in the container, too"};
  const std::optional<std::string> join = group.empty() ? std::nullopt : join_group(seen, group);
  if (join) {
    finding.remedy.push_back(*join);
  }
  finding.remedy.emplace_back("`sudo chmod 666 /dev/nvidia*` opens them to all, until the restart");
  findings.push_back(std::move(finding));
}

// Source: NVIDIA's Fabric Manager User Guide.
Finding fabric_manager_missing() {
  return Finding{
      .code = "gpu-fabric-manager",
      .status = Status::problem,
      .message = "the GPUs are joined by NVSwitches, and the fabric manager does not run",
      .cause = "CUDA waits for it: `error 802: system not yet initialized`",
      .remedy = {"`sudo systemctl enable --now nvidia-fabricmanager`",
                 "install nvidia-fabricmanager in the very version of the driver, where "
                 "there is no such service"}};
}

// What only somebody outside of a container, and a driver of Linux's own, can tell.
void add_device_state(const Observations& seen, std::vector<Finding>& findings) {
  const HostProbe& probe = seen.probe;
  if (!probe.kernel_driver || !probe.host.has_gpu() || probe.wsl || probe.in_container) {
    return;
  }
  add_device_files(seen, findings);
  if (seen.wiring.nvswitch && !seen.wiring.fabric_manager) {
    findings.push_back(fabric_manager_missing());
  }
}

Finding driver_in_catalogue(const Observations& seen, const DriverVersion& driver) {
  const DriverBranch* branch = seen.catalog->find_branch(driver);
  if (branch == nullptr) {
    return {.code = "driver-catalogue",
            .status = Status::note,
            .message =
                fmt::format("driver {} is older than all that the catalogue knows", driver.text()),
            .cause = "what it can run is not known"};
  }
  Finding finding{.code = "driver-catalogue",
                  .message = fmt::format("driver {} runs CUDA up to {}", driver.text(),
                                         branch->max_cuda.text())};
  const std::optional<CudaVersion>& reported = seen.probe.host.driver_cuda;
  if (branch->branch != driver.major()) {
    finding.status = Status::note;
    finding.message = fmt::format(
        "the catalogue does not list driver branch {}: it goes by branch {}, CUDA up to {}",
        driver.major(), branch->branch, branch->max_cuda.text());
  } else if (reported && *reported != branch->max_cuda) {
    finding.status = Status::note;
    finding.message = fmt::format("the driver reports CUDA {}, the catalogue has {} for branch {}",
                                  reported->text(), branch->max_cuda.text(), branch->branch);
  } else if (!branch->end_of_life.empty() && seen.today.substr(0, 7) > branch->end_of_life) {
    finding.status = Status::note;
    finding.cause =
        fmt::format("branch {} has had no updates since {}", branch->branch, branch->end_of_life);
  }
  return finding;
}

void add_unknown_gpus(const Observations& seen, std::vector<Finding>& findings) {
  for (const Gpu& gpu : seen.probe.host.gpus) {
    const bool by_name = seen.catalog->find_gpu(gpu.name) != nullptr;
    if (gpu.compute_capability ? seen.catalog->find_capability(*gpu.compute_capability) != nullptr
                               : by_name) {
      continue;
    }
    findings.push_back(
        {.code = "gpu-catalogue",
         .status = Status::note,
         .message = fmt::format("the catalogue does not know GPU {}, {}", gpu.index, gpu_text(gpu)),
         .cause = "whether a framework has code for it is not checked: unknown, not unsupported",
         .remedy = {"`berth catalog gpus` lists those that are known"}});
  }
}

}  // namespace

std::vector<Finding> examine_driver(const Observations& seen) {
  const HostProbe& probe = seen.probe;
  const Host& host = probe.host;
  std::vector<Finding> findings;
  if (!host.driver && !probe.pci_gpus.empty()) {
    findings.push_back(missing_driver(seen));
  } else if (!host.has_gpu()) {
    findings.push_back({.code = "gpu-none",
                        .status = Status::note,
                        .message = host.driver ? fmt::format("driver {} is loaded, and has no GPU",
                                                             host.driver->text())
                                               : "this machine has no NVIDIA GPU",
                        .cause = "`berth run` uses the CPU here"});
  } else {
    findings.push_back(gpus_present(host));
  }
  if (std::optional<Finding> problem = nvml_problem(probe)) {
    findings.push_back(*std::move(problem));
  }
  add_lost_gpus(probe, findings);
  add_memory_errors(probe, findings);
  add_device_state(seen, findings);
  if (!seen.catalog) {
    findings.push_back({.code = "catalogue",
                        .status = Status::problem,
                        .message = seen.catalog.error().message,
                        .cause = join(seen.catalog.error().notes, "; "),
                        .remedy = seen.catalog.error().hints});
    return findings;
  }
  if (host.driver) {
    findings.push_back(driver_in_catalogue(seen, *host.driver));
  }
  add_unknown_gpus(seen, findings);
  return findings;
}

}  // namespace berth::cli
