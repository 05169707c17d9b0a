#include "cli/machine.hpp"

#include "berth/base/file.hpp"
#include "berth/resolver/described_host.hpp"
#include "berth/runtime/host_facts_json.hpp"
#include "berth/runtime/host_probe.hpp"

namespace berth::cli {

namespace {

Result<Host> host_from_file(const std::string& path) {
  BERTH_TRY(const std::string content, read_file(path));
  return runtime::read_host_facts(content, path);
}

void complete_from_catalog(Host& host, const Catalog& catalog) {
  for (Gpu& gpu : host.gpus) {
    const GpuModel* model = gpu.compute_capability ? nullptr : catalog.find_gpu(gpu.name);
    if (model != nullptr) {
      gpu.compute_capability = model->capability;
    }
  }
}

}  // namespace

Result<Host> find_host(const MachineOptions& options, const Catalog& catalog) {
  if (options.host_file && (options.driver || !options.gpus.empty())) {
    return fail(Error{Errc::usage, "`--host` and `--driver` or `--gpu` describe two machines"}.hint(
        "give one of them"));
  }
  if (options.host_file) {
    BERTH_TRY(Host host, host_from_file(*options.host_file));
    complete_from_catalog(host, catalog);
    return host;
  }
  if (options.describes_another()) {
    return described_host(options.driver, options.gpus, catalog);
  }
  Host host = runtime::probe_host().host;
  complete_from_catalog(host, catalog);
  return host;
}

}  // namespace berth::cli
