// GpuSupport: by which of its drivers an engine attaches NVIDIA GPUs, found out before anything is
// pulled.
//
// Sources of fact, in this order: what the engine lists (`/info`: the runtime `nvidia`, the CDI
// devices); for Podman its version, since it ignores requests that it does not know; else a probe,
// since Docker 20.10 to 28.1 say nothing about the hook on the daemon's PATH: a container of an
// empty image is created with the request and started. An engine that can attach GPUs fails to find
// the command, one that cannot names the request. The probe leaves neither container nor image
// behind.
#pragma once

#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/host.hpp"
#include "berth/runtime/engine.hpp"

namespace berth::runtime {

struct GpuSupport {
  bool nvidia = false;  // takes requests of driver nvidia: the runtime hook is there
  bool cdi = false;     // takes requests of driver cdi for NVIDIA devices
  // Qualified names of the NVIDIA devices, where the engine lists them (Docker from 28.3 on); else
  // empty.
  std::vector<std::string> cdi_devices{};
  // What the verdict rests on, for notes, `--explain` and `berth doctor`.
  std::vector<std::string> evidence{};

  bool any() const { return nvidia || cdi; }
};

// What the engine lists of itself; where that is nothing, only find_gpu_support() can tell. For dry
// runs, which start no container.
GpuSupport listed_gpu_support(const EngineFacts& facts);

// What `engine` offers. "It offers nothing" is a value, not an error; errors are those of the
// engine's calls.
Result<GpuSupport> find_gpu_support(Engine& engine, const EngineFacts& facts);

// The error for a run that needs GPUs on an engine without support: Errc::engine_failed, id
// `gpu-not-configured`, with the evidence as notes and the remedy for this kind of engine as hints.
Error gpu_not_configured(const EngineFacts& facts, const GpuSupport& support);

// A start can still fail over the GPUs (a device that is not there, a requirement of the image that
// the driver does not meet). Such an error gets an id (`gpu-not-configured`, `gpu-not-found`,
// `gpu-requirement`) and hints; any other is returned as it is.
Error explained_gpu_failure(Error error);

}  // namespace berth::runtime
