// Makes a Host from --driver and --gpu.
#include "berth/resolver/described_host.hpp"

#include <spdlog/fmt/fmt.h>

#include "berth/base/text.hpp"

namespace berth {

namespace {

Failure unknown_gpu(const std::string& name, const Catalog& catalog) {
  std::vector<std::string> names;
  std::vector<std::string> lowered_names;
  for (const GpuModel& model : catalog.gpus) {
    names.push_back(model.name);
    lowered_names.push_back(lowered(model.name));
  }
  Error error{Errc::usage, fmt::format("GPU `{}` is not one that the catalogue knows", name)};
  error.note("a compute capability is accepted as well: sm_86, 8.6");
  const std::optional<std::string> meant = nearest(lowered(name), lowered_names);
  for (std::size_t i = 0; meant && i < names.size(); ++i) {
    if (lowered_names[i] == *meant) {
      return fail(std::move(error).hint(
          fmt::format("`--gpu {}`, if that was meant", shell_quoted(names[i]))));
    }
  }
  return fail(std::move(error).hint("`berth catalog gpus` lists the GPUs that are known"));
}

Result<Gpu> described_gpu(const std::string& text, const Catalog& catalog, Host& host) {
  const std::string name(trimmed(text));
  Gpu gpu;
  if (const GpuModel* model = catalog.find_gpu(name)) {
    host.architecture = model->processor.empty() ? host.architecture : model->processor;
    gpu.name = "NVIDIA " + model->name;
    gpu.compute_capability = model->capability;
    return gpu;
  }
  gpu.compute_capability = ComputeCapability::parse(name);
  if (!gpu.compute_capability) {
    return unknown_gpu(name, catalog);
  }
  gpu.name = gpu.compute_capability->sm();
  return gpu;
}

}  // namespace

Result<Host> described_host(const std::optional<std::string>& driver,
                            const std::vector<std::string>& gpus, const Catalog& catalog) {
  Host host;
  host.gpus_known = false;  // nobody has looked: what is not said is unknown, not missing
  host.origin.text = !driver ? "--gpu" : gpus.empty() ? "--driver" : "--driver, --gpu";
  if (driver) {
    host.driver = DriverVersion::parse(trimmed(*driver));
    if (!host.driver) {
      return fail(
          Error{Errc::usage, fmt::format("`--driver {}` is not a driver's version", *driver)}.hint(
              "`cat /proc/driver/nvidia/version` shows it on that machine: `--driver 535.104.05`"));
    }
  }
  for (const std::string& text : gpus) {
    BERTH_TRY(Gpu gpu, described_gpu(text, catalog, host));
    gpu.index = static_cast<unsigned>(host.gpus.size());
    host.gpus.push_back(std::move(gpu));
  }
  return host;
}

}  // namespace berth
