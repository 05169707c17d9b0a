// Which GPU drivers an engine has: from what it lists, from its version, or by trying a request on
// an empty image. Facts: moby daemon/devices*.go and Podman's compat API, as measured
// on 20.10, 28.5 and 5.4.
#include "berth/runtime/gpu_support.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <utility>

#include "berth/base/text.hpp"

namespace berth::runtime {

namespace {

constexpr std::string_view kNvidiaDevice = "nvidia.com/gpu=";
constexpr std::string_view kAllNvidiaDevices = "nvidia.com/gpu=all";

constexpr std::string_view kDockerRemedy =
    "`sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker`";

// Podman's Docker API takes requests of driver cdi from here on (commit 18e29076f7); before, it
// ignores them.
constexpr unsigned kPodmanCdiMajor = 5;
constexpr unsigned kPodmanCdiMinor = 4;

bool mentions(const Error& error, std::string_view text) {
  const auto has_text = [text](const std::string& where) {
    return where.find(text) != std::string::npos;
  };
  return has_text(error.message) || std::any_of(error.notes.begin(), error.notes.end(), has_text);
}

bool ignores_requests(const EngineFacts& facts) {
  if (facts.kind != EngineFacts::Kind::podman) {
    return false;
  }
  const std::vector<std::string> parts = split(facts.version, '.');
  const unsigned long major = std::strtoul(parts[0].c_str(), nullptr, 10);
  const unsigned long minor = parts.size() > 1 ? std::strtoul(parts[1].c_str(), nullptr, 10) : 0;
  return major < kPodmanCdiMajor || (major == kPodmanCdiMajor && minor < kPodmanCdiMinor);
}

// An image without files on the engine; removed again on every path.
class EmptyImage {
 public:
  EmptyImage(Engine& engine, std::string id) : engine_(engine), id_(std::move(id)) {}
  EmptyImage(const EmptyImage&) = delete;
  EmptyImage& operator=(const EmptyImage&) = delete;
  ~EmptyImage() { static_cast<void>(engine_.remove_image(id_)); }
  const std::string& id() const { return id_; }

 private:
  Engine& engine_;
  std::string id_;
};

// The command cannot start, for the image is empty. What counts is whether the engine complains of
// the GPUs first. A failure that says neither is no answer, and is returned.
Result<bool> accepts(Engine& engine, const std::string& image, DeviceRequest request) {
  ContainerSpec spec;
  spec.image = image;
  spec.command = {"/nothing"};
  spec.network = "none";
  spec.init = false;
  spec.auto_remove = false;  // removed here, once the answer has been read
  spec.device_requests = {std::move(request)};
  BERTH_TRY(const CreatedContainer container, engine.create(spec));
  const Result<void> started = engine.start(container.id);
  BERTH_CHECK(engine.remove(container.id, true));
  // Docker sees to AppArmor once it has the devices (moby daemon/oci_linux.go, createSpec): what
  // fails there has passed here.
  if (started || started.error().code == Errc::command_not_found ||
      started.error().id == "apparmor-profile" || mentions(started.error(), "/nothing")) {
    return true;
  }
  if (mentions(started.error(), "could not select device driver") ||
      mentions(started.error(), "CDI device")) {
    return false;
  }
  return Failure(Error(started.error()).context("trying whether the engine attaches GPUs"));
}

DeviceRequest every_gpu(DeviceRequest::Driver driver) {
  DeviceRequest request;
  request.driver = driver;
  if (driver == DeviceRequest::Driver::cdi) {
    request.device_ids = {std::string(kAllNvidiaDevices)};
  } else {
    request.count = -1;
    request.capabilities = {"gpu"};
  }
  return request;
}

// Podman may fail to make an image while another probe drops its own: both have the same, empty
// layer.
Result<std::string> make_empty_image(Engine& engine) {
  constexpr std::size_t kEndOfArchive = 1024;  // of tar: two blocks of zeros
  constexpr int kTries = 5;
  constexpr std::chrono::milliseconds kPause{100};
  const std::string empty(kEndOfArchive, '\0');
  Result<std::string> id = engine.import_image(empty);
  for (int tries = 1; !id && id.error().code == Errc::engine_failed && tries < kTries; ++tries) {
    std::this_thread::sleep_for(kPause);
    id = engine.import_image(empty);
  }
  return id;
}

Result<void> probe(Engine& engine, GpuSupport& support, bool try_nvidia) {
  BERTH_TRY(const std::string id, make_empty_image(engine));
  const EmptyImage image(engine, id);
  if (try_nvidia) {
    BERTH_TRY(support.nvidia,
              accepts(engine, image.id(), every_gpu(DeviceRequest::Driver::nvidia)));
    support.evidence.push_back(support.nvidia ? "a trial container was given GPUs by driver nvidia"
                                              : "the engine has no device driver nvidia (tried)");
  }
  if (!support.nvidia) {
    BERTH_TRY(support.cdi, accepts(engine, image.id(), every_gpu(DeviceRequest::Driver::cdi)));
    support.evidence.push_back(
        support.cdi ? "a trial container was given GPUs by driver cdi"
                    : "the engine resolves no CDI device nvidia.com/gpu=all (tried)");
  }
  return {};
}

}  // namespace

GpuSupport listed_gpu_support(const EngineFacts& facts) {
  GpuSupport support;
  for (const std::string& device : facts.cdi_devices) {
    if (device.starts_with(kNvidiaDevice)) {
      support.cdi_devices.push_back(device);
    }
  }
  if (!support.cdi_devices.empty()) {
    support.cdi = true;
    support.evidence.push_back("the engine lists " + join(support.cdi_devices, ", "));
  }
  const bool runtime_listed =
      std::find(facts.runtimes.begin(), facts.runtimes.end(), "nvidia") != facts.runtimes.end();
  if (facts.kind == EngineFacts::Kind::docker && runtime_listed) {
    support.nvidia = true;
    support.evidence.emplace_back("the engine lists the runtime `nvidia`");
  }
  return support;
}

Result<GpuSupport> find_gpu_support(Engine& engine, const EngineFacts& facts) {
  GpuSupport support = listed_gpu_support(facts);
  if (support.any()) {
    return support;
  }
  if (ignores_requests(facts)) {
    support.evidence.push_back(fmt::format(
        "Podman {} ignores GPU requests of its Docker API; {}.{} is the first that does not",
        facts.version, kPodmanCdiMajor, kPodmanCdiMinor));
    return support;
  }
  BERTH_CHECK(probe(engine, support, facts.kind == EngineFacts::Kind::docker));
  return support;
}

Error gpu_not_configured(const EngineFacts& facts, const GpuSupport& support) {
  const bool podman = facts.kind == EngineFacts::Kind::podman;
  Error error{Errc::engine_failed, "the engine cannot attach GPUs to a container"};
  error.id = "gpu-not-configured";
  error.note(fmt::format("the engine is {} {} at {}", podman ? "Podman" : "Docker", facts.version,
                         facts.address));
  for (const std::string& evidence : support.evidence) {
    error.note(evidence);
  }
  if (podman && ignores_requests(facts)) {
    error.note("upgrading Podman to 5.4 or later is the remedy");
  } else if (podman) {
    error.note("a CDI specification of the NVIDIA Container Toolkit is the remedy");
    error.hint("`sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`");
  } else {
    error.note("the NVIDIA Container Toolkit, registered with the engine, is the remedy");
    error.hint(std::string(kDockerRemedy));
  }
  error.hint("`berth doctor` checks what is installed");
  return error;
}

Error explained_gpu_failure(Error error) {
  if (mentions(error, "could not select device driver")) {
    error.id = "gpu-not-configured";
    if (error.hints.empty()) {
      error.hint(std::string(kDockerRemedy));
    }
  } else if (mentions(error, "unresolvable CDI devices") || mentions(error, "unknown device")) {
    error.id = "gpu-not-found";
    error.hints = {"`berth gpus` shows the GPUs of this machine"};
  } else if (mentions(error, "unsatisfied condition")) {
    error.id = "gpu-requirement";
    error.hints = {"`berth resolve --explain` shows what the driver can run"};
  }
  return error;
}

}  // namespace berth::runtime
