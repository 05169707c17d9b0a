// The container of a run: what the request says, what was decided, and the defaults of design.md
// ("What a container gets by default, and why").
//
// Who wins: the request over berth's defaults, berth's defaults over the image. One entry per
// variable and per mount target.
#pragma once

#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/host.hpp"
#include "berth/model/plan.hpp"
#include "berth/model/request.hpp"
#include "berth/runtime/caller.hpp"
#include "berth/runtime/engine.hpp"

namespace berth::runtime {

// Pure: no file is read or made. `devices` comes from make_device_requests(); it is empty for a CPU
// run. Uses host.engine (kind, rootless, runtimes) and host.memory_bytes. Errors:
//   Errc::engine_failed  an option that this engine would silently ignore
//   Errc::usage  -t although standard input is connected and no terminal; a name, user or path that
//   no engine takes
Result<ContainerSpec> make_container_spec(const RunRequest& request, const Decision& decision,
                                          const Host& host, const Caller& caller,
                                          std::vector<DeviceRequest> devices);

// The one thing that only the image can tell: NVIDIA's images print a banner to standard output
// from their entry point. It is reset where the request names none, unless the decision needs what
// else that script does (forward compatibility in NGC images). To be called once the image is
// there.
void quieten_entrypoint(ContainerSpec& spec, const ImageFacts& image, const Decision& decision);

// Before create, since Docker makes a missing bind source as a folder of root's:
// makes the caller's cache folders and the sources of bind-create-src, and checks that every other
// bind source exists.
// Errc::invalid_input naming the mount and its origin; Errc::io where a cache folder cannot be
// made. Only for an engine on this machine.
Result<void> prepare_bind_sources(const ContainerSpec& spec, const RunRequest& request,
                                  const Caller& caller);

}  // namespace berth::runtime
