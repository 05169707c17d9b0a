// The remedies of the doctor. NVIDIA's are those of its installation guides
// (docs.nvidia.com/datacenter/cloud-native/container-toolkit, …/tesla/driver-installation-guide),
// the others those of the distributions and of docs.docker.com/engine/install.
#include "cli/doctor_remedies.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string_view>

#include "berth/base/text.hpp"

namespace berth::cli {

namespace {

using runtime::HostProbe;

bool is_like(const HostProbe& probe, std::string_view os) {
  return std::find(probe.os_ids.begin(), probe.os_ids.end(), os) != probe.os_ids.end();
}

bool is_rootless(const Observations& seen) {
  return seen.engine && seen.engine->rootless;
}

}  // namespace

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

std::string install_app_armor(const HostProbe& probe) {
  if (is_like(probe, "debian") || is_like(probe, "ubuntu")) {
    return "`sudo apt-get install apparmor`";
  }
  if (is_like(probe, "suse")) {
    return "`sudo zypper install apparmor-parser`";
  }
  if (is_like(probe, "arch")) {
    return "`sudo pacman -S apparmor`";
  }
  return "install the package with `apparmor_parser`";
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

std::vector<std::string> build_module(const HostProbe& probe) {
  if (is_like(probe, "ubuntu") || is_like(probe, "debian")) {
    return {"`sudo apt-get install linux-headers-$(uname -r) && sudo dkms autoinstall`",
            "`sudo modprobe nvidia` loads it, or says why it cannot"};
  }
  if (is_like(probe, "fedora") || is_like(probe, "rhel")) {
    return {"`sudo dnf install kernel-devel-$(uname -r)`",
            "`sudo akmods --force` (RPM Fusion's driver) or `sudo dkms autoinstall` (NVIDIA's)",
            "`sudo modprobe nvidia` loads it, or says why it cannot"};
  }
  return install_driver(probe);
}

std::string configure_toolkit(const Observations& seen) {
  return is_rootless(seen)
             ? "`nvidia-ctk runtime configure --runtime=docker "
               "--config=$HOME/.config/docker/daemon.json && systemctl --user restart docker`"
             : "`sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart "
               "docker`";
}

std::string restart_docker(const Observations& seen) {
  return is_rootless(seen) ? "`systemctl --user restart docker`"
                           : "`sudo systemctl restart docker`";
}

std::string generate_cdi_spec(const std::string& path) {
  return fmt::format("`sudo nvidia-ctk cdi generate --output={}`", shell_quoted(path));
}

std::optional<std::string> join_group(const Observations& seen, const std::string& group) {
  const std::string& user = seen.is_root ? seen.sudo_user : seen.user;
  if (seen.is_root && (user.empty() || user == "root")) {
    return std::nullopt;
  }
  return fmt::format("`sudo usermod -aG {} {}`, then log in again", shell_quoted(group),
                     user.empty() ? "$USER" : shell_quoted(user));
}

std::vector<std::string> install_engine(const Observations& seen) {
  for (const std::string_view os : {"debian", "ubuntu", "fedora", "rhel", "centos"}) {
    if (is_like(seen.probe, os)) {
      std::vector<std::string> steps = {
          "`curl -fsSL https://get.docker.com | sudo sh` installs Docker's own packages"};
      if (std::optional<std::string> join = join_group(seen, "docker")) {
        steps.push_back(*std::move(join) + ": without it only root may use it");
      }
      return steps;
    }
  }
  if (is_like(seen.probe, "arch")) {
    return {"`sudo pacman -S docker && sudo systemctl enable --now docker`"};
  }
  return {"install an engine as https://docs.docker.com/engine/install/ says"};
}

std::string start_docker(const runtime::EngineSite& site) {
  return site.systemd ? "`sudo systemctl enable --now docker`" : "`sudo service docker start`";
}

bool engine_is_here(const Observations& seen) {
  return seen.engine && seen.engine->address.starts_with("unix:") && !is_docker_desktop(seen);
}

bool is_docker(const Observations& seen) {
  return seen.engine && seen.engine->kind == EngineFacts::Kind::docker;
}

bool is_docker_desktop(const Observations& seen) {
  return seen.details && seen.details->operating_system == "Docker Desktop";
}

const std::optional<runtime::DaemonConfig>& daemon_config(const Observations& seen) {
  return is_rootless(seen) ? seen.site.rootless_config : seen.site.daemon_config;
}

bool has_gpus(const Observations& seen) {
  return seen.probe.host.has_gpu() || !seen.probe.pci_gpus.empty();
}

Finding from_error(std::string code, const Error& error) {
  return Finding{.code = std::move(code),
                 .status = Finding::Status::problem,
                 .message = error.message,
                 .cause = join(error.notes, "; "),
                 .remedy = error.hints};
}

}  // namespace berth::cli
