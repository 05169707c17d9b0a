// A machine of a test's own: files below a root, variables, which NVML it has, and engines'
// sockets.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "berth/base/file.hpp"
#include "berth/runtime/host_probe.hpp"
#include "support/temporary_folder.hpp"

namespace berth::test {

class Machine {
 public:
  Machine() {
    roots_.root = folder_.path();
    roots_.machine = "x86_64";
    roots_.nvml_libraries = {"libberth-there-is-no-such-thing.so.1"};
    roots_.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional<std::string>(found->second);
    };
  }
  Machine(const Machine&) = delete;  // the environment refers to it
  Machine& operator=(const Machine&) = delete;

  Machine& file(const std::string& path, const std::string& content) {
    folder_.write(path, content);
    return *this;
  }
  Machine& mode(const std::string& path, unsigned bits) {
    std::filesystem::permissions(folder_.path() / path, std::filesystem::perms(bits));
    return *this;
  }
  Machine& variable(const std::string& name, const std::string& value) {
    variables_[name] = value;
    return *this;
  }
  Machine& nvml(const std::string& library) {
    roots_.nvml_libraries = {library};
    return *this;
  }
  Machine& machine(const std::string& name) {
    roots_.machine = name;
    return *this;
  }
  // A loaded driver and what it says of one GPU.
  Machine& driver(const std::string& version) {
    return file("sys/module/nvidia/version", version + "\n");
  }
  Machine& gpu(const std::string& bus, const std::string& model, const std::string& uuid,
               const std::string& excluded = "No") {
    return file("proc/driver/nvidia/gpus/" + bus + "/information",
                "Model: \t\t " + model + "\nIRQ:   \t\t 42\nGPU UUID: \t " + uuid +
                    "\nBus Type: \t PCIe\nDevice Minor: \t 0\nGPU Excluded:\t " + excluded + "\n");
  }
  Machine& pci_device(const std::string& bus, const std::string& vendor,
                      const std::string& device_class) {
    file("sys/bus/pci/devices/" + bus + "/vendor", vendor + "\n");
    return file("sys/bus/pci/devices/" + bus + "/class", device_class + "\n");
  }
  // A socket at which somebody listens, or one that was left behind.
  Machine& socket(const std::string& path, bool listening) {
    const std::filesystem::path file = folder_.path() / path;
    std::filesystem::create_directories(file.parent_path());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (file.native().size() >= sizeof(address.sun_path)) {
      throw std::runtime_error("the folder's name is too long for a socket");
    }
    std::copy(file.native().begin(), file.native().end(), static_cast<char*>(address.sun_path));
    UniqueFd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        (listening && ::listen(made.get(), 4) != 0)) {
      throw std::runtime_error("no socket at " + file.string());
    }
    if (listening) {
      listeners_.push_back(std::move(made));
    }
    return *this;
  }

  runtime::HostProbe probe() const { return runtime::probe_host(roots_); }
  runtime::ProcessFacts process(unsigned pid) const { return runtime::process_facts(pid, roots_); }
  const runtime::ProbeRoots& roots() const { return roots_; }
  const std::filesystem::path& root() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  std::map<std::string, std::string> variables_;
  std::vector<UniqueFd> listeners_;
  runtime::ProbeRoots roots_;
};

}  // namespace berth::test
