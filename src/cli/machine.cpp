#include "cli/machine.hpp"

#include <future>
#include <vector>

#include "berth/base/file.hpp"
#include "berth/resolver/described_host.hpp"
#include "berth/runtime/host_facts_json.hpp"
#include "cli/local_images.hpp"

namespace berth::cli {

runtime::ProbeRoots probe_roots(const Context& context) {
  runtime::ProbeRoots roots;
  roots.environment = context.surroundings.environment;
  const std::optional<std::string> library = roots.environment("BERTH_NVML");
  if (library && !library->empty()) {
    roots.nvml_libraries = {*library};
  }
  return roots;
}

runtime::HostProbe probe_here(const Context& context) {
  return runtime::probe_host(probe_roots(context));
}

void complete_from_catalog(std::vector<Gpu>& gpus, const Catalog& catalog) {
  for (Gpu& gpu : gpus) {
    const GpuModel* model = gpu.compute_capability ? nullptr : catalog.find_gpu(gpu.name);
    if (model != nullptr) {
      gpu.compute_capability = model->capability;
    }
  }
}

Result<Host> described_machine(const MachineOptions& options, const Catalog& catalog) {
  if (!options.host_file) {
    return described_host(options.driver, options.gpus, catalog);
  }
  if (options.driver || !options.gpus.empty()) {
    return fail(Error{Errc::usage, "`--host` and `--driver` or `--gpu` describe two machines"}.hint(
        "give one of them"));
  }
  BERTH_TRY(const std::string content, read_file(*options.host_file));
  BERTH_TRY(Host host, runtime::read_host_facts(content, *options.host_file));
  complete_from_catalog(host.gpus, catalog);
  return host;
}

Result<DecisionMachine> decision_machine(const MachineOptions& options, const Context& context,
                                         const Catalog& catalog, LocalChoice local) {
  if (options.describes_another()) {
    BERTH_TRY(Host host, described_machine(options, catalog));
    return DecisionMachine{std::move(host), {}};
  }
  std::future<std::vector<LocalImage>> images;  // asked for while the machine is looked at
  if (local == LocalChoice::counts) {
    images = std::async([&] { return local_images_at_once(context, catalog); });
  }
  runtime::HostProbe probe = probe_here(context);
  DecisionMachine machine{std::move(probe.host), std::move(probe.nvml)};
  complete_from_catalog(machine.host.gpus, catalog);
  if (images.valid()) {
    machine.host.images = images.get();
  }
  return machine;
}

}  // namespace berth::cli
