// The doctor on machines made of files: what confines containers there, and what surrounds them.
#include <filesystem>
#include <string>

#include "support/workstation.hpp"

using namespace berth;
using namespace berth::cli;
using namespace berth::test;
using Status = Finding::Status;

// ---- AppArmor ----

TEST_CASE("AppArmor with its tools is no finding", "[doctor][machine]") {
  Workstation machine;
  machine.app_armor();
  REQUIRE(is_absent(machine, "apparmor-profile"));
}

TEST_CASE("AppArmor without its parser keeps Docker from starting containers",
          "[doctor][machine]") {
  Workstation machine;
  machine.app_armor();
  std::filesystem::remove(machine.root() / "usr/sbin/apparmor_parser");
  const Finding finding = expect(machine, "apparmor-profile", Status::problem);
  REQUIRE(contains(finding.cause, "docker-default profile could not be loaded"));
  REQUIRE(finding.remedy.front() == "`sudo apt-get install apparmor`");
  REQUIRE(finding.remedy[1] == "`sudo systemctl restart docker`");
  REQUIRE(contains(finding.remedy.back(), "--security-opt apparmor=unconfined"));

  SECTION("the profile that was loaded before stays until the restart") {
    SECTION("as root sees it") {
      machine.file("sys/kernel/security/apparmor/profiles",
                   "/usr/sbin/cupsd (enforce)\ndocker-default (enforce)\n");
    }
    SECTION("as others do") {
      machine.file("sys/kernel/security/apparmor/policy/profiles/docker-default.7/mode", "enforce");
    }
    REQUIRE(contains(expect(machine, "apparmor-profile", Status::note).cause, "next restart"));
  }
  SECTION("other profiles are none of Docker's") {
    machine.file("sys/kernel/security/apparmor/profiles", "docker-default-mine (enforce)\n");
    expect(machine, "apparmor-profile", Status::problem);
  }
  SECTION("the remedy is the distribution's") {
    machine.file("etc/os-release", "ID=opensuse-leap\nID_LIKE=\"suse opensuse\"\n");
    REQUIRE(expect(machine, "apparmor-profile", Status::problem).remedy.front() ==
            "`sudo zypper install apparmor-parser`");
  }
  SECTION("a kernel without AppArmor is not the engine's") {
    machine.file("sys/module/apparmor/parameters/enabled", "N\n");
    REQUIRE(is_absent(machine, "apparmor-profile"));
    std::filesystem::remove_all(machine.root() / "sys/module/apparmor");
    REQUIRE(is_absent(machine, "apparmor-profile"));
  }
  SECTION("an engine that does without AppArmor needs no parser") {
    machine.details.apparmor = false;  // Docker from 23.0.2 on looks for the parser
    REQUIRE(is_absent(machine, "apparmor-profile"));
  }
  SECTION("the snap has a parser of its own") {
    machine.engine.storage_root = "/var/snap/docker/common/var-lib-docker";
    REQUIRE(is_absent(machine, "apparmor-profile"));
  }
  SECTION("berth's own container is not the engine's machine") {
    machine.file(".dockerenv", "");
    REQUIRE(is_absent(machine, "apparmor-profile"));
  }
}

TEST_CASE("an LXC container without nesting loads no profile", "[doctor][machine]") {
  Workstation machine;
  machine.app_armor().file("run/systemd/container", "lxc\n");
  machine.file("proc/self/attr/apparmor/current", "lxc-container-default-cgns (enforce)\n");
  const Finding finding = expect(machine, "apparmor-profile", Status::problem);
  REQUIRE(contains(finding.message, "`lxc-container-default-cgns`"));
  REQUIRE(contains(finding.remedy.front(), "nesting=1"));
  // With nesting it is unconfined in a namespace of its own; older kernels have one file for all.
  std::filesystem::remove_all(machine.root() / "proc/self/attr/apparmor");
  machine.file("proc/self/attr/current", "unconfined\n");
  REQUIRE(is_absent(machine, "apparmor-profile"));
}

// ---- memory ----

TEST_CASE("what /dev/shm a run gets is said, and what it means on a small machine",
          "[doctor][machine]") {
  Workstation machine;
  machine.file("proc/meminfo", "MemTotal:       67108864 kB\n");
  REQUIRE(contains(expect(machine, "shm-default", Status::ok).message, "32.0 GiB"));
  machine.engine.memory_bytes = 8ULL << 30;  // a virtual machine's
  REQUIRE(contains(expect(machine, "shm-default", Status::ok).message, "4.0 GiB"));
  machine.engine.memory_bytes = 1ULL << 30;
  const Finding finding = expect(machine, "shm-default", Status::note);
  REQUIRE(contains(finding.message, "512.0 MiB"));
  REQUIRE(contains(finding.cause, "Bus error"));
  REQUIRE(contains(finding.remedy.front(), "num_workers=0"));
}

TEST_CASE("daemon.json's size of /dev/shm is docker's own, and told where it is larger",
          "[doctor][machine]") {
  Workstation machine;
  machine.file("proc/meminfo", "MemTotal:       16777216 kB\n");
  machine.file("etc/docker/daemon.json", R"({"default-shm-size": "16G"})");
  const Finding finding = expect(machine, "shm-default", Status::note);
  REQUIRE(contains(finding.cause, "`/etc/docker/daemon.json` is larger (16G)"));
  REQUIRE(contains(finding.remedy.front(), "`berth run --shm-size 16G …`"));
  for (const char* smaller : {"\"1G\"", "1073741824", "\"many\"", "null"}) {
    machine.file("etc/docker/daemon.json", std::string(R"({"default-shm-size": )") + smaller + "}");
    expect(machine, "shm-default", Status::ok);
  }
}

TEST_CASE("a limit of this session's is not one of the engine's containers", "[doctor][machine]") {
  Workstation machine;
  machine.file("proc/meminfo", "MemTotal:       67108864 kB\n");
  REQUIRE(is_absent(machine, "memory-limit"));
  SECTION("cgroup v2, of a group above") {
    machine.file("proc/self/cgroup", "0::/slurm/job_7/step_0\n");
    machine.file("sys/fs/cgroup/slurm/job_7/memory.max", "8589934592\n");
    machine.file("sys/fs/cgroup/slurm/job_7/step_0/memory.max", "max\n");
  }
  SECTION("cgroup v1, beside other controllers") {
    machine.file("proc/self/cgroup", "9:cpu,cpuacct:/\n5:memory:/slurm/job_7\n0::/\n");
    machine.file("sys/fs/cgroup/memory/slurm/job_7/memory.limit_in_bytes", "8589934592\n");
    machine.file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  }
  const Finding finding = expect(machine, "memory-limit", Status::note);
  REQUIRE(finding.message == "this session may use 8.0 GiB of memory, of 64.0 GiB");
  REQUIRE(contains(finding.cause, "are not in it"));
  REQUIRE(contains(finding.remedy.front(), "`berth run --memory 8192m …`"));
  machine.engine.rootless = true;
  REQUIRE(contains(expect(machine, "memory-limit", Status::note).cause, "rootless"));
}

// ---- surroundings ----

TEST_CASE("WSL2 is known by its GPU, or by its kernel alone", "[doctor][machine]") {
  Workstation with_gpu;
  REQUIRE(is_absent(with_gpu, "wsl2"));
  with_gpu.file("dev/dxg", "");
  REQUIRE(contains(expect(with_gpu, "wsl2", Status::note).cause, "Windows"));
  Workstation without;
  without.file("proc/sys/kernel/osrelease", "5.15.153.1-microsoft-standard-WSL2\n");
  expect(without, "wsl2", Status::note);
}

TEST_CASE("containers around berth are known by their marks", "[doctor][machine]") {
  for (const char* mark :
       {".dockerenv", "run/.containerenv", "var/run/secrets/kubernetes.io/serviceaccount/token",
        ".singularity.d/runscript"}) {
    INFO(mark);
    Workstation machine;
    REQUIRE(is_absent(machine, "in-container"));
    machine.file(mark, "");
    REQUIRE(contains(expect(machine, "in-container", Status::note).cause, "mounts"));
  }
  Workstation machine;
  machine.file("run/systemd/container", "podman\n");
  REQUIRE(contains(expect(machine, "in-container", Status::note).cause, "mounts"));
  for (const char* system : {"lxc\n", "systemd-nspawn\n"}) {
    machine.file("run/systemd/container", system);
    REQUIRE(contains(expect(machine, "in-container", Status::note).cause, "nesting"));
  }
}

TEST_CASE("a clock that runs away is noted, then a problem", "[doctor][machine]") {
  const Workstation machine;
  Observations seen = machine.observe();
  seen.engine_clock_ahead = 5;
  REQUIRE_FALSE(find(seen, "clock-skew"));
  seen.engine_clock_ahead = -60;
  REQUIRE(find(seen, "clock-skew")->status == Status::note);
  REQUIRE(contains(find(seen, "clock-skew")->message, "60 seconds behind"));
  seen.engine_clock_ahead = 3600;
  REQUIRE(find(seen, "clock-skew")->status == Status::problem);
}

TEST_CASE("a proxy that the shell has and the engine has not", "[doctor][machine]") {
  Workstation machine;
  Observations seen = machine.observe();
  seen.shell_proxies = {"HTTPS_PROXY"};
  const Finding finding = *find(seen, "engine-proxy");
  REQUIRE(finding.status == Status::note);
  REQUIRE(contains(finding.remedy[1], "\"HTTPS_PROXY=$HTTPS_PROXY\""));  // never its value
  machine.details.https_proxy = "http://proxy:3128";
  seen = machine.observe();
  seen.shell_proxies = {"HTTPS_PROXY"};
  REQUIRE_FALSE(find(seen, "engine-proxy"));
}

TEST_CASE("certificates that Docker's daemon has not seen", "[doctor][machine]") {
  Workstation machine;
  machine.file("etc/ssl/certs/ca-certificates.crt", "x");
  machine.dockerd_started(100);
  Observations seen = machine.observe();
  seen.private_ca_bundle = "/etc/ssl/certs/ca-certificates.crt";
  seen.site = runtime::probe_engine_site(
      machine.roots(), {.rights = machine.rights, .ca_bundle = seen.private_ca_bundle});
  REQUIRE(find(seen, "engine-ca")->remedy ==
          std::vector<std::string>{"`sudo systemctl restart docker`"});
  machine.dockerd_started(10'000'000'000);
  seen.site = runtime::probe_engine_site(
      machine.roots(), {.rights = machine.rights, .ca_bundle = seen.private_ca_bundle});
  REQUIRE(find(seen, "private-ca")->status == Status::ok);
}
