// Whether a driver knows a GPU at all. Source: NVIDIA's deprecation schedule of its drivers, and
// the CUDA that brought code for a generation (gpus.json). A driver can only know the generations
// that the CUDA of its own time had code for, and later ones drop old generations.
#pragma once

#include <optional>
#include <string>

#include "berth/model/host.hpp"
#include "berth/resolver/catalog.hpp"
#include "resolver/machine.hpp"

namespace berth::resolver {

struct UnknownGpu {
  std::string text;     // "branch 580 is the last for Pascal (GPU 0 …), and the driver is 590.44"
  bool certain = true;  // as the catalogue's row is
};

// nullopt where the driver knows the GPU, or where nothing is known of one of them.
std::optional<UnknownGpu> unknown_to_driver(const MachineGpu& gpu, const Machine& machine,
                                            const Catalog& catalog);

// The driver nearest to the machine's that knows all its GPUs: the lowest that does, or the branch
// that is the last; nullopt where there is none, or where the host's own does already.
std::optional<DriverVersion> nearest_driver_for(const Host& host, const Catalog& catalog);

}  // namespace berth::resolver
