// Findings about the disk and the surroundings of a run. Those about the engine are in
// doctor_engine_checks.cpp, those about GPUs in doctor_gpu_checks.cpp and
// doctor_gpu_access_checks.cpp.
#include "cli/doctor_checks.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "berth/base/bytes.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "cli/doctor_remedies.hpp"

namespace berth::cli {

namespace {

using Status = Finding::Status;

constexpr std::uint64_t kGibibyte = 1ULL << 30;
// pytorch/pytorch:*-runtime takes 6 to 9 GiB unpacked, and the layers are on the disk packed as
// well while it is pulled; NGC's images take 20 GiB and more.
constexpr std::uint64_t kDiskForOneImage = 10 * kGibibyte;
constexpr std::uint64_t kDiskForComfort = 30 * kGibibyte;

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

// A data loader's workers hand batches over in /dev/shm. 1 GiB is what the banner of NVIDIA's
// images recommended (`--shm-size=1g`) before it came to recommend the host's own.
constexpr std::uint64_t kShmForLoaders = kGibibyte;

// daemon.json's size for those who ask for none; berth always asks.
std::optional<std::uint64_t> daemon_shm_size(const Observations& seen) {
  const std::optional<runtime::DaemonConfig>& config = daemon_config(seen);
  const Result<std::uint64_t> size =
      parse_bytes(config && engine_is_here(seen) && is_docker(seen) ? config->shm_size : "");
  return size ? std::optional(*size) : std::nullopt;
}

std::optional<Finding> shared_memory(const Observations& seen) {
  const std::optional<std::uint64_t> memory = seen.probe.host.container_memory();
  if (!memory) {
    return std::nullopt;
  }
  const std::uint64_t size = *memory / 2;
  Finding finding{.code = "shm-default",
                  .message = fmt::format(
                      "containers get a /dev/shm of {}, half of the memory (Docker's default is "
                      "64 MiB)",
                      format_bytes(size))};
  const std::optional<std::uint64_t> daemons = daemon_shm_size(seen);
  if (size < kShmForLoaders) {
    finding.status = Status::note;
    finding.cause =
        "data loaders with several workers fill it, and end with `Bus error`; a larger one would "
        "take the command's own memory, since what lies in it counts as memory";
    finding.remedy = {
        "fewer workers (`num_workers=0` uses none of it), or more memory for the "
        "engine's machine"};
  } else if (daemons && *daemons > size) {
    const std::string& written = daemon_config(seen)->shm_size;
    finding.status = Status::note;
    finding.cause = fmt::format(
        "`default-shm-size` of `{}` is larger ({}): docker's own containers have that, berth's "
        "half of the memory, so that the other half is left to the command",
        daemon_config(seen)->path.string(), printable(written));
    finding.remedy = {fmt::format("`berth run --shm-size {} …`, or `shm: {}` in berth.yaml",
                                  shell_quoted(written), printable(written))};
  }
  return finding;
}

// A batch system or an administrator keeps this session within a part of the memory; an engine that
// runs as root has its containers elsewhere.
std::optional<Finding> memory_limit(const Observations& seen) {
  const std::optional<std::uint64_t>& limit = seen.probe.memory_limit_bytes;
  const std::optional<std::uint64_t> memory = seen.probe.host.memory_bytes;
  if (!limit || !memory || *limit >= *memory || !engine_is_here(seen) || seen.probe.in_container) {
    return std::nullopt;
  }
  const std::uint64_t mebibytes = std::max<std::uint64_t>(*limit >> 20U, 1);
  return Finding{
      .code = "memory-limit",
      .status = Status::note,
      .message = fmt::format("this session may use {} of memory, of {}", format_bytes(*limit),
                             format_bytes(*memory)),
      .cause = seen.engine->rootless
                   ? "so may the containers of a rootless engine, together: whoever goes beyond is "
                     "killed, and a /dev/shm of half the machine's memory is no promise"
                   : "the engine's containers are not in it: they may take all, and count nowhere "
                     "(in a batch system's job, for one)",
      .remedy = {fmt::format("`berth run --memory {}m …` keeps a run within it, and gives half of "
                             "that to /dev/shm",
                             mebibytes)}};
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

// Pulls are the engine's affair: a proxy of this shell does nothing for them.
std::optional<Finding> engine_proxy(const Observations& seen) {
  const bool engine_has_one =
      seen.details && !(seen.details->http_proxy + seen.details->https_proxy).empty();
  if (!seen.details || engine_has_one || seen.shell_proxies.empty() || !engine_is_here(seen) ||
      !is_docker(seen)) {
    return std::nullopt;
  }
  Finding finding{.code = "engine-proxy",
                  .status = Status::note,
                  .message = "the engine has no proxy, and this shell has one",
                  .cause = "the engine pulls images; where only the proxy leads out, it cannot"};
  if (!seen.engine->rootless && seen.site.systemd) {
    std::string variables;
    for (const std::string& name : seen.shell_proxies) {
      variables += fmt::format(" \"{0}=${0}\"", name);
    }
    finding.remedy = {
        "`sudo mkdir -p /etc/systemd/system/docker.service.d`",
        fmt::format("`{{ echo [Service]; printf 'Environment=\"%s\"\\n'{}; }} | sudo tee "
                    "/etc/systemd/system/docker.service.d/proxy.conf`",
                    variables),
        "`sudo systemctl daemon-reload && sudo systemctl restart docker`"};
  } else {
    finding.remedy = {"https://docs.docker.com/engine/daemon/proxy/ says how the engine gets one"};
  }
  return finding;
}

// The engine reads the machine's certificates when it starts.
Finding private_ca(const Observations& seen) {
  Finding finding{.code = "private-ca",
                  .message = fmt::format("containers get the machine's own CA certificates (`{}`)",
                                         seen.private_ca_bundle->string())};
  const std::optional<std::time_t>& changed = seen.site.ca_bundle_changed;
  const std::optional<std::time_t>& started = seen.site.dockerd_started;
  if (changed && started && *changed > *started && engine_is_here(seen) && is_docker(seen) &&
      !seen.engine->rootless) {
    finding.code = "engine-ca";
    finding.status = Status::note;
    finding.message =
        fmt::format("the machine's CA certificates (`{}`) changed after Docker's start",
                    seen.private_ca_bundle->string());
    finding.cause =
        "containers get them, but the daemon, which pulls, knows only those of before: a registry "
        "with a new one is `signed by unknown authority`";
    finding.remedy = {restart_docker(seen)};
  }
  return finding;
}

// Registries' tokens and certificates are judged by the engine's clock; most allow for a minute.
constexpr std::int64_t kSkewWorthKnowing = 30;
constexpr std::int64_t kSkewThatHurts = 300;

std::optional<Finding> clock_skew(const Observations& seen) {
  const std::int64_t ahead = seen.engine_clock_ahead.value_or(0);
  const std::int64_t skew = ahead < 0 ? -ahead : ahead;
  if (skew < kSkewWorthKnowing) {
    return std::nullopt;
  }
  Finding finding{.code = "clock-skew",
                  .status = skew < kSkewThatHurts ? Status::note : Status::problem,
                  .message = fmt::format("the engine's clock is {} seconds {} this machine's", skew,
                                         ahead < 0 ? "behind" : "ahead of"),
                  .cause =
                      "certificates and registries' tokens are refused as expired or not yet "
                      "valid where a clock is wrong"};
  finding.remedy = {engine_is_here(seen)
                        ? std::string("`sudo timedatectl set-ntp true`")
                        : "`sudo timedatectl set-ntp true`, on the machine whose clock is wrong"};
  return finding;
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

std::vector<Finding> examine_resources(const Observations& seen) {
  std::vector<Finding> findings;
  if (seen.engine) {
    findings.push_back(disk_space(seen));
  }
  for (auto finding : {shared_memory(seen), memory_limit(seen)}) {
    if (finding) {
      findings.push_back(*std::move(finding));
    }
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
  if (seen.probe.in_system_container) {
    findings.push_back(
        {.code = "in-container",
         .status = Status::note,
         .message = "this is a container with an init of its own (LXC or systemd-nspawn)",
         .cause =
             "an engine in it needs nesting; the driver's module is the host's, so that GPUs need "
             "their device files handed in and the driver's libraries, of the very same version, "
             "installed here"});
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
  if (std::optional<Finding> proxy = engine_proxy(seen)) {
    findings.push_back(*std::move(proxy));
  }
  if (seen.private_ca_bundle) {
    findings.push_back(private_ca(seen));
  }
  if (std::optional<Finding> skew = clock_skew(seen)) {
    findings.push_back(*std::move(skew));
  }
  return findings;
}

std::vector<Finding> examine(const Observations& seen) {
  std::vector<Finding> findings;
  for (const auto& part : {examine_engine, examine_app_armor, examine_driver, examine_gpu_access,
                           examine_resources, examine_surroundings}) {
    std::vector<Finding> more = part(seen);
    findings.insert(findings.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  }
  return findings;
}

}  // namespace berth::cli
