// The Host that a decision is made for: this machine, or the one that options describe.
#pragma once

#include "berth/base/result.hpp"
#include "berth/model/host.hpp"
#include "berth/resolver/catalog.hpp"
#include "cli/context.hpp"
#include "cli/request_options.hpp"

namespace berth::cli {

// --host FILE, else --driver and --gpu, else a probe of this machine. Compute capabilities that the probe could not
// read are taken from the catalogue, by the GPU's name. Engine facts are absent: `run` adds them.
Result<Host> find_host(const MachineOptions& options, const Catalog& catalog);

}  // namespace berth::cli
