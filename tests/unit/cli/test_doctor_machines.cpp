// The doctor on machines made of files, sockets and a stand-in of NVML: what is probed there,
// judged and said. One test per ailment; the engine's own facts are what such an engine answers.
// Those of the surroundings are in test_doctor_surroundings.cpp.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "support/fake_nvml_settings.hpp"
#include "support/workstation.hpp"

using namespace berth;
using namespace berth::cli;
using namespace berth::test;
using Status = Finding::Status;

TEST_CASE("a workstation that is well has no problem", "[doctor][machine]") {
  const Workstation machine;
  for (const Finding& finding : examine(machine.observe())) {
    INFO(finding.code << ": " << finding.message);
    REQUIRE((finding.status != Status::problem || finding.code == "disk-space"));
  }
}

// ---- why no engine answers ----

TEST_CASE("no engine is installed, or only a client", "[doctor][machine]") {
  Workstation machine;
  machine.unreachable(no_socket());
  std::filesystem::remove(machine.root() / "usr/bin/dockerd");
  REQUIRE(contains(expect(machine, "engine-not-installed", Status::problem).message,
                   "only Docker's client"));
  std::filesystem::remove(machine.root() / "usr/bin/docker");
  const Finding finding = expect(machine, "engine-not-installed", Status::problem);
  REQUIRE(finding.message == "no container engine is installed");
  REQUIRE(contains(finding.remedy.front(), "get.docker.com"));
}

TEST_CASE("an engine is installed and does not run", "[doctor][machine]") {
  Workstation machine;
  machine.unreachable(no_socket());
  Finding finding = expect(machine, "engine-not-running", Status::problem);
  REQUIRE(finding.message ==
          "Docker is installed (`/usr/bin/dockerd`), and its daemon does not run");
  REQUIRE(finding.remedy.front() == "`sudo systemctl enable --now docker`");

  std::filesystem::remove_all(machine.root() / "run/systemd");  // as in WSL2 without it
  REQUIRE(expect(machine, "engine-not-running", Status::problem).remedy ==
          std::vector<std::string>{"`sudo service docker start`"});

  std::filesystem::remove(machine.root() / "usr/bin/dockerd");
  machine.file("usr/bin/podman", "");
  REQUIRE(contains(expect(machine, "engine-not-running", Status::problem).remedy.front(),
                   "podman.socket"));

  std::filesystem::remove(machine.root() / "usr/bin/podman");
  machine.file("opt/docker-desktop/bin/x", "");
  REQUIRE(expect(machine, "engine-not-running", Status::problem).remedy ==
          std::vector<std::string>{"`systemctl --user start docker-desktop`"});
}

TEST_CASE("a socket that its engine left behind is named", "[doctor][machine]") {
  Workstation machine;
  machine.socket("var/run/docker.sock", false);
  machine.unreachable(Error{Errc::engine_unreachable, "no answer"}.named("engine-not-running"));
  const Finding finding = expect(machine, "engine-socket-dead", Status::problem);
  REQUIRE(finding.message == "`/var/run/docker.sock` is there, and nothing listens on it");
  REQUIRE(finding.remedy.front() == "`sudo systemctl restart docker`");
}

TEST_CASE("Docker Desktop that answers beside docker's context is pointed at",
          "[doctor][machine]") {
  Workstation machine;
  machine.socket("home/ada/.docker/desktop/docker.sock", true);
  machine.unreachable(no_socket());
  REQUIRE(expect(machine, "engine-reachable", Status::problem).remedy.front() ==
          "`docker context use desktop-linux`");
}

TEST_CASE("who may open the socket decides over the remedy", "[doctor][machine]") {
  Workstation machine;
  machine.socket("var/run/docker.sock", true).mode("var/run/docker.sock", 0660);
  const std::string number = std::to_string(::getegid());
  machine.unreachable(Error{Errc::engine_unreachable, "denied"}.named("engine-permission-denied"));
  Observations seen = machine.observe();
  // Tests may run as root, whom nothing is denied.
  REQUIRE(seen.site.sockets.size() == 1);
  seen.site.sockets[0].error_number = EACCES;

  machine.file("etc/group", "docker:x:" + number + ":grace\n");
  const auto with_group = [&machine]() {
    Observations observed = machine.observe();
    observed.site.sockets[0].error_number = EACCES;
    return *find(observed, "engine-permission");
  };
  REQUIRE(contains(with_group().cause, "`ada` is not in it"));
  REQUIRE(contains(with_group().remedy.front(), "`sudo usermod -aG docker ada`"));

  machine.file("etc/group", "docker:x:" + number + ":grace,ada\n");
  machine.rights.groups = {1000};
  REQUIRE(contains(with_group().cause, "this session began before"));
  REQUIRE(contains(with_group().remedy.front(), "`newgrp docker`"));
}

TEST_CASE("root is told of no group, and under sudo the caller is", "[doctor][machine]") {
  Workstation machine;
  machine.unreachable(no_socket());
  for (const char* program : {"usr/bin/docker", "usr/bin/dockerd"}) {
    std::filesystem::remove(machine.root() / program);
  }
  Observations seen = machine.observe();
  seen.is_root = true;
  seen.user = "root";
  const auto remedy = [&seen] {
    std::string all;
    const Finding finding = *find(seen, "engine-not-installed");
    for (const std::string& step : finding.remedy) {
      all += step + "\n";
    }
    return all;
  };
  REQUIRE_FALSE(contains(remedy(), "usermod"));
  seen.sudo_user = "ada";
  REQUIRE(contains(remedy(), "`sudo usermod -aG docker ada`"));
  seen.is_root = false;
  seen.user = "grace hopper";
  REQUIRE(contains(remedy(), "`sudo usermod -aG docker 'grace hopper'`"));

  Workstation closed;
  closed.socket("var/run/docker.sock", true).mode("var/run/docker.sock", 0660);
  closed.unreachable(Error{Errc::engine_unreachable, "denied"}.named("engine-permission-denied"));
  Observations by_root = closed.observe();
  by_root.is_root = true;
  by_root.site.sockets[0].error_number = EACCES;
  const Finding finding = *find(by_root, "engine-permission");
  REQUIRE(contains(finding.cause, "no group keeps out"));
  REQUIRE_FALSE(contains(finding.remedy.front(), "usermod"));
}

TEST_CASE("an address that leads nowhere is named, with the way back", "[doctor][machine]") {
  Workstation machine;
  machine.socket("var/run/docker.sock", true);
  machine.unreachable(
      Error{Errc::engine_unreachable, "no container engine answers at tcp://box:2375: refused"}
          .note("the address is from DOCKER_HOST")
          .hint("`berth --engine ssh://box …` needs no open port")
          .named("engine-refused"));
  Observations seen = machine.observe();
  seen.named_engine = "DOCKER_HOST";
  const Finding refused = *find(seen, "engine-reachable");
  REQUIRE(contains(refused.message, "tcp://box:2375"));
  REQUIRE(refused.remedy.size() == 3);
  REQUIRE(contains(refused.remedy[0], "asks the engine that does answer"));
  REQUIRE(contains(refused.remedy[1], "ssh://box"));
  REQUIRE(contains(refused.remedy[2], "`unset DOCKER_HOST`"));
  seen.named_engine = "docker context `lab`";
  REQUIRE(contains(find(seen, "engine-reachable")->remedy.back(),
                   "docker context `lab`; `docker context use default`"));
}

TEST_CASE("memory errors of a GPU are told with what to do", "[doctor][machine]") {
  Workstation machine;
  Observations seen = machine.observe();
  REQUIRE_FALSE(find(seen, "gpu-memory-errors"));
  seen.probe.nvml.gpus.at(1).uncorrected_ecc_errors = 2;
  const Finding finding = *find(seen, "gpu-memory-errors");
  REQUIRE(finding.status == Status::problem);
  REQUIRE(finding.message == "GPU 1 has 2 uncorrected memory errors");
  REQUIRE(contains(finding.remedy.at(1), "`sudo nvidia-smi -i 1 --gpu-reset`"));
}

TEST_CASE("a second engine is named, and a link to the first is none", "[doctor][machine]") {
  Workstation machine;
  machine.variable("XDG_RUNTIME_DIR", "/run/user/1000");
  machine.socket("var/run/docker.sock", true);
  std::filesystem::create_directories(machine.root() / "run/podman");
  std::filesystem::create_symlink(machine.root() / "var/run/docker.sock",
                                  machine.root() / "run/podman/podman.sock");
  REQUIRE(is_absent(machine, "engine-others"));
  machine.socket("run/user/1000/podman/podman.sock", true);
  const Finding finding = expect(machine, "engine-others", Status::note);
  REQUIRE(finding.message == "another engine answers at unix:///run/user/1000/podman/podman.sock");
  REQUIRE(finding.remedy.front() ==
          "`berth --engine unix:///run/user/1000/podman/podman.sock doctor` examines it");
}

TEST_CASE("an engine newer than the tested ones is noted", "[doctor][machine]") {
  Workstation machine;
  machine.details.newest_api = "1.60";
  REQUIRE(contains(expect(machine, "engine-version", Status::note).message, "1.60"));
}

TEST_CASE("Docker Desktop on Linux has no GPUs", "[doctor][machine]") {
  Workstation machine;
  machine.details.operating_system = "Docker Desktop";
  machine.without_support();
  REQUIRE(contains(expect(machine, "docker-desktop", Status::problem).cause, "no GPU"));
  machine.file("dev/dxg", "");
  expect(machine, "docker-desktop", Status::note);
}

TEST_CASE("Docker's snap, in use or the only one that is installed", "[doctor][machine]") {
  Workstation machine;
  machine.file("snap/bin/docker", "");
  REQUIRE(is_absent(machine, "snap-docker"));  // another engine answers
  machine.engine.storage_root = "/var/snap/docker/common/var-lib-docker";
  REQUIRE(contains(expect(machine, "snap-docker", Status::problem).cause, "no-new-privileges"));
  machine.unreachable(no_socket());
  expect(machine, "snap-docker", Status::problem);
}

TEST_CASE("an engine that speaks only what is newer than berth", "[doctor][machine]") {
  Workstation machine;
  machine.unreachable(Error{Errc::engine_failed, "the engine does not speak API 1.51"}
                          .note("the engine says: client version 1.51 is too old")
                          .hint("install a newer berth: `berth version` says which one this is")
                          .named("engine-too-new"));
  REQUIRE(
      contains(expect(machine, "engine-version", Status::problem).remedy.front(), "newer berth"));
}

TEST_CASE("rootless: root inside is the caller outside", "[doctor][machine]") {
  Workstation machine;
  machine.engine.rootless = true;
  REQUIRE(contains(expect(machine, "engine-rootless", Status::note).cause, "this user outside"));
}

TEST_CASE("a daemon.json that is no JSON is found before the daemon does", "[doctor][machine]") {
  Workstation machine;
  machine.file("etc/docker/daemon.json", "{\"runtimes\": }");
  REQUIRE(contains(expect(machine, "daemon-config", Status::problem).remedy.front(), "--validate"));
}

// ---- the driver ----

TEST_CASE("nouveau in the driver's place", "[doctor][machine]") {
  Workstation machine;
  std::filesystem::remove_all(machine.root() / "sys/module/nvidia");
  machine.nvml("libberth-none.so.1").file("sys/module/nouveau/refcnt", "1\n");
  REQUIRE(contains(expect(machine, "gpu-nouveau", Status::problem).cause, "nouveau"));
}

TEST_CASE("a module that was not built, is refused, or is only not loaded", "[doctor][machine]") {
  const FakeNvml fake{{"FAKE_NVML_INIT", "9"}};
  Workstation machine;
  std::filesystem::remove_all(machine.root() / "sys/module/nvidia");
  const std::string list = "lib/modules/6.8.0-45-generic/modules.dep";
  machine.file(list, "kernel/fs/ext4/ext4.ko.zst:\n");
  const Finding missing = expect(machine, "gpu-module-missing", Status::problem);
  REQUIRE(contains(missing.cause, "6.8.0-45-generic"));
  REQUIRE(contains(missing.remedy.front(), "dkms autoinstall"));

  machine.file(list, "updates/dkms/nvidia.ko.zst:\n");
  REQUIRE(
      contains(expect(machine, "gpu-driver", Status::problem).remedy.front(), "modprobe nvidia"));

  machine.file("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
               std::string("\6\0\0\0\1", 5));
  REQUIRE(contains(expect(machine, "gpu-secure-boot", Status::problem).remedy[1], "mokutil"));
}

TEST_CASE("a library of another version than the module, on a real tree", "[doctor][machine]") {
  const FakeNvml fake{{"FAKE_NVML_INIT", "18"}};
  Workstation machine;
  std::filesystem::copy_file(BERTH_FAKE_NVML, machine.root() / "libnvidia-ml.so.550.120");
  machine.nvml((machine.root() / "libnvidia-ml.so.550.120").string());
  REQUIRE(expect(machine, "gpu-nvml-mismatch", Status::problem).message ==
          "the loaded driver is 535.104.05, its library is 550.120");
}

TEST_CASE("a driver without its library, and a lost GPU", "[doctor][machine]") {
  Workstation without;
  without.nvml("libberth-none.so.1");
  REQUIRE(contains(expect(without, "gpu-library", Status::problem).remedy.front(),
                   "libnvidia-compute-535"));
  const FakeNvml fake{{"FAKE_NVML_LOST", "1"}};
  const Workstation lost;
  REQUIRE(contains(expect(lost, "gpu-lost", Status::problem).message, "GPU 1"));
}

TEST_CASE("nvidia-uvm that nothing has made matters most where CDI is used", "[doctor][machine]") {
  Workstation machine;
  std::filesystem::remove(machine.root() / "dev/nvidia-uvm");
  REQUIRE(expect(machine, "gpu-device-files", Status::note).message ==
          "/dev/nvidia-uvm is not there");
  machine.support = {.cdi = true};
  REQUIRE(expect(machine, "gpu-device-files", Status::problem).remedy ==
          std::vector<std::string>{"`sudo nvidia-modprobe -u -c=0`"});
  machine.file(".dockerenv", "");  // a container has what it was given
  REQUIRE(is_absent(machine, "gpu-device-files"));
}

TEST_CASE("device files that the caller may not open", "[doctor][machine]") {
  Workstation machine;
  machine.rights.uid = ::geteuid() + 1;
  machine.mode("dev/nvidia0", 0660);
  const Finding finding = expect(machine, "gpu-device-permission", Status::problem);
  REQUIRE(finding.message == "/dev/nvidia0 may not be opened by this user");
  REQUIRE(contains(finding.remedy.front(), "usermod -aG"));
  machine.mode("dev/nvidia0", 0600);
  REQUIRE(
      contains(expect(machine, "gpu-device-permission", Status::problem).remedy.front(), "chmod"));
  struct stat owner {};
  REQUIRE(::stat((machine.root() / "dev/nvidia0").c_str(), &owner) == 0);
  machine.mode("dev/nvidia0", 0660);
  machine.rights.groups = {owner.st_gid};
  REQUIRE(is_absent(machine, "gpu-device-permission"));
}

TEST_CASE("NVSwitches need the fabric manager", "[doctor][machine]") {
  Workstation machine;
  machine.pci_device("0000:05:00.0", "0x10de", "0x068000");
  REQUIRE(contains(expect(machine, "gpu-fabric-manager", Status::problem).cause, "802"));
  machine.file("proc/77/comm", "nv-fabricmanage\n");
  REQUIRE(is_absent(machine, "gpu-fabric-manager"));
}

// ---- how GPUs get into containers ----

TEST_CASE("a runtime that Docker lists and whose program is gone", "[doctor][machine]") {
  Workstation machine;
  machine.engine.runtimes = {"nvidia", "runc"};
  machine.details.nvidia_runtime = "/usr/bin/nvidia-container-runtime";
  REQUIRE(contains(expect(machine, "gpu-runtime-missing", Status::note).remedy.front(),
                   "`/etc/docker/daemon.json`"));  // the hook is there: GPUs are attached
  expect(machine, "gpu-engine-support", Status::ok);

  machine.without_toolkit();
  const Finding finding = expect(machine, "gpu-runtime-missing", Status::problem);
  REQUIRE(finding.message ==
          "Docker's runtime `nvidia` is `/usr/bin/nvidia-container-runtime`, which is not there");
  REQUIRE(contains(finding.remedy.front(), "nvidia-container-toolkit"));
  REQUIRE(contains(finding.remedy.back(), "`/etc/docker/daemon.json`"));
  REQUIRE(is_absent(machine, "gpu-engine-support"));  // no "ok" on the strength of the list

  machine.file("usr/bin/nvidia-container-runtime", "");
  REQUIRE(is_absent(machine, "gpu-runtime-missing"));
  machine.details.nvidia_runtime = "nvidia-container-runtime";  // as nvidia-ctk writes it
  REQUIRE(is_absent(machine, "gpu-runtime-missing"));
}

TEST_CASE("a default runtime that is gone keeps every container from starting",
          "[doctor][machine]") {
  Workstation machine;
  std::filesystem::remove_all(machine.root() / "sys");
  machine.without_toolkit().nvml("libberth-none.so.1");
  machine.engine.runtimes = {"nvidia", "runc"};
  machine.details.nvidia_runtime = "nvidia-container-runtime";
  expect(machine, "gpu-runtime-missing", Status::note);
  machine.details.default_runtime = "nvidia";
  const Finding finding = expect(machine, "gpu-runtime-missing", Status::problem);
  REQUIRE(contains(finding.cause, "no container starts"));
  REQUIRE(contains(finding.remedy.front(), "`default-runtime`"));
}

TEST_CASE("a runtime that daemon.json alone names", "[doctor][machine]") {
  Workstation machine;
  machine.file("etc/docker/daemon.json",
               R"({"runtimes": {"nvidia": {"path": "/opt/nvidia/bin/runtime", "args": []}}})");
  REQUIRE(contains(expect(machine, "gpu-runtime-missing", Status::note).message,
                   "`/opt/nvidia/bin/runtime`"));
  machine.without_toolkit();  // a trial has shown that the engine has its own
  expect(machine, "gpu-runtime-missing", Status::note);
  machine.engine.rootless = true;  // which has a file of its own
  REQUIRE(is_absent(machine, "gpu-runtime-missing"));
  machine.file("home/ada/.config/docker/daemon.json", R"({"runtimes": {"nvidia": {"path": 7}}})");
  REQUIRE(is_absent(machine, "gpu-runtime-missing"));
}

TEST_CASE("a runtime without the hook beside it", "[doctor][machine]") {
  Workstation machine;
  machine.engine.runtimes = {"nvidia", "runc"};
  std::filesystem::remove(machine.root() / "usr/bin/nvidia-container-runtime-hook");
  REQUIRE(contains(expect(machine, "gpu-toolkit-missing", Status::problem).message,
                   "nvidia-container-runtime-hook"));
  REQUIRE(is_absent(machine, "gpu-engine-support"));
  machine.engine.version = "29.2.0";  // with a specification, CDI comes first
  machine.cdi_spec("535.104.05", true);
  REQUIRE(is_absent(machine, "gpu-toolkit-missing"));
}

TEST_CASE("no toolkit on the machine", "[doctor][machine]") {
  Workstation machine;
  machine.without_toolkit().without_support();
  REQUIRE(contains(expect(machine, "gpu-toolkit-missing", Status::problem).remedy.back(),
                   "nvidia-ctk runtime configure"));
}

TEST_CASE("a toolkit that Docker was not told of", "[doctor][machine]") {
  Workstation machine;
  machine.without_support();
  const Finding finding = expect(machine, "gpu-toolkit-unconfigured", Status::problem);
  REQUIRE(contains(finding.remedy.front(), "sudo systemctl restart docker"));
  machine.engine.rootless = true;
  REQUIRE(contains(expect(machine, "gpu-toolkit-unconfigured", Status::problem).remedy.front(),
                   "systemctl --user restart docker"));
}

TEST_CASE("a daemon that was not restarted since it was configured", "[doctor][machine]") {
  Workstation machine;
  machine.without_support().dockerd_started(100);
  machine.file("etc/docker/daemon.json",
               R"({"runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}})");
  const Finding finding = expect(machine, "gpu-engine-restart", Status::problem);
  REQUIRE(contains(finding.cause, "was changed after the daemon's start"));
  REQUIRE(finding.remedy == std::vector<std::string>{"`sudo systemctl restart docker`"});

  machine.dockerd_started(10'000'000'000);  // later than the file: another configuration
  REQUIRE(
      contains(expect(machine, "gpu-engine-restart", Status::problem).cause, "does not go by it"));
}

TEST_CASE("a toolkit that was installed after the daemon's start", "[doctor][machine]") {
  Workstation machine;
  machine.without_support().dockerd_started(100);
  REQUIRE(
      contains(expect(machine, "gpu-engine-restart", Status::problem).cause, "installed after"));
  machine.dockerd_started(10'000'000'000);
  expect(machine, "gpu-toolkit-unconfigured", Status::problem);
}

TEST_CASE("CDI that Docker was not told to take", "[doctor][machine]") {
  Workstation machine;
  machine.without_support().cdi_spec("535.104.05", true);
  REQUIRE(contains(expect(machine, "gpu-cdi-disabled", Status::problem).remedy.front(),
                   "--cdi.enabled"));
  machine.engine.version = "28.5.1";  // takes it unless told not to
  REQUIRE(is_absent(machine, "gpu-cdi-disabled"));
  machine.file("etc/docker/daemon.json", R"({"features": {"cdi": false}})");
  expect(machine, "gpu-cdi-disabled", Status::problem);
}

TEST_CASE("Podman without a CDI specification, and one too old for any", "[doctor][machine]") {
  Workstation machine;
  machine.without_support();
  machine.engine.kind = EngineFacts::Kind::podman;
  machine.engine.cdi_spec_dirs = true;
  REQUIRE(expect(machine, "gpu-cdi-missing", Status::problem).remedy.front() ==
          "`sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`");
  machine.engine.cdi_spec_dirs = false;
  REQUIRE(contains(expect(machine, "gpu-engine-support", Status::problem).remedy.front(), "5.4"));
}

TEST_CASE("a CDI specification that the driver has left behind", "[doctor][machine]") {
  Workstation machine;
  machine.support = {.cdi = true};
  machine.cdi_spec("535.104.05", true);
  REQUIRE(is_absent(machine, "cdi-spec-stale"));

  machine.cdi_spec("535.98", false);
  REQUIRE(expect(machine, "cdi-spec-stale", Status::problem).message ==
          "`/etc/cdi/nvidia.yaml` is for driver 535.98, loaded is 535.104.05");

  machine.cdi_spec("535.104.05", true);
  std::filesystem::remove(machine.root() / "dev/nvidia0");
  REQUIRE(expect(machine, "cdi-spec-stale", Status::problem).message ==
          "`/etc/cdi/nvidia.yaml` names what is not there: /dev/nvidia0");

  machine.support = {.nvidia = true};  // this engine uses the hook
  expect(machine, "cdi-spec-stale", Status::note);
  machine.engine.version = "29.2.0";  // and this one tries CDI first
  expect(machine, "cdi-spec-stale", Status::problem);
}

TEST_CASE("a CDI specification in JSON is read, one that is neither is said", "[doctor][machine]") {
  Workstation machine;
  machine.support = {.cdi = true};
  machine.file("var/run/cdi/nvidia.json", R"({"kind": "nvidia.com/gpu", "devices": [
    {"name": "0", "containerEdits": {"deviceNodes": [{"path": "/dev/nvidia0", "hostPath": "/dev/gone"}]}}]})");
  REQUIRE(contains(expect(machine, "cdi-spec-stale", Status::problem).message, "/dev/gone"));
  machine.file("etc/cdi/nvidia.yaml", "kind: nvidia.com/gpu\ndevices: [\n");
  REQUIRE(contains(expect(machine, "cdi-spec-invalid", Status::problem).message,
                   "/etc/cdi/nvidia.yaml"));
}

TEST_CASE("a mode of the toolkit in which its hook refuses to work", "[doctor][machine]") {
  Workstation machine;
  for (const char* mode : {"cdi", "jit-cdi"}) {
    machine.toolkit_config(std::string("[nvidia-container-runtime]\nmode = \"") + mode + "\"\n");
    REQUIRE(
        contains(expect(machine, "gpu-hook-mode", Status::problem).remedy.front(), "mode=auto"));
  }
  machine.toolkit_config("[nvidia-container-runtime]\nmode = \"auto\"\n");
  REQUIRE(is_absent(machine, "gpu-hook-mode"));
  machine.toolkit_config("[nvidia-container-runtime]\nmode = \"cdi\"\n");
  machine.support = {.cdi = true};  // without the hook nothing refuses
  REQUIRE(is_absent(machine, "gpu-hook-mode"));
}

TEST_CASE("no-cgroups is for rootless engines, and they need it", "[doctor][machine]") {
  Workstation machine;
  machine.toolkit_config("[nvidia-container-cli]\nno-cgroups = true\n");
  REQUIRE(contains(expect(machine, "gpu-no-cgroups", Status::problem).remedy.front(),
                   "no-cgroups=false"));
  machine.engine.rootless = true;
  REQUIRE(is_absent(machine, "gpu-no-cgroups"));
  machine.toolkit_config("#no-cgroups = false\n");
  REQUIRE(contains(expect(machine, "gpu-no-cgroups", Status::problem).remedy.front(),
                   "no-cgroups=true"));
}

TEST_CASE("a configuration of the toolkit that is no TOML", "[doctor][machine]") {
  Workstation machine;
  std::string endless = "a";
  for (int i = 0; i < 200'000; ++i) {
    endless += ".a";
  }
  for (const std::string& content : {std::string("[nvidia-container-cli\n"), endless + " = 1\n"}) {
    machine.toolkit_config(content);
    expect(machine, "gpu-toolkit-config", Status::problem);
  }
}

TEST_CASE("links in /dev/char matter under systemd alone", "[doctor][machine]") {
  Workstation machine;
  std::filesystem::remove(machine.root() / "dev/char/195:255");
  expect(machine, "gpu-char-links", Status::note);
  machine.details.cgroup_driver = "cgroupfs";
  REQUIRE(is_absent(machine, "gpu-char-links"));
}

TEST_CASE("SELinux keeps GPUs from containers that are labelled", "[doctor][machine]") {
  Workstation machine;
  machine.file("sys/fs/selinux/enforce", "1");
  machine.file("sys/fs/selinux/booleans/container_use_devices", "0 0");
  REQUIRE(is_absent(machine, "selinux-devices"));  // Docker does not label, unless told to
  machine.details.selinux = true;
  REQUIRE(
      contains(expect(machine, "selinux-devices", Status::problem).remedy.front(), "setsebool"));
  machine.file("sys/fs/selinux/booleans/container_use_devices", "1 1");
  REQUIRE(is_absent(machine, "selinux-devices"));
}
