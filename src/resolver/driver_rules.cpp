// The driver rules. Sources: CUDA toolkit release notes (drivers of the toolkits),
// docs.nvidia.com/deploy/ cuda-compatibility (minor-version and forward compatibility); the rows
// are in the catalogue.
#include "resolver/driver_rules.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "resolver/cuda_minor.hpp"

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

bool runs_minors(const MinorVersionFloor* floor, const Machine& machine) {
  return floor != nullptr && machine.driver && machine.driver->reaches(floor->min_driver);
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
    const DriverRule rule =
        driver_rule({needs_.cuda, needs_.jit, needs_.holds_compat && allows_forward(machine_),
                     needs_.own_floor ? &*needs_.own_floor : nullptr},
                    machine_, catalog_);
    switch (rule) {
      case DriverRule::unknown:
        return unknown();
      case DriverRule::native:
        return fits(DriverMode::native, "driver-native",
                    fmt::format("{}; the build needs CUDA {}", found(), needs_.cuda.text()),
                    machine_.driver_source);
      case DriverRule::minor:
        return fits(
            DriverMode::minor, "driver-minor",
            fmt::format("{}; CUDA {} runs by minor-version compatibility, from driver {} on",
                        found(), needs_.cuda.text(), floor_->min_driver.text()),
            floor_->fact.source);
      case DriverRule::forward:
        return forward();
      case DriverRule::own_floor:
        return refused("driver-too-old",
                       fmt::format("{}; the project demands driver {} or newer for this build",
                                   found(), needs_.own_floor->text()),
                       needs_.own_floor_source);
      case DriverRule::ptx:
        return refused(
            "driver-ptx",
            fmt::format("{}; the GPU needs PTX of CUDA {}, which only driver {} or newer can "
                        "compile (minor-version compatibility leaves PTX out)",
                        found(), needs_.cuda.text(), required_text()),
            floor_->fact.source);
      case DriverRule::too_old:
        break;
    }
    return refused(
        "driver-too-old",
        fmt::format("{}; CUDA {} needs {} or newer", found(), needs_.cuda.text(), required_text()),
        floor_ != nullptr ? floor_->fact.source : toolkit_source(catalog_, needs_.cuda));
  }

 private:
  DriverFit unknown() const {
    if (!machine_.driver && !machine_.native_cuda) {
      return fits(DriverMode::unknown, "driver-unknown",
                  fmt::format("the driver is not known; CUDA {} needs {}", needs_.cuda.text(),
                              required_text()),
                  toolkit_source(catalog_, needs_.cuda));
    }
    return fits(DriverMode::unknown, "driver-unknown",
                fmt::format("nothing is known of driver {} and CUDA {}", machine_.driver->text(),
                            needs_.cuda.text()),
                {});
  }

  DriverFit forward() const {
    const ForwardCompatibility& row = *compat_row(catalog_, needs_.cuda, *machine_.driver);
    return fits(DriverMode::forward, "driver-forward",
                fmt::format("{}; cuda-compat of CUDA {} works on branch {} with data-centre GPUs{}",
                            found(), needs_.cuda.major_minor(), row.driver_branch,
                            machine_.gpus.empty() ? ", and no other (error 804)" : ""),
                row.fact.source);
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
  DriverFit refused(std::string rule, std::string text, std::string source) const {
    return {
        DriverMode::none, required(), {std::move(rule), std::move(text), std::move(source)}, false};
  }

  const DriverNeeds& needs_;
  const Machine& machine_;
  const Catalog& catalog_;
  const MinorVersionFloor* floor_;
  std::optional<DriverVersion> native_driver_;
};

}  // namespace

bool fits(DriverRule rule) {
  return rule == DriverRule::unknown || rule == DriverRule::native || rule == DriverRule::minor ||
         rule == DriverRule::forward;
}

bool allows_forward(const Machine& machine) {
  return std::all_of(machine.gpus.begin(), machine.gpus.end(),
                     [](const MachineGpu& gpu) { return gpu.data_center; });
}

DriverRule driver_rule(const DriverQuestion& question, const Machine& machine,
                       const Catalog& catalog) {
  if (!machine.driver && !machine.native_cuda) {
    return DriverRule::unknown;
  }
  const bool by_compat = question.forward_allowed && machine.driver &&
                         compat_row(catalog, question.cuda, *machine.driver) != nullptr;
  if (question.own_floor != nullptr && machine.driver &&
      !machine.driver->reaches(*question.own_floor) && !by_compat) {
    return DriverRule::own_floor;
  }
  if (machine.native_cuda && reaches_minor(*machine.native_cuda, question.cuda)) {
    return DriverRule::native;
  }
  if (!machine.native_cuda && !catalog.native_driver(question.cuda)) {
    return DriverRule::unknown;
  }
  const bool minors = runs_minors(floor_row(catalog, question.cuda), machine);
  if (minors && !question.jit) {
    return DriverRule::minor;
  }
  if (by_compat) {
    return DriverRule::forward;
  }
  return minors ? DriverRule::ptx : DriverRule::too_old;
}

DriverFit driver_fit(const DriverNeeds& needs, const Machine& machine, const Catalog& catalog) {
  return Check(needs, machine, catalog).verdict();
}

}  // namespace berth::resolver
