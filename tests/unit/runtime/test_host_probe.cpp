// probe_host() on trees that look like machines, with stand-ins of NVML.
#include <algorithm>
#include <string>

#include "berth/runtime/host_probe.hpp"
#include "support/catch.hpp"
#include "support/fake_nvml_settings.hpp"
#include "support/machine.hpp"
#include "support/temporary_folder.hpp"

using berth::runtime::add_engine;
using berth::runtime::HostProbe;
using berth::runtime::probe_host;
using berth::runtime::ProcessFacts;
using berth::test::FakeNvml;
using berth::test::Machine;
using berth::test::TemporaryFolder;

namespace {

bool remarked(const HostProbe& probe, const std::string& part) {
  const auto has_part = [&part](const std::string& remark) {
    return remark.find(part) != std::string::npos;
  };
  return std::any_of(probe.host.remarks.begin(), probe.host.remarks.end(), has_part);
}

}  // namespace

TEST_CASE("a machine with nothing gives an empty list and no remark", "[host_probe]") {
  const Machine machine;
  const HostProbe probe = machine.probe();
  REQUIRE_FALSE(probe.host.has_gpu());
  REQUIRE_FALSE(probe.host.driver);
  REQUIRE_FALSE(probe.host.driver_cuda);
  REQUIRE_FALSE(probe.host.memory_bytes);
  REQUIRE(probe.host.remarks.empty());
  REQUIRE(probe.host.origin.text == "this machine");
}

TEST_CASE("this very machine can be probed", "[host_probe]") {
  const HostProbe probe = probe_host();
  REQUIRE(probe.host.memory_bytes.value_or(0) > (64U << 20));
  REQUIRE_FALSE(probe.host.architecture.empty());
}

TEST_CASE("the driver's version is found in each form of the kernel's file", "[host_probe]") {
  struct Case {
    const char* content;
    const char* version;
  };
  const Case cases[] = {
      {"NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n"
       "GCC version:  gcc version 11.4.0 (Ubuntu 11.4.0-1ubuntu1~22.04)\n",
       "535.104.05"},
      {"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  575.57.08  Release Build  "
       "(dvs-builder@U22-I3-B17-02-5)  Sat May 24 07:04:42 UTC 2025\n"
       "GCC version:  Selected multilib: .;@m64\n",
       "575.57.08"},
      {"NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  580.95.05  Release Build\n",
       "580.95.05"},
      {"GCC version:  gcc version 9.3.0\n"
       "NVRM version: NVIDIA UNIX x86_64 Kernel Module  510.54  Tue Feb  8 04:42:21 UTC 2022\n",
       "510.54"},
      // The version is the last thing on the line.
      {"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64 595.71.05", "595.71.05"},
  };
  for (const Case& one : cases) {
    INFO(one.content);
    Machine machine;
    const HostProbe probe = machine.file("proc/driver/nvidia/version", one.content).probe();
    REQUIRE(probe.host.driver);
    REQUIRE(probe.host.driver->text() == one.version);
  }
}

TEST_CASE("text that names no version is no driver", "[host_probe]") {
  for (const char* content : {"", "NVRM version: none\n", "NVRM version: 12\n", "535.104.05\n"}) {
    INFO(content);
    Machine machine;
    REQUIRE_FALSE(machine.file("proc/driver/nvidia/version", content).probe().host.driver);
  }
}

TEST_CASE("the module's own version file goes before the text of NVRM", "[host_probe]") {
  Machine machine;
  machine.driver("550.120").file("proc/driver/nvidia/version",
                                 "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  x\n");
  REQUIRE(machine.probe().host.driver->text() == "550.120");
}

TEST_CASE("without NVML the kernel's files give names and UUIDs", "[host_probe]") {
  Machine machine;
  machine.driver("535.104.05")
      .gpu("0000:41:00.0", "NVIDIA A10G", "GPU-????????")
      .gpu("0000:01:00.0", "NVIDIA GeForce RTX 3090", "GPU-82523fd8-3897-f599-d088-ccd04ae45ec1")
      .gpu("0000:02:00.0", "NVIDIA T4", "GPU-1", "Yes");
  const HostProbe probe = machine.probe();
  REQUIRE(probe.host.gpus.size() == 2);  // the excluded one is not given to programs
  REQUIRE(probe.host.gpus[0].index == 0);
  REQUIRE(probe.host.gpus[0].name == "NVIDIA GeForce RTX 3090");
  REQUIRE(probe.host.gpus[0].uuid == "GPU-82523fd8-3897-f599-d088-ccd04ae45ec1");
  REQUIRE_FALSE(probe.host.gpus[0].compute_capability);  // the catalogue knows it by name
  REQUIRE(probe.host.gpus[1].index == 1);
  REQUIRE(probe.host.gpus[1].uuid.empty());
  REQUIRE(remarked(
      probe, "driver 535.104.05 is loaded, but its library libnvidia-ml.so.1 is not installed"));
}

TEST_CASE("with NVML the GPUs have compute capability and memory", "[host_probe]") {
  Machine machine;
  const HostProbe probe = machine.driver("535.104.05").nvml(BERTH_FAKE_NVML).probe();
  REQUIRE(probe.host.gpus.size() == 2);
  REQUIRE(probe.host.gpus[1].index == 1);
  REQUIRE(probe.host.gpus[1].compute_capability == berth::ComputeCapability{8, 6});
  REQUIRE(probe.host.gpus[1].memory_bytes == 24ULL << 30);
  REQUIRE(probe.host.driver_cuda->text() == "12.2");
  REQUIRE(probe.host.remarks.empty());
}

TEST_CASE("where only NVML knows the driver, as in WSL2, its word is taken", "[host_probe]") {
  const FakeNvml fake{{"FAKE_NVML_DRIVER", "551.78"}};
  Machine machine;
  const HostProbe probe = machine.nvml(BERTH_FAKE_NVML).file("dev/dxg", "").probe();
  REQUIRE(probe.host.driver->text() == "551.78");
  REQUIRE_FALSE(probe.kernel_driver);
  REQUIRE(probe.wsl);
  REQUIRE(remarked(probe, "WSL2"));
}

TEST_CASE("a library of another version than the module is named with both", "[host_probe]") {
  const FakeNvml fake{{"FAKE_NVML_INIT", "18"}};
  const TemporaryFolder libraries;
  const std::filesystem::path library = libraries.path() / "libnvidia-ml.so.550.120";
  std::filesystem::copy_file(BERTH_FAKE_NVML, library);
  Machine machine;
  machine.driver("535.183.01").gpu("0000:01:00.0", "NVIDIA GeForce RTX 3090", "GPU-1");
  const HostProbe probe = machine.nvml(library.string()).probe();
  REQUIRE(remarked(probe, "the loaded driver is 535.183.01 and its library is 550.120"));
  REQUIRE(probe.host.driver->text() == "535.183.01");
  REQUIRE(probe.host.gpus.size() == 1);  // it is there, though nothing can use it now
}

TEST_CASE("a GPU that is lost stays in the list, with a remark and the kernel's name of it",
          "[host_probe]") {
  const FakeNvml fake{{"FAKE_NVML_LOST", "1"}};
  Machine machine;
  machine.driver("535.104.05")
      .gpu("0000:01:00.0", "NVIDIA GeForce RTX 3090", "GPU-1")
      .gpu("0000:02:00.0", "NVIDIA GeForce RTX 3090 Ti", "GPU-2");
  const HostProbe probe = machine.nvml(BERTH_FAKE_NVML).probe();
  REQUIRE(probe.host.gpus.size() == 2);
  REQUIRE(probe.host.gpus[1].name == "NVIDIA GeForce RTX 3090 Ti");
  REQUIRE(probe.host.gpus[1].uuid == "GPU-2");
  REQUIRE(remarked(probe, "GPU 1 cannot be used: GPU is lost"));
}

TEST_CASE("libraries without a driver, and a driver that does not answer", "[host_probe]") {
  const FakeNvml fake{{"FAKE_NVML_INIT", "9"}};
  Machine without;
  REQUIRE(remarked(without.nvml(BERTH_FAKE_NVML).probe(),
                   "libraries are installed, but the driver is not loaded"));
  Machine silent;
  REQUIRE(remarked(silent.driver("535.104.05").nvml(BERTH_FAKE_NVML).probe(),
                   "driver 535.104.05 is loaded, but NVML cannot talk to it: Driver Not Loaded"));
}

TEST_CASE("a GPU on the bus without a driver is remarked on", "[host_probe]") {
  Machine machine;
  machine.pci_device("0000:01:00.0", "0x10de", "0x030000")
      .pci_device("0000:01:00.1", "0x10de", "0x040300")  // its sound controller
      .pci_device("0000:00:02.0", "0x8086", "0x030000")
      .file("sys/module/nouveau/refcnt", "1\n");
  const HostProbe probe = machine.probe();
  REQUIRE(probe.pci_gpus == std::vector<std::string>{"0000:01:00.0"});
  REQUIRE(probe.nouveau);
  REQUIRE(remarked(probe,
                   "there is an NVIDIA GPU (0000:01:00.0), but no NVIDIA driver is loaded; "
                   "nouveau drives it"));
  REQUIRE_FALSE(probe.host.has_gpu());
}

TEST_CASE("memory and architecture have docker's form", "[host_probe]") {
  Machine machine;
  machine.machine("aarch64").file("proc/meminfo",
                                  "MemTotal:       16384256 kB\nMemFree:         1234 kB\n");
  const HostProbe probe = machine.probe();
  REQUIRE(probe.host.memory_bytes == 16384256ULL * 1024);
  REQUIRE(probe.host.architecture == "arm64");
  REQUIRE(berth::runtime::docker_architecture("x86_64") == "amd64");
  REQUIRE(berth::runtime::docker_architecture("ppc64le") == "ppc64le");
}

TEST_CASE("variables that hide GPUs are remarked on", "[host_probe]") {
  Machine machine;
  const HostProbe outside = machine.variable("CUDA_VISIBLE_DEVICES", "")
                                .variable("NVIDIA_VISIBLE_DEVICES", "void")
                                .probe();
  REQUIRE(remarked(outside, "CUDA_VISIBLE_DEVICES is `` here"));
  REQUIRE_FALSE(remarked(outside, "NVIDIA_VISIBLE_DEVICES"));  // means nothing outside a container
  machine.file(".dockerenv", "");
  const HostProbe inside = machine.probe();
  REQUIRE(inside.in_container);
  REQUIRE(remarked(inside, "NVIDIA_VISIBLE_DEVICES is `void` here"));
}

TEST_CASE("device files without links in /dev/char are noticed", "[host_probe]") {
  Machine machine;
  REQUIRE_FALSE(machine.probe().char_links_missing);
  machine.file("dev/nvidiactl", "");
  REQUIRE(machine.probe().char_links_missing);
  machine.file("dev/char/195:255", "");
  REQUIRE_FALSE(machine.probe().char_links_missing);
}

TEST_CASE("the distribution and those it is like are read", "[host_probe]") {
  Machine machine;
  machine.file("etc/os-release", "NAME=\"Rocky\"\nID_LIKE=\"rhel centos fedora\"\nID=rocky\n");
  REQUIRE(machine.probe().os_ids == std::vector<std::string>{"rocky", "rhel", "centos", "fedora"});
}

TEST_CASE("the engine brings disk space and the hook with it", "[host_probe]") {
  Machine machine;
  HostProbe probe = machine.file("usr/bin/nvidia-container-runtime-hook", "").probe();
  berth::EngineFacts engine;
  engine.address = "unix:///var/run/docker.sock";
  engine.storage_root = machine.root().string();
  add_engine(probe, engine);
  REQUIRE(probe.host.engine->nvidia_hook);
  REQUIRE(probe.host.free_disk_bytes.value_or(0) > 0);

  // Podman does not use the hook, and a remote engine's disk is not ours.
  engine.kind = berth::EngineFacts::Kind::podman;
  add_engine(probe, engine);
  REQUIRE_FALSE(probe.host.engine->nvidia_hook);
  engine.kind = berth::EngineFacts::Kind::docker;
  engine.address = "tcp://10.0.0.7:2375";
  HostProbe remote = machine.probe();
  add_engine(remote, engine);
  REQUIRE_FALSE(remote.host.engine->nvidia_hook);
  REQUIRE_FALSE(remote.host.free_disk_bytes);
}

TEST_CASE("disk space of a folder that is not there is not known", "[host_probe]") {
  REQUIRE_FALSE(berth::runtime::free_disk_bytes("/there/is/no/such/folder"));
  REQUIRE_FALSE(berth::runtime::free_disk_bytes(""));
}

TEST_CASE("a process is named with its user and its container", "[host_probe]") {
  const std::string id(64, 'a');
  struct Case {
    const char* description;
    std::string cgroup;
    std::string container;
  };
  const Case cases[] = {
      {"version 1", "12:devices:/docker/" + id + "\n0::/\n", id},
      {"version 2 under systemd", "0::/system.slice/docker-" + id + ".scope\n", id},
      {"podman", "0::/machine.slice/libpod-" + id + ".scope/container\n", id},
      {"no container", "0::/user.slice/user-1000.slice/session-2.scope\n", ""},
      {"not an id: 65 digits", "0::/docker/" + id + "b\n", ""},
  };
  for (const Case& one : cases) {
    INFO(one.description);
    Machine machine;
    machine.file("proc/4242/status", "Name:\tpython\nUmask:\t0022\nUid:\t1000\t1000\t1000\t1000\n")
        .file("proc/4242/cmdline", std::string("python\0train.py\0", 16))
        .file("proc/4242/cgroup", one.cgroup);
    const ProcessFacts facts = machine.process(4242);
    REQUIRE(facts.name == "python");
    REQUIRE(facts.command == "python train.py");
    REQUIRE(facts.uid == 1000U);
    REQUIRE(facts.container == one.container);
  }
  REQUIRE(Machine().process(4243).name.empty());
}
