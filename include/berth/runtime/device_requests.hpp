// From the GPUs that a run asks for to what this engine is asked to attach.
//
//   engine                                 request
//   Docker with the NVIDIA runtime hook    driver nvidia, count or indices and UUIDs as they are
//   Docker with CDI devices and no hook    driver cdi, qualified names (nvidia.com/gpu=0)
//   Podman from 5.4                        driver cdi; it ignores any other without an error
//   anything else                          an error: a GPU run never starts without its GPUs
#pragma once

#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/gpu_request.hpp"
#include "berth/model/host.hpp"
#include "berth/model/plan.hpp"
#include "berth/runtime/gpu_support.hpp"

namespace berth::runtime {

// Whether GPUs will be attached: asked for, or (automatic) there. Only then is GpuSupport needed at
// all.
bool wants_gpus(const GpuRequest& request, const Host& host);

// Empty for a CPU run. Needs host.engine. Errors:
//   Errc::engine_failed, id `gpu-not-configured`: see gpu_support.hpp
//   Errc::invalid_input, id `gpu-not-found`: more GPUs, or others, than the machine or the engine
//   has
Result<std::vector<DeviceRequest>> make_device_requests(const GpuRequest& request, const Host& host,
                                                        const GpuSupport& support);

}  // namespace berth::runtime
