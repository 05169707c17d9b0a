// Looks at files below a root. The two readers of configuration are in cdi_spec.cpp and
// toolkit_config.cpp.
#include "berth/runtime/gpu_wiring.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"
#include "runtime/cdi_spec.hpp"
#include "runtime/system_files.hpp"
#include "runtime/toolkit_config.hpp"

namespace berth::runtime {

namespace {

namespace fs = std::filesystem;

// "nvidia0": the file of one GPU.
bool is_gpu(const std::string& name) {
  constexpr std::string_view kBegin = "nvidia";
  return name.size() > kBegin.size() && name.starts_with(kBegin) &&
         name.find_first_not_of("0123456789", kBegin.size()) == std::string::npos;
}

bool is_cuda_device(const std::string& name) {
  return name == "nvidiactl" || name == "nvidia-uvm" || is_gpu(name);
}

// What a CUDA program opens first. The driver makes none of them itself: nvidia-modprobe or udev
// does.
std::vector<std::string> missing_devices(const fs::path& root) {
  std::vector<std::string> missing;
  for (const char* name : {"nvidiactl", "nvidia-uvm"}) {
    if (!is_there(root / "dev" / name)) {
      missing.push_back(std::string("/dev/") + name);
    }
  }
  return missing;
}

bool may_open(const struct stat& file, const UserRights& rights) {
  constexpr mode_t kReadWrite = 06;
  const auto grants = [&file](unsigned shift) {
    return ((file.st_mode >> shift) & kReadWrite) == kReadWrite;
  };
  if (rights.uid == 0 || grants(0)) {
    return true;
  }
  const bool in_group =
      std::find(rights.groups.begin(), rights.groups.end(), file.st_gid) != rights.groups.end();
  return (rights.uid == file.st_uid && grants(6)) || (in_group && grants(3));
}

std::vector<ClosedDevice> closed_devices(const fs::path& root, const UserRights& rights) {
  std::vector<ClosedDevice> closed;
  for (const fs::path& device : entries_of(root / "dev")) {
    struct stat file {};
    if (!is_cuda_device(device.filename()) || ::stat(device.c_str(), &file) != 0 ||
        may_open(file, rights)) {
      continue;
    }
    const bool group_may = ((file.st_mode >> 3) & 06) == 06;
    closed.push_back({"/dev/" + device.filename().string(),
                      group_may ? group_name(root, file.st_gid) : std::string()});
  }
  return closed;
}

// depmod's list names every module of a kernel, wherever it lies ("updates/dkms/nvidia.ko.zst: …").
std::optional<bool> module_for_kernel(const fs::path& root, const std::string& kernel) {
  const fs::path list = root / "lib/modules" / kernel / "modules.dep";
  if (kernel.empty() || !is_there(list)) {
    return std::nullopt;
  }
  constexpr std::size_t kLargestList = 16U << 20;
  const Result<std::string> content = read_file(list, kLargestList);
  if (!content) {
    return std::nullopt;
  }
  return content->find("/nvidia.ko") != std::string::npos ||
         content->find("/nvidia-current.ko") != std::string::npos;  // Debian's name
}

// The variable's four bytes of attributes, then its value. Source: the UEFI specification, 3.3.
bool secure_boot(const fs::path& root) {
  const std::string variable =
      content_of(root / "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c");
  return variable.size() == 5 && variable.back() == 1;
}

// NVSwitches of the Ampere and Hopper generations are bridges on the PCI bus.
bool has_nvswitch(const fs::path& root) {
  for (const fs::path& device : entries_of(root / "sys/bus/pci/devices")) {
    if (trimmed(content_of(device / "vendor")) == "0x10de" &&
        content_of(device / "class").starts_with("0x0680")) {
      return true;
    }
  }
  return false;
}

bool runs_fabric_manager(const fs::path& root) {
  for (const fs::path& process : entries_of(root / "proc")) {
    // The kernel keeps 15 bytes of a name.
    if (std::isdigit(static_cast<unsigned char>(process.filename().c_str()[0])) != 0 &&
        trimmed(content_of(process / "comm")) == "nv-fabricmanage") {
      return true;
    }
  }
  return false;
}

}  // namespace

UserRights current_rights() {
  UserRights rights{.uid = ::geteuid()};
  std::array<char, 16384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(rights.uid, &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    rights.name = found->pw_name;
  }
  const int count = ::getgroups(0, nullptr);
  rights.groups.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  if (::getgroups(count, rights.groups.data()) != count) {
    rights.groups.clear();
  }
  rights.groups.push_back(::getegid());
  return rights;
}

std::string group_name(const fs::path& root, gid_t group) {
  const std::string number = std::to_string(group);
  for (const std::string& line : split(content_of(root / "etc/group"), '\n')) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() >= 3 && fields[2] == number) {
      return fields[0];
    }
  }
  return number;
}

GpuWiring probe_gpu_wiring(const ProbeRoots& roots, const UserRights& rights) {
  const fs::path& root = roots.root;
  GpuWiring wiring;
  wiring.cdi_specs = read_cdi_specs(root);
  wiring.toolkit_config = read_toolkit_config(root);
  wiring.missing_devices = missing_devices(root);
  wiring.closed_devices = closed_devices(root, rights);
  wiring.kernel = trimmed(content_of(root / "proc/sys/kernel/osrelease"));
  wiring.module_for_kernel = module_for_kernel(root, wiring.kernel);
  wiring.secure_boot = secure_boot(root);
  wiring.nvswitch = has_nvswitch(root);
  wiring.fabric_manager = wiring.nvswitch && runs_fabric_manager(root);
  wiring.selinux_enforcing = trimmed(content_of(root / "sys/fs/selinux/enforce")) == "1";
  // "1 1": the value, and the one that is to come.
  wiring.selinux_lets_devices =
      content_of(root / "sys/fs/selinux/booleans/container_use_devices").starts_with("1");
  return wiring;
}

}  // namespace berth::runtime
