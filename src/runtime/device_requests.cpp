// GpuRequest and what the engine offers -> DeviceRequest. The rules per engine are in the header;
// their sources in gpu_support.cpp.
#include "berth/runtime/device_requests.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "berth/base/text.hpp"

namespace berth::runtime {

namespace {

constexpr std::string_view kNvidiaDevice = "nvidia.com/gpu=";

bool is_qualified(std::string_view device) {
  const std::size_t slash = device.find('/');
  return slash != std::string_view::npos && device.find('=', slash) != std::string_view::npos;
}

bool is_index(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string qualified(std::string_view device) {
  return is_qualified(device) ? std::string(device)
                              : std::string(kNvidiaDevice) + std::string(device);
}

Error gpu_not_found(std::string message) {
  return Error{Errc::invalid_input, std::move(message)}
      .named("gpu-not-found")
      .hint("`berth gpus` shows the GPUs of this machine");
}

// The indices among the listed devices in ascending order: "nvidia.com/gpu=0", "=1", … but no UUID
// and not "all".
std::vector<std::string> listed_indices(const GpuSupport& support) {
  std::vector<std::string> indices;
  for (const std::string& device : support.cdi_devices) {
    const std::string index = device.substr(kNvidiaDevice.size());
    if (is_index(index)) {
      indices.push_back(index);
    }
  }
  std::sort(indices.begin(), indices.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return indices;
}

// Docker's driver cdi takes no count, so the first N are named; as driver nvidia does it: always
// the lowest indices.
Result<std::vector<std::string>> first_devices(unsigned count, const GpuSupport& support) {
  std::vector<std::string> indices = listed_indices(support);
  if (support.cdi_devices
          .empty()) {  // an engine that does not list them: it will say which one is not there
    for (unsigned index = 0; index < count; ++index) {
      indices.push_back(std::to_string(index));
    }
  }
  if (indices.size() < count) {
    return fail(gpu_not_found(fmt::format("`--gpus {}` is more than the engine has", count))
                    .note("the engine lists " + join(support.cdi_devices, ", ")));
  }
  indices.resize(count);
  std::transform(indices.begin(), indices.end(), indices.begin(), qualified);
  return indices;
}

Result<std::vector<std::string>> named_devices(const std::vector<std::string>& devices,
                                               const GpuSupport& support) {
  std::vector<std::string> names;
  for (const std::string& device : devices) {
    const std::string name = qualified(device);
    const std::vector<std::string>& listed = support.cdi_devices;
    const bool judged = name.starts_with(kNvidiaDevice) && !listed.empty();
    if (judged && std::find(listed.begin(), listed.end(), name) == listed.end()) {
      return fail(gpu_not_found(fmt::format("the engine has no GPU `{}`", device))
                      .note("it lists " + join(listed, ", ")));
    }
    names.push_back(name);
  }
  return names;
}

Result<DeviceRequest> cdi_request(const GpuRequest& gpus, const GpuSupport& support) {
  DeviceRequest request;
  request.driver = DeviceRequest::Driver::cdi;
  switch (gpus.mode) {
    case GpuRequest::Mode::count: {
      BERTH_TRY(request.device_ids, first_devices(gpus.count, support));
      break;
    }
    case GpuRequest::Mode::devices: {
      BERTH_TRY(request.device_ids, named_devices(gpus.devices, support));
      break;
    }
    case GpuRequest::Mode::automatic:
    case GpuRequest::Mode::none:
    case GpuRequest::Mode::free:  // has become devices long before
    case GpuRequest::Mode::all: {
      BERTH_TRY(request.device_ids, named_devices({"all"}, support));
      break;
    }
  }
  return request;
}

Result<DeviceRequest> nvidia_request(const GpuRequest& gpus) {
  DeviceRequest request;
  request.driver = DeviceRequest::Driver::nvidia;
  request.count = gpus.mode == GpuRequest::Mode::count ? static_cast<int>(gpus.count) : -1;
  if (gpus.mode == GpuRequest::Mode::devices) {
    request.count = 0;  // docker refuses a count beside ids
    for (const std::string& device : gpus.devices) {
      const bool nvidia_name = device.starts_with(kNvidiaDevice);
      if (is_qualified(device) && !nvidia_name) {
        return fail(
            gpu_not_found(fmt::format("`{}` is a CDI device, and the engine takes none", device)));
      }
      request.device_ids.push_back(nvidia_name ? device.substr(kNvidiaDevice.size()) : device);
    }
  }
  request.capabilities = {"gpu"};
  for (const std::string& capability : gpus.capabilities) {
    if (capability != "gpu") {
      request.capabilities.push_back(capability);
    }
  }
  return request;
}

// Against what NVML counted on this machine, where somebody looked and found some.
Result<void> check_against_machine(const GpuRequest& gpus, const Host& host) {
  if (!host.gpus_known || host.gpus.empty()) {
    return {};
  }
  const std::size_t present = host.gpus.size();
  if (gpus.mode == GpuRequest::Mode::count && gpus.count > present) {
    return fail(gpu_not_found(fmt::format("`--gpus {}` is more than {} has: {} GPU{}", gpus.count,
                                          host.origin.text, present, present == 1 ? "" : "s")));
  }
  for (const std::string& device : gpus.devices) {
    const auto is_it = [&device](const Gpu& gpu) { return std::to_string(gpu.index) == device; };
    if (is_index(device) && std::none_of(host.gpus.begin(), host.gpus.end(), is_it)) {
      return fail(gpu_not_found(fmt::format("`--gpus device={}` names a GPU that {} does not have",
                                            device, host.origin.text))
                      .note(fmt::format("it has {} GPU{}", present, present == 1 ? "" : "s")));
    }
  }
  return {};
}

}  // namespace

bool wants_gpus(const GpuRequest& request, const Host& host) {
  switch (request.mode) {
    case GpuRequest::Mode::automatic:
      return host.has_gpu();
    case GpuRequest::Mode::none:
      return false;
    case GpuRequest::Mode::count:
      return request.count > 0;
    case GpuRequest::Mode::free:
    case GpuRequest::Mode::all:
    case GpuRequest::Mode::devices:
      return true;
  }
  return false;
}

Result<std::vector<DeviceRequest>> make_device_requests(const GpuRequest& request, const Host& host,
                                                        const GpuSupport& support) {
  if (!wants_gpus(request, host)) {
    return std::vector<DeviceRequest>{};
  }
  if (!support.any()) {
    return fail(gpu_not_configured(host.engine.value_or(EngineFacts{}), support));
  }
  BERTH_CHECK(check_against_machine(request, host));
  // The hook first: it also checks what the image requires of the driver (NVIDIA_REQUIRE_CUDA),
  // which CDI does not. A qualified name is CDI's own.
  const bool names_cdi = std::any_of(request.devices.begin(), request.devices.end(), is_qualified);
  const bool use_cdi = support.cdi && (!support.nvidia || names_cdi);
  BERTH_TRY(DeviceRequest made, use_cdi ? cdi_request(request, support) : nvidia_request(request));
  return std::vector<DeviceRequest>{std::move(made)};
}

}  // namespace berth::runtime
