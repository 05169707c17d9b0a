// The doctor's judgement, finding by finding, on machines put together here.
#include <algorithm>
#include <string>

#include "cli/doctor_checks.hpp"
#include "support/catch.hpp"

using berth::EngineFacts;
using berth::Errc;
using berth::Error;
using berth::cli::examine;
using berth::cli::Finding;
using berth::cli::Observations;
using berth::runtime::GpuSupport;
using berth::runtime::NvmlProblem;
using Status = berth::cli::Finding::Status;

namespace {

constexpr std::uint64_t kGibibyte = 1ULL << 30;

berth::Catalog small_catalog() {
  berth::Catalog catalog;
  const auto branch = [](unsigned number, const char* cuda, const char* end_of_life) {
    return berth::DriverBranch{number, *berth::CudaVersion::parse(cuda), "", end_of_life, {}};
  };
  catalog.driver_branches = {branch(470, "11.4", "2024-07"), branch(535, "12.2", "2026-06"),
                             branch(550, "12.4", "")};
  berth::Capability ampere;
  ampere.value = berth::ComputeCapability{8, 6};
  catalog.capabilities = {ampere};
  berth::GpuModel model;
  model.name = "GeForce RTX 3090";
  model.capability = ampere.value;
  catalog.gpus = {model};
  return catalog;
}

// A workstation on which everything works: Docker, the toolkit, driver 535, one RTX 3090.
Observations healthy() {
  Observations seen;
  seen.catalog = small_catalog();
  seen.today = "2025-11-23";
  EngineFacts engine;
  engine.address = "unix:///var/run/docker.sock";
  engine.version = "28.5.1";
  engine.api_version = "1.51";
  engine.architecture = "amd64";
  engine.storage_root = "/var/lib/docker";
  seen.engine = engine;
  GpuSupport support;
  support.nvidia = true;
  support.evidence = {"the engine lists the runtime `nvidia`"};
  seen.gpu_support = support;

  auto& probe = seen.probe;
  probe.os_ids = {"ubuntu", "debian"};
  probe.kernel_driver = berth::DriverVersion::parse("535.104.05");
  probe.nvidia_hook = "/usr/bin/nvidia-container-runtime-hook";
  probe.nvidia_ctk = "/usr/bin/nvidia-ctk";
  probe.host.driver = probe.kernel_driver;
  probe.host.driver_cuda = berth::CudaVersion::parse("12.2");
  probe.host.gpus = {{.index = 0,
                      .name = "NVIDIA GeForce RTX 3090",
                      .uuid = "GPU-1",
                      .compute_capability = berth::ComputeCapability{8, 6},
                      .memory_bytes = 24 * kGibibyte}};
  probe.pci_gpus = {"0000:01:00.0"};
  probe.host.memory_bytes = 64 * kGibibyte;
  probe.host.free_disk_bytes = 200 * kGibibyte;
  probe.host.engine = engine;
  return seen;
}

// The same machine without GPU, driver and toolkit.
Observations without_gpu() {
  Observations seen = healthy();
  seen.probe = {};
  seen.probe.os_ids = {"debian"};
  seen.probe.host.free_disk_bytes = 200 * kGibibyte;
  GpuSupport none;
  none.evidence = {"the engine has no device driver nvidia (tried)"};
  seen.gpu_support = none;
  return seen;
}

GpuSupport no_support() {
  GpuSupport support;
  support.evidence = {"the engine has no device driver nvidia (tried)"};
  return support;
}

std::optional<Finding> find(const Observations& seen, const std::string& code) {
  const std::vector<Finding> findings = examine(seen);
  const auto found = std::find_if(findings.begin(), findings.end(),
                                  [&code](const Finding& one) { return one.code == code; });
  return found == findings.end() ? std::nullopt : std::optional<Finding>(*found);
}

// The finding with this code, which must be there and of this status.
Finding expect(const Observations& seen, const std::string& code, Status status) {
  const std::optional<Finding> found = find(seen, code);
  INFO(code);
  REQUIRE(found);
  INFO(found->message);
  REQUIRE(found->status == status);
  if (status == Status::problem) {
    REQUIRE_FALSE(found->remedy.empty());  // a problem without a remedy helps nobody
  }
  return *found;
}

std::vector<std::string> codes_of(const std::vector<Finding>& findings, Status status) {
  std::vector<std::string> codes;
  for (const Finding& one : findings) {
    if (one.status == status) {
      codes.push_back(one.code);
    }
  }
  return codes;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a machine on which all works has neither problems nor notes", "[doctor]") {
  const std::vector<Finding> findings = examine(healthy());
  REQUIRE(codes_of(findings, Status::problem).empty());
  REQUIRE(codes_of(findings, Status::note).empty());
  REQUIRE(codes_of(findings, Status::ok) ==
          std::vector<std::string>{"engine-reachable", "engine-version", "gpu-present",
                                   "driver-catalogue", "gpu-engine-support", "disk-space",
                                   "shm-default"});
}

TEST_CASE("a machine without GPU is a note, not a problem", "[doctor]") {
  const Observations seen = without_gpu();
  REQUIRE(codes_of(examine(seen), Status::problem).empty());
  REQUIRE(contains(expect(seen, "gpu-none", Status::note).cause, "CPU"));
  REQUIRE(contains(expect(seen, "gpu-engine-support", Status::note).cause, "no GPU to attach"));
}

// ---- engine ----

TEST_CASE("an engine that does not answer is a problem with the error's remedy", "[doctor]") {
  Observations seen = healthy();
  seen.engine = berth::fail(Error{Errc::engine_unreachable, "no container engine was found"}
                                .note("tried unix:///var/run/docker.sock: no such socket")
                                .hint("`sudo systemctl start docker`")
                                .named("engine-timeout"));
  seen.gpu_support.reset();
  const Finding finding = expect(seen, "engine-reachable", Status::problem);
  REQUIRE(finding.message == "no container engine was found");
  REQUIRE(contains(finding.cause, "no such socket"));
  REQUIRE(finding.remedy == std::vector<std::string>{"`sudo systemctl start docker`"});
  // The rest is still examined.
  expect(seen, "gpu-present", Status::ok);
  REQUIRE_FALSE(find(seen, "disk-space"));
  REQUIRE_FALSE(find(seen, "gpu-engine-support"));
}

TEST_CASE("a socket without permission and an engine too old have codes of their own", "[doctor]") {
  Observations seen = healthy();
  seen.gpu_support.reset();
  seen.engine = berth::fail(Error{Errc::engine_unreachable, "permission denied"}
                                .hint("`sudo usermod -aG docker $USER`")
                                .named("engine-permission-denied"));
  expect(seen, "engine-permission", Status::problem);
  REQUIRE_FALSE(find(seen, "engine-reachable"));
  seen.engine = berth::fail(Error{Errc::engine_failed, "the engine is too old: it speaks API 1.39"}
                                .hint("upgrade it")
                                .named("engine-too-old"));
  expect(seen, "engine-version", Status::problem);
}

TEST_CASE("Docker from the snap store is a problem where there are GPUs", "[doctor]") {
  Observations seen = healthy();
  seen.engine->storage_root = "/var/snap/docker/common/var-lib-docker";
  REQUIRE(contains(expect(seen, "snap-docker", Status::problem).remedy.front(),
                   "sudo snap remove docker"));
  seen.probe.host.gpus.clear();
  seen.probe.pci_gpus.clear();
  expect(seen, "snap-docker", Status::note);
}

TEST_CASE("a snap that is installed beside the engine in use does not matter", "[doctor]") {
  Observations seen = healthy();
  seen.probe.snap_docker = "/snap/bin/docker";
  REQUIRE_FALSE(find(seen, "snap-docker"));
  seen.engine = berth::fail(Error{Errc::engine_unreachable, "none"}.hint("start one"));
  expect(seen, "snap-docker", Status::problem);
}

TEST_CASE("a remote engine is noted, and its GPUs are not judged from here", "[doctor]") {
  Observations seen = healthy();
  seen.engine->address = "tcp://10.0.0.7:2375";
  seen.gpu_support = no_support();
  expect(seen, "engine-remote", Status::note);
  expect(seen, "gpu-engine-support", Status::note);
}

TEST_CASE("a rootless engine is noted", "[doctor]") {
  Observations seen = healthy();
  seen.engine->rootless = true;
  expect(seen, "engine-rootless", Status::note);
}

// ---- driver and GPUs ----

TEST_CASE("a GPU without a driver is a problem with the distribution's own remedy", "[doctor]") {
  Observations seen = without_gpu();
  seen.probe.pci_gpus = {"0000:01:00.0"};
  Finding finding = expect(seen, "gpu-driver", Status::problem);
  REQUIRE(contains(finding.message, "0000:01:00.0"));
  REQUIRE(finding.cause == "the driver is not installed");
  REQUIRE(contains(finding.remedy.back(), "apt-get install nvidia-driver"));
  REQUIRE_FALSE(find(seen, "gpu-none"));

  seen.probe.os_ids = {"ubuntu", "debian"};
  REQUIRE(contains(expect(seen, "gpu-driver", Status::problem).remedy.back(),
                   "ubuntu-drivers install"));
  seen.probe.os_ids = {"gentoo"};
  REQUIRE(contains(expect(seen, "gpu-driver", Status::problem).remedy.back(),
                   "https://docs.nvidia.com"));

  seen.probe.nouveau = true;
  REQUIRE(contains(expect(seen, "gpu-nouveau", Status::problem).cause, "nouveau"));

  seen.probe.nouveau = false;
  seen.probe.nvml.library = "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.535.104.05";
  REQUIRE(contains(expect(seen, "gpu-driver", Status::problem).remedy.front(), "modprobe nvidia"));
}

TEST_CASE("a library of another version than the module asks for a restart", "[doctor]") {
  Observations seen = healthy();
  seen.probe.nvml.problem =
      NvmlProblem{NvmlProblem::Kind::version_mismatch, "Driver/library version mismatch"};
  seen.probe.nvml.library_version = berth::DriverVersion::parse("550.120");
  const Finding finding = expect(seen, "gpu-nvml-mismatch", Status::problem);
  REQUIRE(finding.message == "the loaded driver is 535.104.05, its library is 550.120");
  REQUIRE(finding.remedy == std::vector<std::string>{"`sudo reboot`"});
}

TEST_CASE("a driver without its library names the package", "[doctor]") {
  Observations seen = healthy();
  seen.probe.nvml.problem = NvmlProblem{NvmlProblem::Kind::library_missing, "not installed"};
  REQUIRE(contains(expect(seen, "gpu-library", Status::problem).remedy.front(),
                   "apt-get install libnvidia-compute-535"));
  seen.probe.in_container = true;  // berth's own container; the machine around it decides
  expect(seen, "gpu-library", Status::note);
}

TEST_CASE("each other failure of NVML is a problem with a remedy", "[doctor]") {
  for (const NvmlProblem::Kind kind :
       {NvmlProblem::Kind::no_permission, NvmlProblem::Kind::blocked,
        NvmlProblem::Kind::driver_not_loaded, NvmlProblem::Kind::other}) {
    INFO(name_of(kind));
    Observations seen = healthy();
    seen.probe.nvml.problem = NvmlProblem{kind, "Unknown Error"};
    REQUIRE(contains(expect(seen, "gpu-nvml", Status::problem).message, "Unknown Error"));
  }
  Observations seen = healthy();
  seen.probe.nvml.problem = NvmlProblem{NvmlProblem::Kind::gpu_lost, "GPU is lost"};
  expect(seen, "gpu-lost", Status::problem);
}

TEST_CASE("one lost GPU among others is a problem", "[doctor]") {
  Observations seen = healthy();
  berth::runtime::GpuReading lost;
  lost.index = 1;
  lost.problem = "GPU is lost";
  seen.probe.nvml.gpus = {{}, lost};
  REQUIRE(expect(seen, "gpu-lost", Status::problem).message == "GPU 1 cannot be used: GPU is lost");
}

TEST_CASE("a driver that the catalogue knows names its CUDA", "[doctor]") {
  REQUIRE(expect(healthy(), "driver-catalogue", Status::ok).message ==
          "driver 535.104.05 runs CUDA up to 12.2");
}

TEST_CASE("a driver beside the catalogue is noted", "[doctor]") {
  struct Case {
    const char* driver;
    const char* cuda;
    const char* message;
  };
  const Case cases[] = {
      {"390.157", "9.1", "driver 390.157 is older than all that the catalogue knows"},
      {"545.23.08", "12.3",
       "the catalogue does not list driver branch 545: it goes by branch 535, CUDA up to 12.2"},
      {"535.104.05", "12.3", "the driver reports CUDA 12.3, the catalogue has 12.2 for branch 535"},
      {"470.86", "11.4", "driver 470.86 runs CUDA up to 11.4"},  // unmaintained since 2024-07
  };
  for (const Case& one : cases) {
    Observations seen = healthy();
    seen.probe.host.driver = berth::DriverVersion::parse(one.driver);
    seen.probe.host.driver_cuda = berth::CudaVersion::parse(one.cuda);
    REQUIRE(expect(seen, "driver-catalogue", Status::note).message == one.message);
  }
}

TEST_CASE("a branch is maintained to the end of its last month", "[doctor]") {
  Observations seen = healthy();
  seen.today = "2026-06-30";
  expect(seen, "driver-catalogue", Status::ok);
  seen.today = "2026-07-01";
  REQUIRE(contains(expect(seen, "driver-catalogue", Status::note).cause, "2026-06"));
}

TEST_CASE("a GPU that the catalogue does not know is noted", "[doctor]") {
  Observations seen = healthy();
  seen.probe.host.gpus.push_back(
      {.index = 1, .name = "NVIDIA X9000", .compute_capability = berth::ComputeCapability{15, 0}});
  REQUIRE(expect(seen, "gpu-catalogue", Status::note).message ==
          "the catalogue does not know GPU 1, NVIDIA X9000 (sm_150)");
  // Without NVML the name has to do.
  seen.probe.host.gpus = {{.index = 0, .name = "NVIDIA GeForce RTX 3090"}};
  REQUIRE_FALSE(find(seen, "gpu-catalogue"));
  seen.probe.host.gpus = {{.index = 0, .name = "NVIDIA X9000"}};
  expect(seen, "gpu-catalogue", Status::note);
}

TEST_CASE("a broken catalogue is a finding, and the machine is examined all the same", "[doctor]") {
  Observations seen = healthy();
  seen.catalog = berth::fail(
      Error{Errc::invalid_input, "drivers.json: unknown key `cdua`"}.hint("mend the file"));
  expect(seen, "catalogue", Status::problem);
  expect(seen, "gpu-present", Status::ok);
  expect(seen, "disk-space", Status::ok);
}

// ---- the engine and GPUs ----

TEST_CASE("without the toolkit the remedy installs it", "[doctor]") {
  Observations seen = healthy();
  seen.gpu_support = no_support();
  seen.probe.nvidia_hook.reset();
  seen.probe.nvidia_ctk.reset();
  const Finding finding = expect(seen, "gpu-toolkit-missing", Status::problem);
  REQUIRE(finding.cause == "the NVIDIA Container Toolkit is not installed");
  REQUIRE(finding.remedy.size() == 4);
  REQUIRE(contains(finding.remedy[2], "apt-get install nvidia-container-toolkit"));
  REQUIRE(contains(finding.remedy[3], "nvidia-ctk runtime configure --runtime=docker"));

  seen.probe.os_ids = {"rocky", "rhel", "fedora"};
  REQUIRE(contains(expect(seen, "gpu-toolkit-missing", Status::problem).remedy[1], "dnf install"));
}

TEST_CASE("with the toolkit the remedy configures and restarts the engine", "[doctor]") {
  Observations seen = healthy();
  seen.gpu_support = no_support();
  const Finding finding = expect(seen, "gpu-toolkit-unconfigured", Status::problem);
  REQUIRE(contains(finding.cause, "not configured"));
  REQUIRE(
      finding.remedy ==
      std::vector<std::string>{
          "`sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker`"});
}

TEST_CASE("Podman's remedy is a CDI specification", "[doctor]") {
  Observations seen = healthy();
  seen.engine->kind = EngineFacts::Kind::podman;
  seen.engine->cdi_spec_dirs = true;
  seen.gpu_support = no_support();
  const Finding finding = expect(seen, "gpu-cdi-missing", Status::problem);
  REQUIRE(finding.remedy ==
          std::vector<std::string>{"`sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`"});
}

TEST_CASE("support that could not be tried is a note with the engine's words", "[doctor]") {
  Observations seen = healthy();
  seen.gpu_support = berth::Result<GpuSupport>(
      berth::fail(Error{Errc::engine_failed, "no space left"}.note("the engine says: enospc")));
  const Finding finding = expect(seen, "gpu-engine-support", Status::note);
  REQUIRE(contains(finding.message, "no space left"));
  REQUIRE(contains(finding.cause, "enospc"));
}

TEST_CASE("a CDI specification of another driver is a problem where the engine uses it",
          "[doctor]") {
  Observations seen = healthy();
  seen.wiring.cdi_specs = {
      {.path = "/etc/cdi/nvidia.yaml", .driver = berth::DriverVersion::parse("535.98")}};
  expect(seen, "cdi-spec-stale", Status::note);  // this engine uses the hook
  GpuSupport cdi;
  cdi.cdi = true;
  cdi.evidence = {"the engine lists nvidia.com/gpu=0"};
  seen.gpu_support = cdi;
  const Finding finding = expect(seen, "cdi-spec-stale", Status::problem);
  REQUIRE(finding.message == "`/etc/cdi/nvidia.yaml` is for driver 535.98, loaded is 535.104.05");
  REQUIRE(finding.remedy ==
          std::vector<std::string>{"`sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`"});

  seen.wiring.cdi_specs = {
      {.path = "/etc/cdi/nvidia.yaml", .driver = berth::DriverVersion::parse("535.104.05")},
      {.path = "/etc/cdi/other.yaml"}};
  REQUIRE_FALSE(find(seen, "cdi-spec-stale"));
}

TEST_CASE("missing links in /dev/char matter where the hook attaches GPUs", "[doctor]") {
  Observations seen = healthy();
  seen.probe.char_links_missing = true;
  REQUIRE(contains(expect(seen, "gpu-char-links", Status::note).remedy.front(),
                   "create-dev-char-symlinks"));
  seen.gpu_support->value().nvidia = false;
  seen.gpu_support->value().cdi = true;
  REQUIRE_FALSE(find(seen, "gpu-char-links"));
}

// ---- resources and surroundings ----

TEST_CASE("disk space is judged by what an image takes", "[doctor]") {
  Observations seen = healthy();
  seen.probe.host.free_disk_bytes = 30 * kGibibyte;
  expect(seen, "disk-space", Status::ok);
  seen.probe.host.free_disk_bytes = 30 * kGibibyte - 1;
  expect(seen, "disk-space", Status::note);
  seen.probe.host.free_disk_bytes = 10 * kGibibyte - 1;
  const Finding finding = expect(seen, "disk-space", Status::problem);
  REQUIRE(contains(finding.message, "/var/lib/docker"));
  REQUIRE(contains(finding.remedy.back(), "docker image prune"));
  seen.engine->kind = EngineFacts::Kind::podman;
  REQUIRE(
      contains(expect(seen, "disk-space", Status::problem).remedy.back(), "podman image prune"));
  seen.probe.host.free_disk_bytes.reset();
  REQUIRE(contains(expect(seen, "disk-space", Status::note).message, "not on this machine"));
  seen.engine->storage_root.clear();
  REQUIRE(contains(expect(seen, "disk-space", Status::note).message, "does not say"));
}

TEST_CASE("WSL2, a container around berth and hidden GPUs are noted", "[doctor]") {
  Observations seen = healthy();
  REQUIRE_FALSE(find(seen, "wsl2"));
  seen.probe.wsl = true;
  seen.probe.in_container = true;
  seen.cuda_visible_devices = "1";
  expect(seen, "wsl2", Status::note);
  expect(seen, "in-container", Status::note);
  REQUIRE(contains(expect(seen, "cuda-visible-devices", Status::note).message, "`1`"));
}

TEST_CASE("a proxy of the shell that containers do not get is noted with the option", "[doctor]") {
  Observations seen = healthy();
  seen.shell_proxies = {"HTTPS_PROXY", "http_proxy"};
  REQUIRE(expect(seen, "proxy", Status::note).remedy ==
          std::vector<std::string>{"`berth run -e HTTPS_PROXY -e http_proxy …` hands these on"});
  seen.container_proxies = true;
  expect(seen, "proxy", Status::ok);
}

TEST_CASE("a private CA that containers get is said", "[doctor]") {
  Observations seen = healthy();
  seen.private_ca_bundle = "/etc/ssl/certs/ca-certificates.crt";
  REQUIRE(contains(expect(seen, "private-ca", Status::ok).message, "ca-certificates.crt"));
}
