// Findings about how GPUs get into containers: what the engine attaches them by, and whether that
// works. Sources: moby daemon/devices*.go and daemon/cdi.go, nvidia-container-toolkit
// (api/config/v1, internal/info), nvidia-container-toolkit#48.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string_view>

#include "berth/base/text.hpp"
#include "cli/doctor_checks.hpp"
#include "cli/doctor_remedies.hpp"

namespace berth::cli {

namespace {

using Status = Finding::Status;
using runtime::CdiSpec;
using runtime::DaemonConfig;

const std::string kCdiSpec = "/etc/cdi/nvidia.yaml";

// "28.5.1" of "28.5.1+dfsg1"; absent where it is no number.
std::optional<CudaVersion> docker_version(const Observations& seen) {
  const std::string& text = seen.engine->version;
  return CudaVersion::parse(text.substr(0, text.find_first_not_of("0123456789.")));
}

bool is_before(const std::optional<CudaVersion>& version, const char* other) {
  return version && *version < *CudaVersion::parse(other);
}

// From 29.2 on, Docker's driver nvidia tries CDI first, and the hook only without it.
bool attaches_by_hook(const Observations& seen) {
  if (!seen.gpu_support || !*seen.gpu_support || !(*seen.gpu_support)->nvidia || !is_docker(seen)) {
    return false;
  }
  return is_before(docker_version(seen), "29.2") || seen.wiring.cdi_specs.empty();
}

bool attaches_by_cdi(const Observations& seen) {
  return seen.gpu_support && *seen.gpu_support && (*seen.gpu_support)->any() &&
         !attaches_by_hook(seen);
}

bool rootless(const Observations& seen) {
  return seen.engine && seen.engine->rootless;
}

// ---- why an engine attaches none ----

// Docker 25.0 to 28.1 take CDI requests where features.cdi is set, later ones where it is not
// unset.
bool has_cdi_switched_off(const Observations& seen) {
  const std::optional<DaemonConfig>& config = daemon_config(seen);
  if (config && config->cdi) {
    return !*config->cdi;
  }
  const std::optional<CudaVersion> version = docker_version(seen);
  return version && !is_before(version, "25.0") && is_before(version, "28.2");
}

bool toolkit_is_missing(const Observations& seen) {
  const runtime::HostProbe& probe = seen.probe;
  return !probe.nvidia_hook && !probe.nvidia_ctk && !probe.nvidia_cdi_hook;
}

void toolkit_missing(const Observations& seen, Finding& finding) {
  finding.code = "gpu-toolkit-missing";
  finding.cause = "the NVIDIA Container Toolkit is not installed";
  finding.remedy = install_toolkit(seen.probe);
  finding.remedy.push_back(is_docker(seen) ? configure_toolkit(seen) : generate_cdi_spec(kCdiSpec));
}

void podman_without_gpus(const Observations& seen, Finding& finding) {
  if (!seen.engine->cdi_spec_dirs) {
    finding.cause = "this Podman's Docker API knows no GPUs";
    finding.remedy = {"upgrade Podman to 5.4 or later"};
    return;
  }
  if (seen.wiring.cdi_specs.empty()) {
    finding.code = "gpu-cdi-missing";
    finding.cause = "there is no CDI specification that names the GPUs";
  } else {
    finding.cause = "Podman does not find the GPUs in its CDI specifications";
  }
  finding.remedy = {generate_cdi_spec(kCdiSpec)};
}

// The daemon looks for the hook and reads its runtimes when it starts.
bool was_not_restarted(const Observations& seen, Finding& finding) {
  const std::optional<DaemonConfig>& config = daemon_config(seen);
  // That of the other daemon, where this one is rootless.
  const std::optional<std::time_t> started =
      rootless(seen) ? std::nullopt : seen.site.dockerd_started;
  if (config && (config->names_nvidia || config->cdi.value_or(false))) {
    finding.cause =
        fmt::format("`{}` names them, and {}", config->path.string(),
                    started && config->changed_at > *started
                        ? "was changed after the daemon's start"
                        : "the daemon does not go by it: it was started before, or with another "
                          "configuration");
    return true;
  }
  if (started && seen.site.hook_installed && *seen.site.hook_installed > *started) {
    finding.cause =
        "the NVIDIA Container Toolkit was installed after the daemon's start, which looks for it "
        "then";
    return true;
  }
  return false;
}

void docker_without_gpus(const Observations& seen, Finding& finding) {
  if (was_not_restarted(seen, finding)) {
    finding.code = "gpu-engine-restart";
    finding.remedy = {restart_docker(seen)};
    return;
  }
  if (!seen.wiring.cdi_specs.empty() && has_cdi_switched_off(seen)) {
    finding.code = "gpu-cdi-disabled";
    finding.cause = fmt::format(
        "there is a CDI specification (`{}`), and this Docker takes CDI requests only where "
        "`features.cdi` of its daemon.json is true",
        seen.wiring.cdi_specs.front().path.string());
    finding.remedy = {
        "`sudo nvidia-ctk runtime configure --runtime=docker --cdi.enabled && sudo systemctl "
        "restart docker`"};
    return;
  }
  finding.code = "gpu-toolkit-unconfigured";
  finding.cause =
      "the NVIDIA Container Toolkit is installed, and Docker is not configured to use it";
  finding.remedy = {configure_toolkit(seen)};
}

// Why an engine does not attach GPUs, as far as the machine's files tell, and what to do about it.
void explain_missing_support(const Observations& seen, Finding& finding) {
  if (is_docker_desktop(seen)) {
    finding.cause = "it runs in a virtual machine without GPUs";
    finding.remedy = {"`docker context use default` leaves Docker Desktop"};
  } else if (!engine_is_here(seen)) {
    finding.remedy = {"`berth doctor` on the engine's machine tells more"};
  } else if (toolkit_is_missing(seen)) {
    toolkit_missing(seen, finding);
  } else if (is_docker(seen)) {
    docker_without_gpus(seen, finding);
  } else {
    podman_without_gpus(seen, finding);
  }
}

// `--gpus` is the hook's affair; the runtime is for those who ask for it by name, and that the
// daemon lists it shows nothing: neither its program nor the hook need be there.
bool hook_is_missing(const Observations& seen) {
  const std::vector<std::string>& runtimes = seen.engine->runtimes;
  const bool only_listed =
      std::find(runtimes.begin(), runtimes.end(), "nvidia") != runtimes.end() &&
      attaches_by_hook(seen);
  return only_listed && !seen.probe.nvidia_hook && has_gpus(seen);
}

// `apt-get remove` leaves the daemon.json behind that names the runtime.
Finding missing_runtime(const Observations& seen) {
  const bool is_default = seen.details && seen.details->default_runtime == "nvidia";
  const bool keeps_gpus_away = hook_is_missing(seen);
  Finding finding{
      .code = "gpu-runtime-missing",
      .status = is_default || keeps_gpus_away ? Status::problem : Status::note,
      .message = fmt::format("Docker's runtime `nvidia` is `{}`, which is not there",
                             seen.site.missing_nvidia_runtime),
      .cause = is_default ? "it is the default runtime: no container starts"
                          : "the NVIDIA Container Toolkit was removed, and Docker was not told"};
  const std::optional<DaemonConfig>& config = daemon_config(seen);
  finding.remedy = keeps_gpus_away ? install_toolkit(seen.probe) : std::vector<std::string>();
  finding.remedy.push_back(fmt::format(
      "{}take `nvidia` out of `runtimes`{} in `{}`, then {}",
      keeps_gpus_away ? "or, to do without GPUs, " : "", is_default ? " and `default-runtime`" : "",
      config ? config->path.string() : "/etc/docker/daemon.json", restart_docker(seen)));
  return finding;
}

Finding missing_hook(const Observations& seen) {
  Finding finding{.code = "gpu-toolkit-missing",
                  .status = Status::problem,
                  .message =
                      "Docker has the runtime `nvidia`, and the toolkit's hook "
                      "(`nvidia-container-runtime-hook`), which attaches GPUs, is not installed",
                  .cause = "a part of the NVIDIA Container Toolkit was removed",
                  .remedy = install_toolkit(seen.probe)};
  finding.remedy.push_back(restart_docker(seen));
  return finding;
}

Finding engine_support(const Observations& seen) {
  Finding finding{.code = "gpu-engine-support"};
  const Result<runtime::GpuSupport>& support = *seen.gpu_support;
  if (!support) {
    finding.status = Status::note;
    finding.message =
        "whether the engine attaches GPUs could not be tried: " + support.error().message;
    finding.cause = join(support.error().notes, "; ");
    finding.remedy = support.error().hints;
    return finding;
  }
  const std::string evidence = join(support->evidence, "; ");
  if (support->any()) {
    finding.message = fmt::format("the engine attaches GPUs by driver {}: {}",
                                  support->nvidia ? "nvidia" : "cdi", evidence);
    return finding;
  }
  finding.message = "the engine cannot attach GPUs: " + evidence;
  const bool needed = seen.probe.host.has_gpu() && engine_is_here(seen);
  finding.status = needed ? Status::problem : Status::note;
  if (needed || !engine_is_here(seen)) {
    explain_missing_support(seen, finding);
  } else {
    finding.cause = "this machine has no GPU to attach";
  }
  return finding;
}

// What the engine says of its GPU support, unless the machine's files refute it. The snap brings
// the toolkit along, and what lies in berth's own container is not the engine's.
void add_engine_support(const Observations& seen, std::vector<Finding>& findings) {
  const bool sees_dockers_files = is_docker(seen) && engine_is_here(seen) &&
                                  !seen.probe.in_container && !seen.engine->is_snap();
  const bool refuted = sees_dockers_files && hook_is_missing(seen);
  if (!refuted) {
    findings.push_back(engine_support(seen));
  }
  if (sees_dockers_files && !seen.site.missing_nvidia_runtime.empty()) {
    findings.push_back(missing_runtime(seen));
  } else if (refuted) {
    findings.push_back(missing_hook(seen));
  }
}

// ---- what keeps the attached ones from working ----

constexpr std::size_t kNamedFiles = 3;

std::string some_of(const std::vector<std::string>& names) {
  const std::size_t count = std::min(names.size(), kNamedFiles);
  std::string text = join(std::span(names).first(count), ", ");
  return count < names.size() ? fmt::format("{} and {} more", text, names.size() - count) : text;
}

std::optional<Finding> stale_spec(const Observations& seen, const CdiSpec& spec) {
  const std::optional<DriverVersion>& driver = seen.probe.host.driver;
  Finding finding{.code = "cdi-spec-stale",
                  .status = attaches_by_cdi(seen) ? Status::problem : Status::note,
                  .remedy = {generate_cdi_spec(spec.path.string())}};
  if (!spec.unreadable.empty()) {
    finding.code = "cdi-spec-invalid";
    finding.message = fmt::format("`{}` cannot be read: {}", spec.path.string(), spec.unreadable);
    finding.cause = "engines pass it over, and the GPUs that it names with it";
  } else if (driver && spec.driver && *spec.driver != *driver) {
    finding.message = fmt::format("`{}` is for driver {}, loaded is {}", spec.path.string(),
                                  spec.driver->text(), driver->text());
    finding.cause =
        "it names libraries of the old driver, which are gone: a container with a GPU does not "
        "start";
  } else if (!spec.missing.empty()) {
    finding.message =
        fmt::format("`{}` names what is not there: {}", spec.path.string(), some_of(spec.missing));
    finding.cause =
        "the driver or the toolkit has changed since it was written: a container with a GPU does "
        "not start";
  } else {
    return std::nullopt;
  }
  return finding;
}

// A bare hook, which is how Docker before 29.2 attaches GPUs, refuses to work in these modes.
// Source: nvidia-container-toolkit cmd/nvidia-container-runtime-hook/main.go.
std::optional<Finding> hook_mode(const runtime::ToolkitConfig& config) {
  if (config.mode != "cdi" && config.mode != "jit-cdi") {
    return std::nullopt;
  }
  return Finding{
      .code = "gpu-hook-mode",
      .status = Status::problem,
      .message = fmt::format("`{}` sets the mode `{}`", config.path.string(), config.mode),
      .cause =
          "in it the toolkit's hook, by which this Docker attaches GPUs, refuses to work: "
          "`invoking the NVIDIA Container Runtime Hook directly … is not supported`",
      .remedy = {"`sudo nvidia-ctk config --in-place --set nvidia-container-runtime.mode=auto`"}};
}

std::optional<Finding> cgroups(const Observations& seen, const runtime::ToolkitConfig& config) {
  if (config.no_cgroups == rootless(seen)) {
    return std::nullopt;
  }
  Finding finding{.code = "gpu-no-cgroups", .status = Status::problem};
  finding.remedy = {
      fmt::format("`sudo nvidia-ctk config --in-place --set nvidia-container-cli.no-cgroups={}`",
                  rootless(seen))};
  if (config.no_cgroups) {
    finding.message = fmt::format("`{}` sets `no-cgroups`", config.path.string());
    finding.cause =
        "it is for rootless engines: with this one, containers may not open the GPUs "
        "that they are given (`Failed to initialize NVML: Unknown Error`)";
  } else {
    finding.message = fmt::format("`{}` does not set `no-cgroups`", config.path.string());
    finding.cause =
        "a rootless engine may not write the rules of device cgroups: a container with "
        "a GPU does not start";
  }
  return finding;
}

void add_hook_findings(const Observations& seen, std::vector<Finding>& findings) {
  const runtime::ToolkitConfig config = seen.wiring.toolkit_config.value_or(
      runtime::ToolkitConfig{.path = "/etc/nvidia-container-runtime/config.toml", .mode = "auto"});
  if (!config.unreadable.empty()) {
    findings.push_back(
        {.code = "gpu-toolkit-config",
         .status = Status::problem,
         .message = fmt::format("`{}` cannot be read: {}", config.path.string(), config.unreadable),
         .cause = "the toolkit's hook fails over it, and with it every container with a GPU",
         .remedy = {"`sudo nvidia-ctk config default --output=/etc/nvidia-container-runtime/"
                    "config.toml` writes the default anew"}});
    return;
  }
  for (auto finding : {hook_mode(config), cgroups(seen, config)}) {
    if (finding) {
      findings.push_back(*std::move(finding));
    }
  }
  // Other drivers of cgroups make no rules that systemd would write anew.
  const bool by_systemd = !seen.details || seen.details->cgroup_driver == "systemd";
  if (seen.probe.char_links_missing && by_systemd && !rootless(seen)) {
    findings.push_back(
        {.code = "gpu-char-links",
         .status = Status::note,
         .message = "the GPU's device files have no links in /dev/char",
         .cause = "with systemd's cgroups, a `systemctl daemon-reload` takes the GPUs from running "
                  "containers: `Failed to initialize NVML: Unknown Error`",
         .remedy = {"`sudo nvidia-ctk system create-dev-char-symlinks --create-all`"}});
  }
}

// Only an engine that labels its containers is bound by SELinux.
std::optional<Finding> selinux(const Observations& seen) {
  const bool labels = seen.details && seen.details->selinux;
  if (!labels || !seen.wiring.selinux_enforcing || seen.wiring.selinux_lets_devices) {
    return std::nullopt;
  }
  return Finding{.code = "selinux-devices",
                 .status = Status::problem,
                 .message = "SELinux keeps containers from the GPUs' device files",
                 .cause =
                     "it is enforcing, the engine labels its containers, and the boolean "
                     "container_use_devices is off",
                 .remedy = {"`sudo setsebool -P container_use_devices on`"}};
}

}  // namespace

std::vector<Finding> examine_gpu_access(const Observations& seen) {
  std::vector<Finding> findings;
  if (seen.gpu_support) {
    add_engine_support(seen, findings);
  }
  for (const CdiSpec& spec : seen.wiring.cdi_specs) {
    if (std::optional<Finding> stale = stale_spec(seen, spec)) {
      findings.push_back(*std::move(stale));
    }
  }
  if (attaches_by_hook(seen) && engine_is_here(seen) && has_gpus(seen)) {
    add_hook_findings(seen, findings);
  }
  if (std::optional<Finding> label = selinux(seen); label && has_gpus(seen)) {
    findings.push_back(*std::move(label));
  }
  return findings;
}

}  // namespace berth::cli
