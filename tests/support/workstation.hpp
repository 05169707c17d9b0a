// A workstation with GPUs made of files, sockets and a stand-in of NVML, for tests of the doctor:
// what is wrong with it is done to its files, and what it then says is asked for by code.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>

#include "cli/doctor_checks.hpp"
#include "support/catch.hpp"
#include "support/machine.hpp"

namespace berth::test {

// A workstation that is well: Ubuntu, driver 535.104.05 with its device files, the toolkit.
class Workstation : public Machine {
 public:
  Workstation() {
    file("etc/os-release", "ID=ubuntu\nID_LIKE=debian\n");
    file("etc/group", "root:x:0:\ndocker:x:998:grace\nvideo:x:44:\n");
    file("proc/sys/kernel/osrelease", "6.8.0-45-generic\n");
    file("proc/stat", "cpu 1 2 3\nbtime 1000000\n");
    file("run/systemd/system/x", "");
    file("usr/bin/docker", "").file("usr/bin/dockerd", "");
    driver("535.104.05").nvml(BERTH_FAKE_NVML);
    pci_device("0000:01:00.0", "0x10de", "0x030200");
    for (const char* device : {"nvidiactl", "nvidia-uvm", "nvidia0", "nvidia1"}) {
      file(std::string("dev/") + device, "").mode(std::string("dev/") + device, 0666);
    }
    file("dev/char/195:255", "");
    file("usr/bin/nvidia-container-runtime-hook", "").file("usr/bin/nvidia-ctk", "");
    variable("HOME", "/home/ada");
    rights.name = "ada";
    rights.uid = 1000;
    rights.groups = {1000};
    engine.address = "unix:///var/run/docker.sock";
    engine.version = "28.0.4";
    engine.api_version = "1.48";
    engine.runtimes = {"runc"};
    engine.storage_root = root().string();
    details.newest_api = "1.48";
    details.cgroup_driver = "systemd";
    support.nvidia = true;
  }

  // Specifications as nvidia-ctk writes them, for a driver whose libraries are there or not.
  Workstation& cdi_spec(const std::string& driver_version, bool libraries_there) {
    const std::string library = "/usr/lib/x86_64-linux-gnu/libcuda.so." + driver_version;
    if (libraries_there) {
      file(library.substr(1), "");
    }
    file("etc/cdi/nvidia.yaml",
         "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n- name: \"0\"\n  containerEdits:\n"
         "    deviceNodes:\n    - path: /dev/nvidia0\n"
         "containerEdits:\n  deviceNodes:\n  - path: /dev/nvidiactl\n"
         "  hooks:\n  - hookName: createContainer\n    path: /usr/bin/nvidia-ctk\n"
         "  mounts:\n  - hostPath: " +
             library + "\n    containerPath: " + library + "\n");
    return *this;
  }
  Workstation& toolkit_config(const std::string& content) {
    file("etc/nvidia-container-runtime/config.toml", content);
    return *this;
  }
  Workstation& without_toolkit() {
    std::filesystem::remove(root() / "usr/bin/nvidia-container-runtime-hook");
    std::filesystem::remove(root() / "usr/bin/nvidia-ctk");
    return *this;
  }
  Workstation& without_support() {
    support = {};
    support.evidence = {"the engine has no device driver nvidia (tried)"};
    return *this;
  }
  // A dockerd that started so many seconds after the boot, which was in 1970.
  Workstation& dockerd_started(long seconds) {
    const std::string ticks = std::to_string(seconds * ::sysconf(_SC_CLK_TCK));
    std::string fields;
    for (int field = 4; field <= 21; ++field) {
      fields += " 0";
    }
    file("var/run/docker.pid", "4242\n");
    file("proc/4242/stat", "4242 (docker (d) x) S" + fields + " " + ticks + " 0\n");
    return *this;
  }
  // AppArmor in the kernel and at the engine, with its tools and the profiles that root sees.
  Workstation& app_armor() {
    details.apparmor = true;
    file("sys/module/apparmor/parameters/enabled", "Y\n");
    file("usr/sbin/apparmor_parser", "");
    file("proc/self/attr/apparmor/current", "unconfined\n");
    return *this;
  }
  Workstation& unreachable(const Error& error) {
    answers = false;
    why = error;
    return *this;
  }

  cli::Observations observe() const {
    cli::Observations seen;
    seen.probe = probe();
    seen.user = rights.name;
    runtime::SiteQuery query{.rights = rights};
    if (answers) {
      query.nvidia_runtime = details.nvidia_runtime;
      query.rootless = engine.rootless;
    }
    seen.site = runtime::probe_engine_site(roots(), query);
    seen.wiring = runtime::probe_gpu_wiring(roots(), rights);
    if (answers) {
      seen.engine = engine;
      seen.details = details;
      seen.gpu_support = support;
      runtime::add_engine(seen.probe, engine);
    } else {
      seen.engine = fail(why);
    }
    return seen;
  }

  runtime::UserRights rights{};
  EngineFacts engine{};
  runtime::EngineDetails details{};
  runtime::GpuSupport support{};
  bool answers = true;
  Error why{Errc::engine_unreachable, "no container engine was found on this machine"};
};

inline Error no_socket() {
  return Error{Errc::engine_unreachable, "no container engine was found on this machine"}.named(
      "engine-no-socket");
}

inline std::optional<cli::Finding> find(const cli::Observations& seen, const std::string& code) {
  for (const cli::Finding& finding : cli::examine(seen)) {
    if (finding.code == code) {
      return finding;
    }
  }
  return std::nullopt;
}

inline cli::Finding expect(const Workstation& machine, const std::string& code,
                           cli::Finding::Status status) {
  const cli::Observations seen = machine.observe();
  std::string all;
  for (const cli::Finding& finding : cli::examine(seen)) {
    all += std::string(cli::name_of(finding.status)) + " " + finding.code + ": " + finding.message +
           " [" + finding.cause + "]\n";
  }
  INFO(all);
  const std::optional<cli::Finding> found = find(seen, code);
  REQUIRE(found);
  REQUIRE(found->status == status);
  if (status == cli::Finding::Status::problem) {
    REQUIRE_FALSE(found->cause.empty());
    REQUIRE_FALSE(found->remedy.empty());
  }
  return *found;
}

inline bool is_absent(const Workstation& machine, const std::string& code) {
  return !find(machine.observe(), code);
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace berth::test
