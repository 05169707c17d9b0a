// Findings about the driver, the GPUs, and whether the engine can attach them. The remedies are
// those of NVIDIA's installation guides (docs.nvidia.com/datacenter/cloud-native/container-toolkit)
// and of the distributions.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstddef>

#include "berth/base/bytes.hpp"
#include "berth/base/text.hpp"
#include "cli/doctor_checks.hpp"

namespace berth::cli {

namespace {

using Status = Finding::Status;
using runtime::GpuReading;
using runtime::HostProbe;
using runtime::NvmlProblem;

bool is_like(const HostProbe& probe, std::string_view os) {
  return std::find(probe.os_ids.begin(), probe.os_ids.end(), os) != probe.os_ids.end();
}

// Whether the engine runs on the machine that was probed.
bool engine_is_here(const Observations& seen) {
  return seen.engine && seen.engine->address.starts_with("unix:");
}

std::vector<std::string> install_driver(const HostProbe& probe) {
  if (is_like(probe, "ubuntu")) {
    return {"`sudo ubuntu-drivers install && sudo reboot`"};
  }
  if (is_like(probe, "debian")) {
    return {
        "`sudo apt-get install nvidia-driver && sudo reboot`, with `non-free` among the package "
        "sources"};
  }
  if (is_like(probe, "arch")) {
    return {"`sudo pacman -S nvidia-open && sudo reboot`"};
  }
  return {
      "install the driver as https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/ "
      "says"};
}

std::vector<std::string> install_driver_library(const HostProbe& probe) {
  if (is_like(probe, "ubuntu")) {
    return {fmt::format("`sudo apt-get install libnvidia-compute-{}`", probe.host.driver->major())};
  }
  if (is_like(probe, "debian")) {
    return {"`sudo apt-get install libnvidia-ml1 libcuda1`"};
  }
  return install_driver(probe);
}

std::vector<std::string> install_toolkit(const HostProbe& probe) {
  if (is_like(probe, "debian") || is_like(probe, "ubuntu")) {
    return {
        "`curl -fsSL https://nvidia.github.io/libnvidia-container/gpgkey | sudo gpg --dearmor -o "
        "/usr/share/keyrings/nvidia-container-toolkit-keyring.gpg`",
        "`curl -fsSL "
        "https://nvidia.github.io/libnvidia-container/stable/deb/nvidia-container-toolkit.list | "
        "sed "
        "'s#deb https://#deb [signed-by=/usr/share/keyrings/nvidia-container-toolkit-keyring.gpg] "
        "https://#' | sudo "
        "tee /etc/apt/sources.list.d/nvidia-container-toolkit.list`",
        "`sudo apt-get update && sudo apt-get install nvidia-container-toolkit`"};
  }
  if (is_like(probe, "fedora") || is_like(probe, "rhel")) {
    return {
        "`curl -fsSL "
        "https://nvidia.github.io/libnvidia-container/stable/rpm/nvidia-container-toolkit.repo | "
        "sudo tee "
        "/etc/yum.repos.d/nvidia-container-toolkit.repo`",
        "`sudo dnf install nvidia-container-toolkit`"};
  }
  if (is_like(probe, "arch")) {
    return {"`sudo pacman -S nvidia-container-toolkit`"};
  }
  return {
      "install the NVIDIA Container Toolkit as "
      "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html "
      "says"};
}

Finding missing_driver(const HostProbe& probe) {
  Finding finding{
      .code = "gpu-driver",
      .status = Status::problem,
      .message = fmt::format("there is an NVIDIA GPU ({}), but no NVIDIA driver is loaded",
                             join(probe.pci_gpus, ", "))};
  const bool installed = !probe.nvml.library.empty();
  if (probe.nouveau) {
    finding.cause = "nouveau, the free driver, drives it; CUDA needs NVIDIA's own";
  } else if (installed) {
    finding.cause =
        "the driver's libraries are installed; its kernel module is not loaded, often because it "
        "was not "
        "built for a new kernel, or because Secure Boot refuses it";
    finding.remedy.emplace_back("`sudo modprobe nvidia` loads it, or says why it cannot");
  } else {
    finding.cause = "the driver is not installed";
  }
  std::vector<std::string> install = install_driver(probe);
  finding.remedy.insert(finding.remedy.end(), install.begin(), install.end());
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

// ---- the engine's side ----

// Why an engine does not attach GPUs, as far as the machine's files tell, and what to do about it.
void explain_missing_support(const Observations& seen, Finding& finding) {
  const HostProbe& probe = seen.probe;
  const bool podman = seen.engine->kind == EngineFacts::Kind::podman;
  const std::string generate = "`sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`";
  const std::string restart =
      "`sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker`";
  if (!engine_is_here(seen)) {
    finding.remedy = {"`berth doctor` on the engine's machine tells more"};
    return;
  }
  if (!probe.nvidia_hook && !probe.nvidia_ctk && !probe.nvidia_cdi_hook) {
    finding.cause = "the NVIDIA Container Toolkit is not installed";
    finding.remedy = install_toolkit(probe);
    finding.remedy.push_back(podman ? generate : restart);
    return;
  }
  if (podman) {
    finding.cause = probe.cdi_specs.empty()
                        ? "there is no CDI specification that names the GPUs"
                        : "Podman does not find the GPUs in its CDI specifications";
    finding.remedy = {generate};
    return;
  }
  finding.cause =
      "the NVIDIA Container Toolkit is installed, and the engine does not use it: it is not "
      "configured, or "
      "the engine was not restarted since";
  finding.remedy = {restart};
}

Finding engine_support(const Observations& seen) {
  Finding finding{.code = "gpu-engine-support"};
  const Result<runtime::GpuSupport>& support = *seen.gpu_support;
  if (!support) {
    finding.status = Status::note;
    finding.message =
        "whether the engine attaches GPUs could not be tried: " + support.error().message;
    finding.cause = join(support.error().notes, "; ");
    finding.remedy = support.error().hints;
    return finding;
  }
  const std::string evidence = join(support->evidence, "; ");
  if (support->any()) {
    finding.message = fmt::format("the engine attaches GPUs by driver {}: {}",
                                  support->nvidia ? "nvidia" : "cdi", evidence);
    return finding;
  }
  finding.message = "the engine cannot attach GPUs: " + evidence;
  const bool needed = seen.probe.host.has_gpu() && engine_is_here(seen);
  finding.status = needed ? Status::problem : Status::note;
  if (needed || !engine_is_here(seen)) {
    explain_missing_support(seen, finding);
  } else {
    finding.cause = "this machine has no GPU to attach";
  }
  return finding;
}

void add_stale_specs(const Observations& seen, std::vector<Finding>& findings) {
  const std::optional<DriverVersion>& driver = seen.probe.host.driver;
  const bool used = seen.gpu_support && *seen.gpu_support && (*seen.gpu_support)->cdi;
  for (const runtime::CdiSpec& spec : seen.probe.cdi_specs) {
    if (!driver || !spec.driver || *spec.driver == *driver) {
      continue;
    }
    findings.push_back(
        {.code = "cdi-spec-stale",
         .status = used ? Status::problem : Status::note,
         .message = fmt::format("`{}` is for driver {}, loaded is {}", spec.path.string(),
                                spec.driver->text(), driver->text()),
         .cause = "it names libraries of the old driver, which are gone: a container with a GPU "
                  "does not start",
         .remedy = {fmt::format("`sudo nvidia-ctk cdi generate --output={}`",
                                shell_quoted(spec.path.string()))}});
  }
}

}  // namespace

std::vector<Finding> examine_driver(const Observations& seen) {
  const HostProbe& probe = seen.probe;
  const Host& host = probe.host;
  std::vector<Finding> findings;
  if (!host.driver && !probe.pci_gpus.empty()) {
    findings.push_back(missing_driver(probe));
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

std::vector<Finding> examine_gpu_access(const Observations& seen) {
  std::vector<Finding> findings;
  if (seen.gpu_support) {
    findings.push_back(engine_support(seen));
  }
  add_stale_specs(seen, findings);
  const bool by_hook = seen.gpu_support && *seen.gpu_support && (*seen.gpu_support)->nvidia;
  if (by_hook && seen.probe.char_links_missing && engine_is_here(seen)) {
    findings.push_back(
        {.code = "gpu-char-links",
         .status = Status::note,
         .message = "the GPU's device files have no links in /dev/char",
         .cause = "with systemd's cgroups, a `systemctl daemon-reload` takes the GPUs from running "
                  "containers: `Failed to initialize NVML: Unknown Error`",
         .remedy = {"`sudo nvidia-ctk system create-dev-char-symlinks --create-all`"}});
  }
  return findings;
}

}  // namespace berth::cli
