#include "resolver/driver_of_gpu.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace berth::resolver {

namespace {

const Capability* row_of(const Gpu& gpu, const Catalog& catalog) {
  const GpuModel* model = gpu.compute_capability ? nullptr : catalog.find_gpu(gpu.name);
  const std::optional<ComputeCapability> value =
      model != nullptr ? std::optional(model->capability) : gpu.compute_capability;
  return value ? catalog.find_capability(*value) : nullptr;
}

// Of several the one that says most of drivers.
std::string first_source(const Capability& row) {
  return row.fact.source.substr(0, row.fact.source.find(';'));
}

}  // namespace

std::optional<UnknownGpu> unknown_to_driver(const MachineGpu& gpu, const Machine& machine,
                                            const Catalog& catalog) {
  const Capability* row = gpu.capability ? catalog.find_capability(*gpu.capability) : nullptr;
  if (row == nullptr) {
    return std::nullopt;
  }
  if (row->first_cuda && machine.native_cuda && *machine.native_cuda < *row->first_cuda) {
    return UnknownGpu{fmt::format("{}: {} came with CUDA {}, and the driver offers {} ({})",
                                  describe(gpu), row->architecture, row->first_cuda->text(),
                                  machine.native_cuda->text(), first_source(*row)),
                      !row->fact.uncertain};
  }
  if (row->last_driver_branch && machine.driver &&
      machine.driver->major() > *row->last_driver_branch) {
    return UnknownGpu{fmt::format("{}: branch {} is the last for {} ({})", describe(gpu),
                                  *row->last_driver_branch, row->architecture, first_source(*row)),
                      !row->fact.uncertain};
  }
  return std::nullopt;
}

std::optional<DriverVersion> nearest_driver_for(const Host& host, const Catalog& catalog) {
  std::optional<DriverVersion> lowest;
  std::optional<unsigned> last;
  for (const Gpu& gpu : host.gpus) {
    const Capability* row = row_of(gpu, catalog);
    if (row == nullptr) {
      continue;
    }
    const std::optional<DriverVersion> first =
        row->first_cuda ? catalog.native_driver(*row->first_cuda) : std::nullopt;
    if (first && (!lowest || *lowest < *first)) {
      lowest = first;
    }
    if (row->last_driver_branch) {
      last = std::min(last.value_or(*row->last_driver_branch), *row->last_driver_branch);
    }
  }
  if (!host.driver || (lowest && last && lowest->major() > *last)) {
    return std::nullopt;
  }
  if (lowest && !host.driver->reaches(*lowest)) {
    return lowest;
  }
  return last && host.driver->major() > *last ? DriverVersion::parse(std::to_string(*last))
                                              : std::nullopt;
}

}  // namespace berth::resolver
