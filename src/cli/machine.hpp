// The Host that a decision is made for: this machine, or the one that options describe.
#pragma once

#include "berth/base/result.hpp"
#include "berth/model/host.hpp"
#include "berth/resolver/catalog.hpp"
#include "berth/runtime/host_probe.hpp"
#include "cli/context.hpp"
#include "cli/request_options.hpp"

namespace berth::cli {

// Where this machine's facts are looked for; BERTH_NVML names NVML's library, for tests and odd
// installations.
runtime::ProbeRoots probe_roots(const Context& context);

// This machine, with the environment of the context. The engine's part is absent:
// runtime::add_engine() adds it.
runtime::HostProbe probe_here(const Context& context);

// Fills in compute capabilities that could not be read, by the GPUs' names.
void complete_from_catalog(std::vector<Gpu>& gpus, const Catalog& catalog);

// The machine that --host FILE, or --driver and --gpu, describe. Errc::usage for both at once.
Result<Host> described_machine(const MachineOptions& options, const Catalog& catalog);

// Whether the images that are here already have a say.
enum class LocalChoice { counts, has_no_say };

// A machine to decide for, with the reading of its GPUs where it is this one.
struct DecisionMachine {
  Host host{};
  runtime::NvmlReading nvml{};
};

// For verbs that only decide: the machine that the options describe, else this one; where it counts
// with the images of the engine here, if one answers at once.
Result<DecisionMachine> decision_machine(const MachineOptions& options, const Context& context,
                                         const Catalog& catalog, LocalChoice local);

}  // namespace berth::cli
