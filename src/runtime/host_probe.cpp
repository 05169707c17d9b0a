// Reads the kernel's files and puts them together with what NVML says. Pure parsing of small files
// below a root; the only libraries called are NVML (through read_nvml) and the C library.
#include "berth/runtime/host_probe.hpp"

#include <spdlog/fmt/fmt.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "berth/base/text.hpp"
#include "runtime/own_confinement.hpp"
#include "runtime/system_files.hpp"

namespace berth::runtime {

namespace {

namespace fs = std::filesystem;

std::optional<DriverVersion> driver_version(std::string_view text) {
  std::optional<DriverVersion> version = DriverVersion::parse(text);
  return version && version->size() > 1 ? version : std::nullopt;
}

// The first word of the NVRM line that is a version. The words around it depend on the driver:
// "NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 …", "NVIDIA UNIX Open Kernel Module for
// x86_64  575.57.08  Release Build …".
std::optional<DriverVersion> version_in_nvrm_line(const std::string& content) {
  for (const std::string& line : split(content, '\n')) {
    if (line.rfind("NVRM version:", 0) != 0) {
      continue;
    }
    for (const std::string& word : split(line, ' ')) {
      if (const std::optional<DriverVersion> version = driver_version(trimmed(word))) {
        return version;
      }
    }
  }
  return std::nullopt;
}

std::optional<DriverVersion> kernel_driver(const fs::path& root) {
  if (const std::optional<DriverVersion> version =
          driver_version(trimmed(content_of(root / "sys/module/nvidia/version")))) {
    return version;
  }
  return version_in_nvrm_line(content_of(root / "proc/driver/nvidia/version"));
}

// The GPUs as the kernel module lists them, by PCI address: the order in which NVML and CUDA (with
// CUDA_DEVICE_ORDER=PCI_BUS_ID) number them.
std::vector<Gpu> kernel_gpus(const fs::path& root) {
  std::vector<Gpu> gpus;
  for (const fs::path& folder : entries_of(root / "proc/driver/nvidia/gpus")) {
    const std::string information = content_of(folder / "information");
    if (information.empty() || value_of(information, "GPU Excluded") == "Yes") {
      continue;
    }
    Gpu gpu{.index = static_cast<unsigned>(gpus.size()), .name = value_of(information, "Model")};
    const std::string uuid = value_of(information, "GPU UUID");
    if (uuid.find('?') == std::string::npos) {  // question marks until a program has used the GPU
      gpu.uuid = uuid;
    }
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

Gpu gpu_of(const GpuReading& reading) {
  return Gpu{.index = reading.index,
             .name = reading.name,
             .uuid = reading.uuid,
             .compute_capability = reading.compute_capability,
             .memory_bytes = reading.memory_bytes};
}

// NVML's list, which is what a program here can use, else the kernel's. A GPU that NVML cannot read
// stays in the list: it is there, and a remark says what is wrong with it.
std::vector<Gpu> merged_gpus(const NvmlReading& nvml, std::vector<Gpu> of_kernel) {
  if (nvml.problem) {
    return of_kernel;
  }
  std::vector<Gpu> gpus;
  for (const GpuReading& reading : nvml.gpus) {
    gpus.push_back(gpu_of(reading));
  }
  for (std::size_t i = 0; gpus.size() == of_kernel.size() && i < gpus.size(); ++i) {
    if (gpus[i].name.empty()) {
      gpus[i].name = of_kernel[i].name;
      gpus[i].uuid = of_kernel[i].uuid;
    }
  }
  return gpus;
}

std::vector<std::string> pci_gpus(const fs::path& root) {
  constexpr std::string_view kNvidia = "0x10de";
  constexpr std::string_view kDisplayController = "0x03";  // 0x0300 VGA, 0x0302 3D
  std::vector<std::string> found;
  for (const fs::path& device : entries_of(root / "sys/bus/pci/devices")) {
    if (trimmed(content_of(device / "vendor")) == kNvidia &&
        content_of(device / "class").rfind(kDisplayController, 0) == 0) {
      found.push_back(device.filename().string());
    }
  }
  return found;
}

// ID=ubuntu and ID_LIKE="rhel fedora" of os-release(5).
std::vector<std::string> os_ids(const fs::path& root) {
  std::vector<std::string> ids;
  const std::string release = content_of(root / "etc/os-release");
  for (const std::string_view key : {"ID=", "ID_LIKE="}) {
    for (const std::string& line : split(release, '\n')) {
      if (line.rfind(key, 0) != 0) {
        continue;
      }
      std::string value = line.substr(key.size());
      value.erase(std::remove(value.begin(), value.end(), '"'), value.end());
      for (std::string& id : split(trimmed(value), ' ')) {
        ids.push_back(std::move(id));
      }
    }
  }
  return ids;
}

// 195 is the major number of the NVIDIA driver's devices, 255 the minor of its control device.
bool char_links_missing(const fs::path& root) {
  return is_there(root / "dev/nvidiactl") && !is_there(root / "dev/char/195:255");
}

// /dev/dxg is there with a GPU alone. WSL1 has no such kernel, and no engine.
bool is_wsl2(const fs::path& root) {
  return is_there(root / "dev/dxg") ||
         content_of(root / "proc/sys/kernel/osrelease").find("microsoft-standard") !=
             std::string::npos;
}

std::optional<std::uint64_t> memory_bytes(const fs::path& root) {
  const std::string value = value_of(content_of(root / "proc/meminfo"), "MemTotal");
  const std::uint64_t kibibytes = std::strtoull(value.c_str(), nullptr, 10);
  return kibibytes == 0 ? std::nullopt : std::optional<std::uint64_t>(kibibytes * 1024);
}

std::string machine_of(const ProbeRoots& roots) {
  if (!roots.machine.empty()) {
    return roots.machine;
  }
  utsname names{};
  return ::uname(&names) == 0 ? names.machine : "x86_64";
}

// What NVML's failure means here, in a sentence; empty where it only says that there is no GPU.
std::string nvml_remark(const HostProbe& probe) {
  if (!probe.nvml.problem) {
    return {};
  }
  const NvmlProblem& problem = *probe.nvml.problem;
  const bool driver = probe.kernel_driver.has_value();
  switch (problem.kind) {
    case NvmlProblem::Kind::version_mismatch:
      return fmt::format(
          "the loaded driver is {} and its library is {}: no GPU program runs until the machine is "
          "restarted",
          driver ? probe.kernel_driver->text() : "another version",
          probe.nvml.library_version ? probe.nvml.library_version->text() : "of another version");
    case NvmlProblem::Kind::library_missing:
      return driver ? fmt::format(
                          "driver {} is loaded, but its library libnvidia-ml.so.1 is not installed",
                          probe.kernel_driver->text())
                    : std::string();
    case NvmlProblem::Kind::driver_not_loaded:
      return driver ? fmt::format("driver {} is loaded, but NVML cannot talk to it: {}",
                                  probe.kernel_driver->text(), problem.text)
                    : std::string(
                          "the driver's libraries are installed, but the driver is not loaded");
    default:
      return fmt::format("NVML failed: {}", problem.text);
  }
}

void remark_on_gpus(HostProbe& probe) {
  std::vector<std::string>& remarks = probe.host.remarks;
  if (std::string remark = nvml_remark(probe); !remark.empty()) {
    remarks.push_back(std::move(remark));
  }
  const std::optional<DriverVersion>& library = probe.nvml.driver;
  if (!probe.nvml.problem && probe.kernel_driver && library && *library != *probe.kernel_driver) {
    remarks.push_back(fmt::format("the loaded driver is {}, NVML reports {}",
                                  probe.kernel_driver->text(), library->text()));
  }
  for (const GpuReading& gpu : probe.nvml.gpus) {
    if (!gpu.problem.empty()) {
      remarks.push_back(fmt::format("GPU {} cannot be used: {}", gpu.index, gpu.problem));
    }
  }
  if (!probe.pci_gpus.empty() && !probe.host.driver) {
    remarks.push_back(fmt::format("there is an NVIDIA GPU ({}), but no NVIDIA driver is loaded{}",
                                  join(probe.pci_gpus, ", "),
                                  probe.nouveau ? "; nouveau drives it" : ""));
  }
}

void remark_on_surroundings(HostProbe& probe, const ProbeRoots& roots) {
  std::vector<std::string>& remarks = probe.host.remarks;
  if (probe.wsl) {
    remarks.emplace_back("this is WSL2: the driver is the one of Windows");
  }
  if (const std::optional<std::string> visible = roots.variable("CUDA_VISIBLE_DEVICES")) {
    remarks.push_back(fmt::format("CUDA_VISIBLE_DEVICES is `{}` here", *visible));
  }
  if (const std::optional<std::string> visible = roots.variable("NVIDIA_VISIBLE_DEVICES");
      visible && probe.in_container) {
    remarks.push_back(fmt::format("NVIDIA_VISIBLE_DEVICES is `{}` here", *visible));
  }
}

}  // namespace

std::optional<std::string> ProbeRoots::variable(const std::string& name) const {
  if (environment) {
    return environment(name);
  }
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::string docker_architecture(std::string_view machine) {
  struct Name {
    std::string_view machine;
    std::string_view docker;
  };
  static constexpr Name kNames[] = {{"x86_64", "amd64"}, {"amd64", "amd64"}, {"aarch64", "arm64"},
                                    {"arm64", "arm64"},  {"armv7l", "arm"},  {"armv6l", "arm"},
                                    {"i386", "386"},     {"i686", "386"}};
  for (const Name& name : kNames) {
    if (name.machine == machine) {
      return std::string(name.docker);
    }
  }
  return std::string(machine);
}

HostProbe probe_host(const ProbeRoots& roots) {
  const fs::path& root = roots.root;
  HostProbe probe;
  probe.kernel_driver = kernel_driver(root);
  probe.nvml = read_nvml(roots.nvml_libraries);
  probe.pci_gpus = pci_gpus(root);
  probe.nouveau = is_there(root / "sys/module/nouveau");
  probe.wsl = is_wsl2(root);
  const std::string container = own_container(root);
  probe.in_system_container = is_system_container(container);
  probe.in_container = !container.empty() && !probe.in_system_container;
  probe.memory_limit_bytes = own_memory_limit(root);
  probe.char_links_missing = char_links_missing(root);
  probe.os_ids = os_ids(root);
  probe.nvidia_hook = installed_program(root, "nvidia-container-runtime-hook");
  probe.nvidia_cdi_hook = installed_program(root, "nvidia-cdi-hook");
  probe.nvidia_ctk = installed_program(root, "nvidia-ctk");
  if (is_there(root / "snap/bin/docker")) {
    probe.snap_docker = root / "snap/bin/docker";
  }

  Host& host = probe.host;
  host.architecture = docker_architecture(machine_of(roots));
  host.driver = probe.kernel_driver ? probe.kernel_driver : probe.nvml.driver;
  host.driver_cuda = probe.nvml.cuda;
  host.gpus = merged_gpus(probe.nvml, kernel_gpus(root));
  host.memory_bytes = memory_bytes(root);
  remark_on_gpus(probe);
  remark_on_surroundings(probe, roots);
  return probe;
}

std::optional<std::uint64_t> free_disk_bytes(const fs::path& folder) {
  struct statvfs facts {};
  if (folder.empty() || ::statvfs(folder.c_str(), &facts) != 0) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
}

void add_engine(HostProbe& probe, EngineFacts engine) {
  const bool on_this_machine = engine.address.rfind("unix://", 0) == 0;
  if (on_this_machine) {
    probe.host.free_disk_bytes = free_disk_bytes(engine.storage_root);
    engine.nvidia_hook = engine.nvidia_hook || (engine.kind == EngineFacts::Kind::docker &&
                                                probe.nvidia_hook.has_value());
  }
  probe.host.engine = std::move(engine);
}

}  // namespace berth::runtime
