// The driver rules. Sources: CUDA toolkit release notes (drivers of the toolkits),
// docs.nvidia.com/deploy/ cuda-compatibility (minor-version and forward compatibility); the rows
// are in the catalogue.
#include "resolver/driver_rules.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace berth::resolver {

namespace {

const MinorVersionFloor* floor_row(const Catalog& catalog, const CudaVersion& cuda) {
  for (const MinorVersionFloor& row : catalog.minor_floors) {
    if (row.cuda_major == cuda.major()) {
      return &row;
    }
  }
  return nullptr;
}

std::string toolkit_source(const Catalog& catalog, const CudaVersion& cuda) {
  for (const Toolkit& toolkit : catalog.toolkits) {
    if (cuda.covers(toolkit.cuda)) {
      return toolkit.fact.source;
    }
  }
  return {};
}

bool at_least_minor(const CudaVersion& have, const CudaVersion& need) {
  return have.major() != need.major() ? have.major() > need.major() : have.minor() >= need.minor();
}

const ForwardCompatibility* compat_row(const Catalog& catalog, const CudaVersion& cuda,
                                       const DriverVersion& driver) {
  for (const ForwardCompatibility& row : catalog.forward_compatibility) {
    if (row.driver_branch == driver.major() && row.cuda.major() == cuda.major() &&
        row.cuda.minor() == cuda.minor() &&
        row.verdict == ForwardCompatibility::Verdict::compatible) {
      return &row;
    }
  }
  return nullptr;
}

class Check {
 public:
  Check(const DriverNeeds& needs, const Machine& machine, const Catalog& catalog)
      : needs_(needs),
        machine_(machine),
        catalog_(catalog),
        floor_(floor_row(catalog, needs.cuda)),
        native_driver_(catalog.native_driver(needs.cuda)) {}

  DriverFit verdict() const {
    if (!machine_.driver && !machine_.native_cuda) {
      return fits(DriverMode::native, "driver-unknown",
                  fmt::format("the driver is not known; CUDA {} needs {}", needs_.cuda.text(),
                              required_text()),
                  toolkit_source(catalog_, needs_.cuda));
    }
    if (below_own_floor()) {
      return refused(fmt::format("{} is older than {}, which the project demands for this build",
                                 found(), needs_.own_floor->text()),
                     needs_.own_floor_source);
    }
    if (machine_.native_cuda && at_least_minor(*machine_.native_cuda, needs_.cuda)) {
      return fits(DriverMode::native, "driver-native",
                  fmt::format("{}; the build needs CUDA {}", found(), needs_.cuda.text()),
                  machine_.driver_source);
    }
    if (!machine_.native_cuda && !native_driver_) {
      return fits(DriverMode::native, "driver-unknown",
                  fmt::format("nothing is known of driver {} and CUDA {}", machine_.driver->text(),
                              needs_.cuda.text()),
                  {});
    }
    return without_own_cuda();
  }

 private:
  // The driver's own CUDA is older than the build's.
  DriverFit without_own_cuda() const {
    if (!needs_.jit && floor_ != nullptr && machine_.driver &&
        *machine_.driver >= floor_->min_driver) {
      return fits(DriverMode::minor, "driver-minor",
                  fmt::format("{}; CUDA {} runs by minor-version compatibility, from driver {} on",
                              found(), needs_.cuda.text(), floor_->min_driver.text()),
                  floor_->fact.source);
    }
    if (const ForwardCompatibility* row = forward()) {
      return fits(DriverMode::forward, "driver-forward",
                  fmt::format("{}; cuda-compat of CUDA {} works on branch {} with data-centre GPUs",
                              found(), needs_.cuda.major_minor(), row->driver_branch),
                  row->fact.source);
    }
    if (needs_.jit && floor_ != nullptr && machine_.driver &&
        *machine_.driver >= floor_->min_driver) {
      return refused(
          fmt::format("{}; the GPU needs PTX of CUDA {}, which only driver {} or newer can "
                      "compile (minor-version compatibility leaves PTX out)",
                      found(), needs_.cuda.text(), required_text()),
          floor_->fact.source);
    }
    return refused(
        fmt::format("{}; CUDA {} needs {} or newer", found(), needs_.cuda.text(), required_text()),
        floor_ != nullptr ? floor_->fact.source : toolkit_source(catalog_, needs_.cuda));
  }

  bool below_own_floor() const {
    return needs_.own_floor && machine_.driver && *machine_.driver < *needs_.own_floor &&
           forward() == nullptr;
  }

  const ForwardCompatibility* forward() const {
    if (!needs_.holds_compat || !machine_.driver || machine_.gpus.empty()) {
      return nullptr;
    }
    const bool allowed = std::all_of(machine_.gpus.begin(), machine_.gpus.end(),
                                     [](const MachineGpu& gpu) { return gpu.data_center; });
    return allowed ? compat_row(catalog_, needs_.cuda, *machine_.driver) : nullptr;
  }

  std::optional<DriverVersion> required() const {
    std::optional<DriverVersion> lowest = native_driver_;
    if (!needs_.jit && floor_ != nullptr && (!lowest || floor_->min_driver < *lowest)) {
      lowest = floor_->min_driver;
    }
    if (needs_.own_floor && (!lowest || *needs_.own_floor > *lowest)) {
      lowest = needs_.own_floor;
    }
    return lowest;
  }
  std::string required_text() const {
    const std::optional<DriverVersion> lowest = required();
    return lowest ? lowest->text() : "a driver that is not known";
  }
  std::string found() const {
    const std::string driver = machine_.driver ? "driver " + machine_.driver->text() : "the driver";
    return machine_.native_cuda ? fmt::format("{} ({}) runs CUDA {} natively", driver,
                                              machine_.origin, machine_.native_cuda->text())
                                : fmt::format("{} ({})", driver, machine_.origin);
  }

  DriverFit fits(DriverMode mode, std::string rule, std::string text, std::string source) const {
    return {mode, required(), {std::move(rule), std::move(text), std::move(source)}, true};
  }
  DriverFit refused(std::string text, std::string source) const {
    const std::string rule = needs_.jit ? "driver-ptx" : "driver-too-old";
    return {DriverMode::none, required(), {rule, std::move(text), std::move(source)}, false};
  }

  const DriverNeeds& needs_;
  const Machine& machine_;
  const Catalog& catalog_;
  const MinorVersionFloor* floor_;
  std::optional<DriverVersion> native_driver_;
};

}  // namespace

DriverFit driver_fit(const DriverNeeds& needs, const Machine& machine, const Catalog& catalog) {
  return Check(needs, machine, catalog).verdict();
}

}  // namespace berth::resolver
