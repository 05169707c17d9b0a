// Findings about the engine, the disk and the surroundings of a run. Those about GPUs are in
// doctor_gpu_checks.cpp.
#include "cli/doctor_checks.hpp"

#include <spdlog/fmt/fmt.h>

#include <cstdint>
#include <iterator>

#include "berth/base/bytes.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"

namespace berth::cli {

namespace {

using Status = Finding::Status;

constexpr std::uint64_t kGibibyte = 1ULL << 30;
// pytorch/pytorch:*-runtime takes 6 to 9 GiB unpacked, and the layers are on the disk packed as
// well while it is pulled; NGC's images take 20 GiB and more.
constexpr std::uint64_t kDiskForOneImage = 10 * kGibibyte;
constexpr std::uint64_t kDiskForComfort = 30 * kGibibyte;

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  for (const std::string_view prefix : prefixes) {
    if (text.starts_with(prefix)) {
      return true;
    }
  }
  return false;
}

std::string engine_name(const EngineFacts& engine) {
  const char* kind = engine.kind == EngineFacts::Kind::podman ? "Podman" : "Docker";
  return fmt::format("{} {}", kind, engine.version);
}

// An error of the engine, as a finding.
Finding from_error(std::string code, const Error& error) {
  return Finding{.code = std::move(code),
                 .status = Status::problem,
                 .message = error.message,
                 .cause = join(error.notes, "; "),
                 .remedy = error.hints};
}

std::string code_of_engine_error(const Error& error) {
  if (error.id == "engine-permission-denied") {
    return "engine-permission";
  }
  return error.id == "engine-too-old" ? "engine-version" : "engine-reachable";
}

// A docker from the snap store is confined: it sees neither the NVIDIA hook nor most of the host's
// folders.
std::optional<Finding> snap_docker(const Observations& seen) {
  const bool engine_is_snap =
      seen.engine && starts_with_any(seen.engine->storage_root, {"/var/snap/", "/snap/"});
  const bool only_docker_is_snap = !seen.engine && seen.probe.snap_docker.has_value();
  if (!engine_is_snap && !only_docker_is_snap) {
    return std::nullopt;
  }
  const bool gpus = seen.probe.host.has_gpu() || !seen.probe.pci_gpus.empty();
  return Finding{
      .code = "snap-docker",
      .status = gpus ? Status::problem : Status::note,
      .message = "this Docker is the snap",
      .cause =
          "the snap is confined: it cannot use the NVIDIA Container Toolkit of the machine, nor "
          "mount folders "
          "outside /home; its images and containers go with it when it is removed",
      .remedy = {"`sudo snap remove docker`",
                 "`curl -fsSL https://get.docker.com | sudo sh` installs Docker's own packages"}};
}

Finding engine_version(const EngineFacts& engine) {
  return Finding{.code = "engine-version",
                 .message = fmt::format("{} speaks API {}, images for {}", engine_name(engine),
                                        engine.api_version, engine.architecture)};
}

Finding disk_space(const Observations& seen) {
  Finding finding{.code = "disk-space"};
  const std::string& root = seen.engine->storage_root;
  const std::optional<std::uint64_t>& free = seen.probe.host.free_disk_bytes;
  if (!free) {
    finding.status = Status::note;
    finding.message =
        root.empty()
            ? "the free space for images is not known: the engine does not say where it keeps them"
            : fmt::format("the free space for images is not known: `{}` is not on this machine",
                          root);
    return finding;
  }
  finding.message = fmt::format("{} free for images at `{}`", format_bytes(*free), root);
  if (*free >= kDiskForComfort) {
    return finding;
  }
  finding.status = *free < kDiskForOneImage ? Status::problem : Status::note;
  finding.cause = "a framework's image takes 6 to 20 GiB";
  const char* program = seen.engine->kind == EngineFacts::Kind::podman ? "podman" : "docker";
  finding.remedy = {
      fmt::format("`{} system df` shows what takes the space", program),
      fmt::format("`{} image prune --all` removes the images that no container uses", program)};
  return finding;
}

std::optional<Finding> shared_memory(const Host& host) {
  if (!host.memory_bytes) {
    return std::nullopt;
  }
  return Finding{
      .code = "shm-default",
      .message = fmt::format(
          "containers get a /dev/shm of {}, half of the memory (Docker's default is 64 MiB)",
          format_bytes(*host.memory_bytes / 2))};
}

std::optional<Finding> proxies(const Observations& seen) {
  if (seen.shell_proxies.empty()) {
    return std::nullopt;
  }
  if (seen.container_proxies) {
    return Finding{.code = "proxy",
                   .message = "containers get the proxies of docker's configuration"};
  }
  std::string options;
  for (const std::string& name : seen.shell_proxies) {
    options += " -e " + name;
  }
  return Finding{.code = "proxy",
                 .status = Status::note,
                 .message = fmt::format("{} set here, and containers get no proxy",
                                        join(seen.shell_proxies, ", ") +
                                            (seen.shell_proxies.size() == 1 ? " is" : " are")),
                 .cause =
                     "docker hands a proxy to containers only where its config.json names one "
                     "under `proxies`; "
                     "the engine, which pulls images, has a setting of its own",
                 .remedy = {fmt::format("`berth run{} …` hands these on", options)}};
}

}  // namespace

std::string_view name_of(Finding::Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::note:
      return "note";
    case Status::problem:
      return "problem";
  }
  return "problem";
}

std::vector<Finding> examine_engine(const Observations& seen) {
  std::vector<Finding> findings;
  if (!seen.engine) {
    findings.push_back(from_error(code_of_engine_error(seen.engine.error()), seen.engine.error()));
  } else {
    const EngineFacts& engine = *seen.engine;
    findings.push_back(
        {.code = "engine-reachable",
         .message = fmt::format("{} answers at {}", engine_name(engine), engine.address)});
    findings.push_back(engine_version(engine));
    if (!engine.address.starts_with("unix:")) {
      findings.push_back(
          {.code = "engine-remote",
           .status = Status::note,
           .message = "the engine is on another machine",
           .cause = "the driver, the GPUs and the disk looked at here are those of this one",
           .remedy = {"`berth doctor` there tells more"}});
    }
    if (engine.rootless) {
      findings.push_back(
          {.code = "engine-rootless", .status = Status::note, .message = "the engine is rootless"});
    }
  }
  if (std::optional<Finding> snap = snap_docker(seen)) {
    findings.push_back(*std::move(snap));
  }
  return findings;
}

std::vector<Finding> examine_resources(const Observations& seen) {
  std::vector<Finding> findings;
  if (seen.engine) {
    findings.push_back(disk_space(seen));
  }
  if (std::optional<Finding> shm = shared_memory(seen.probe.host)) {
    findings.push_back(*std::move(shm));
  }
  return findings;
}

std::vector<Finding> examine_surroundings(const Observations& seen) {
  std::vector<Finding> findings;
  if (seen.probe.wsl) {
    findings.push_back(
        {.code = "wsl2",
         .status = Status::note,
         .message = "this is WSL2",
         .cause = "the GPU driver is the one of Windows: it is updated there, and none must be "
                  "installed here"});
  }
  if (seen.probe.in_container) {
    findings.push_back(
        {.code = "in-container",
         .status = Status::note,
         .message = "berth seems to run in a container itself",
         .cause =
             "the engine resolves the paths of mounts on its own machine, so a project has to lie "
             "at the same path there"});
  }
  if (seen.cuda_visible_devices) {
    findings.push_back(
        {.code = "cuda-visible-devices",
         .status = Status::note,
         .message = fmt::format("CUDA_VISIBLE_DEVICES is `{}` here",
                                printable(*seen.cuda_visible_devices)),
         .cause = "a run with --gpus auto, all, a number or free gets none but these GPUs"});
  }
  if (std::optional<Finding> proxy = proxies(seen)) {
    findings.push_back(*std::move(proxy));
  }
  if (seen.private_ca_bundle) {
    findings.push_back(
        {.code = "private-ca",
         .message = fmt::format("containers get the machine's own CA certificates (`{}`)",
                                seen.private_ca_bundle->string())});
  }
  return findings;
}

std::vector<Finding> examine(const Observations& seen) {
  std::vector<Finding> findings;
  for (const auto& part : {examine_engine, examine_driver, examine_gpu_access, examine_resources,
                           examine_surroundings}) {
    std::vector<Finding> more = part(seen);
    findings.insert(findings.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  }
  return findings;
}

}  // namespace berth::cli
