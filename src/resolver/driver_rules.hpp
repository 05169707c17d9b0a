// Which builds a driver runs: natively, by minor-version compatibility, or by forward
// compatibility.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "berth/base/dotted_version.hpp"
#include "berth/model/plan.hpp"
#include "berth/resolver/catalog.hpp"
#include "resolver/machine.hpp"

namespace berth::resolver {

struct DriverNeeds {
  CudaVersion cuda;           // of the build
  bool jit = false;           // the driver must compile PTX of that CUDA for one of the GPUs
  bool holds_compat = false;  // the image has cuda-compat (nvidia/cuda and what is made from it)
  std::optional<DriverVersion> own_floor;  // where the project itself states a minimum
  std::string own_floor_source;
};

struct DriverFit {
  DriverMode mode = DriverMode::native;
  std::optional<DriverVersion> required;  // the lowest that would do; absent where nobody says
  Reason reason;                          // why it fits, or why not
  bool fits = true;
};

// The rule that decides, without its words.
enum class DriverRule {
  unknown,    // of the driver, or of it and that CUDA: fits
  native,     // fits
  minor,      // fits
  forward,    // fits
  ptx,        // would fit, but for PTX that only a newer driver compiles
  own_floor,  // older than the project demands
  too_old,
};
bool fits(DriverRule rule);

struct DriverQuestion {
  const CudaVersion& cuda;
  bool jit = false;
  bool forward_allowed = false;  // the image has cuda-compat, and no GPU stands against it
  const DriverVersion* own_floor = nullptr;
};
DriverRule driver_rule(const DriverQuestion& question, const Machine& machine,
                       const Catalog& catalog);

// Forward compatibility is for data-centre GPUs alone. A machine whose GPUs nobody named may have
// such.
bool allows_forward(const Machine& machine);

// A machine of which the driver is not known fits, in mode unknown: machine.warnings says that
// nothing was checked.
DriverFit driver_fit(const DriverNeeds& needs, const Machine& machine, const Catalog& catalog);

}  // namespace berth::resolver
