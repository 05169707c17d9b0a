// Selects the GPUs that a run asks for, and adds what the catalogue knows of them and of the
// driver.
#include "resolver/machine.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>

#include "berth/base/text.hpp"
#include "resolver/driver_of_gpu.hpp"
#include "resolver/given_image.hpp"

namespace berth::resolver {

namespace {

std::string docker_architecture(const std::string& name) {
  if (name == "x86_64") {
    return "amd64";
  }
  return name == "aarch64" ? "arm64" : name;
}

MachineGpu known_gpu(const Gpu& gpu, const Host& host, const Catalog& catalog) {
  MachineGpu known{gpu.index, gpu.name, gpu.compute_capability, false, host.origin.text};
  if (const GpuModel* model = catalog.find_gpu(gpu.name)) {
    known.data_center = model->data_center;
    known.jetson = model->jetson;
    if (!known.capability) {
      known.capability = model->capability;
      known.source = model->fact.source;
    }
  }
  return known;
}

// The machine in a sentence.
std::string place_of(const Host& host) {
  return is_described(host) ? "the machine described by " + host.origin.text : host.origin.text;
}

// The index in "1", "1:0" (MIG) or "nvidia.com/gpu=1"; nullopt for a UUID.
std::optional<unsigned> index_in(std::string_view device) {
  if (const std::size_t equals = device.find('='); equals != std::string_view::npos) {
    device.remove_prefix(equals + 1);
  }
  unsigned index = 0;
  const char* const end = device.data() + device.size();
  const std::from_chars_result read = std::from_chars(device.data(), end, index);
  if (read.ec != std::errc() || (read.ptr != end && *read.ptr != ':')) {
    return std::nullopt;
  }
  return index;
}

std::string indices_of(const Host& host) {
  std::vector<std::string> indices;
  for (const Gpu& gpu : host.gpus) {
    indices.push_back(fmt::format("{} ({})", gpu.index, gpu.name));
  }
  return indices.empty() ? "none" : join(indices, ", ");
}

Failure absent_gpu(std::string message, const ResolveRequest& request, const Host& host) {
  return fail(Error{Errc::invalid_input, std::move(message)}
                  .named("gpu-not-there")
                  .note(fmt::format("`--gpus {}` is asked for by {}", request.gpus.value.text(),
                                    request.gpus.origin.text))
                  .note(fmt::format("GPUs of {}: {}", host.origin.text, indices_of(host))));
}

// Whether the list is all of the machine's. One `--gpu` describes a kind of GPU, several are a
// list.
bool lists_gpus(const Host& host) {
  return host.gpus_known || host.gpus.size() > 1;
}

// The GPUs that one entry of `device=` means. A MIG instance by UUID says nothing of its GPU: all
// are checked.
Result<std::vector<const Gpu*>> gpus_named(const std::string& device, const ResolveRequest& request,
                                           const Host& host) {
  std::vector<const Gpu*> all;
  for (const Gpu& gpu : host.gpus) {
    all.push_back(&gpu);
  }
  if (device == "all" || device.ends_with("=all") || device.find("MIG-") != std::string::npos) {
    return all;
  }
  const std::optional<unsigned> index = index_in(device);
  const std::string uuid =
      device.substr(device.find('=') == std::string::npos ? 0 : device.find('=') + 1);
  for (const Gpu* gpu : all) {
    // Docker accepts a UUID shortened to its beginning.
    if ((index && gpu->index == *index) ||
        (!index && !gpu->uuid.empty() && gpu->uuid.starts_with(uuid))) {
      return std::vector<const Gpu*>{gpu};
    }
  }
  if (!lists_gpus(host) || (!index && all.front()->uuid.empty())) {
    return all;  // described in words: which one stands where is not known
  }
  return absent_gpu(fmt::format("GPU `{}` is not on {}", device, place_of(host)), request, host);
}

Result<std::vector<const Gpu*>> selected(const ResolveRequest& request, const Host& host) {
  const GpuRequest& wanted = request.gpus.value;
  std::vector<const Gpu*> chosen;
  if (wanted.mode == GpuRequest::Mode::none) {
    return chosen;
  }
  if (wanted.mode == GpuRequest::Mode::devices && !host.gpus.empty()) {
    for (const std::string& device : wanted.devices) {
      BERTH_TRY(const std::vector<const Gpu*> named, gpus_named(device, request, host));
      chosen.insert(chosen.end(), named.begin(), named.end());
    }
  } else {
    for (const Gpu& gpu : host.gpus) {
      chosen.push_back(&gpu);
    }
  }
  std::sort(chosen.begin(), chosen.end(),
            [](const Gpu* a, const Gpu* b) { return a->index < b->index; });
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  if (wanted.memory_bytes) {  // of `free`: any that is large enough may be taken
    std::erase_if(chosen, [&wanted](const Gpu* gpu) {
      return gpu->memory_bytes && !is_sold_with(*gpu->memory_bytes, *wanted.memory_bytes);
    });
  }
  if (wanted.mode == GpuRequest::Mode::free && wanted.count > chosen.size() && !host.gpus.empty() &&
      lists_gpus(host)) {
    return absent_gpu(fmt::format("{} GPUs are asked for, {} has {} that would do", wanted.count,
                                  place_of(host), chosen.size()),
                      request, host);
  }
  if (wanted.mode == GpuRequest::Mode::count && !chosen.empty()) {
    if (wanted.count > chosen.size() && lists_gpus(host)) {
      return absent_gpu(fmt::format("{} GPUs are asked for, {} has {}", wanted.count,
                                    host.origin.text, chosen.size()),
                        request, host);
    }
    chosen.resize(std::min<std::size_t>(wanted.count, chosen.size()));
  }
  return chosen;
}

Failure no_gpu(const ResolveRequest& request, const Host& host) {
  Error error{Errc::no_solution,
              fmt::format("{} has no GPU, and the run asks for one", host.origin.text)};
  error.note(fmt::format("`--gpus {}` is asked for by {}", request.gpus.value.text(),
                         request.gpus.origin.text));
  error.note(host.driver ? fmt::format("driver {} is there, and shows no GPU", host.driver->text())
                         : fmt::format("no NVIDIA driver is loaded on {}", host.origin.text));
  for (const std::string& remark : host.remarks) {
    error.note(remark);
  }
  error.hint("`berth doctor` looks for the cause");
  return fail(std::move(error).named("gpu-not-there"));
}

void add_driver(Machine& machine, const Host& host, const Catalog& catalog) {
  machine.driver = host.driver;
  machine.native_cuda = host.driver_cuda;
  machine.driver_source = host.origin.text;
  if (!host.driver || machine.native_cuda) {
    return;
  }
  machine.native_cuda = catalog.native_cuda(*host.driver);
  if (const DriverBranch* branch = catalog.find_branch(*host.driver)) {
    machine.driver_source = branch->fact.source;
  }
}

void add_doubts(Machine& machine, const Host& host, const Catalog& catalog) {
  if (!machine.driver && !machine.native_cuda) {
    machine.warnings.push_back(
        fmt::format("the driver is not checked: {} names none", host.origin.text));
  }
  if (machine.gpus.empty()) {
    machine.warnings.push_back(
        fmt::format("the GPU is not checked: {} names none", host.origin.text));
  }
  for (const MachineGpu& gpu : machine.gpus) {
    if (gpu.jetson) {
      machine.warnings.push_back(fmt::format(
          "{} is in a Jetson, which runs neither images nor wheels for servers of "
          "arm64; NVIDIA's containers whose tags end in -igpu are made for it: `--image "
          "nvcr.io/nvidia/pytorch:25.02-py3-igpu`",
          describe(gpu)));
    }
    if (!gpu.capability) {
      machine.warnings.push_back(fmt::format(
          "GPU {} ({}) is not checked: its compute capability is not known", gpu.index, gpu.name));
      continue;
    }
    if (const std::optional<UnknownGpu> unknown = unknown_to_driver(gpu, machine, catalog)) {
      machine.warnings.push_back("the driver may not know " + unknown->text);
    }
  }
}

// Of a machine in words: one that runs shows that its driver and its GPU go together.
Result<void> check_drivers_gpus(const Machine& machine, const Catalog& catalog) {
  for (const MachineGpu& gpu : machine.gpus) {
    const std::optional<UnknownGpu> unknown = unknown_to_driver(gpu, machine, catalog);
    if (unknown && unknown->certain) {
      return fail(Error{Errc::no_solution, fmt::format("driver {} does not know {}",
                                                       machine.driver->text(), describe(gpu))}
                      .named("gpu-unknown-to-driver")
                      .note(unknown->text)
                      .note(fmt::format("driver and GPU are given by {}", machine.origin)));
    }
  }
  return {};
}

}  // namespace

std::string describe(const MachineGpu& gpu) {
  return gpu.capability ? fmt::format("GPU {} ({}, compute capability {})", gpu.index, gpu.name,
                                      gpu.capability->text())
                        : fmt::format("GPU {} ({})", gpu.index, gpu.name);
}

bool is_described(const Host& host) {
  return host.origin.text.starts_with("--");
}

std::string architecture_of(const Host& host) {
  return docker_architecture(host.engine && !host.engine->architecture.empty()
                                 ? host.engine->architecture
                                 : host.architecture);
}

Result<Machine> machine_for(const ResolveRequest& request, const Host& host,
                            const Catalog& catalog) {
  const GpuRequest& wanted = request.gpus.value;
  Machine machine;
  machine.origin = host.origin.text;
  const bool in_words = is_described(host);
  machine.place = place_of(host);
  machine.architecture = architecture_of(host);
  BERTH_TRY(const std::vector<const Gpu*> chosen, selected(request, host));
  for (const Gpu* gpu : chosen) {
    machine.gpus.push_back(known_gpu(*gpu, host, catalog));
  }
  for (const LocalImage& image : host.images) {
    machine.images.emplace(short_reference(image.reference), image.bytes);
  }
  machine.cpu_wanted = wanted.mode == GpuRequest::Mode::none;
  // What nobody has stated of a described machine is unknown, not absent.
  machine.uses_gpu = !machine.cpu_wanted && (!machine.gpus.empty() || !host.gpus_known);
  if (wanted.required() && !machine.uses_gpu) {
    return no_gpu(request, host);
  }
  if (machine.uses_gpu) {
    add_driver(machine, host, catalog);
    if (in_words) {
      BERTH_CHECK(check_drivers_gpus(machine, catalog));
    }
    add_doubts(machine, host, catalog);
  } else if (!machine.cpu_wanted) {
    machine.warnings.push_back(
        fmt::format("no GPU found on {}: runs on the CPU", host.origin.text));
    machine.warnings.insert(machine.warnings.end(), host.remarks.begin(), host.remarks.end());
  }
  return machine;
}

}  // namespace berth::resolver
