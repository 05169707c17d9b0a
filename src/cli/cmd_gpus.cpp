// `berth gpus`: the machine's GPUs, what they are busy with, and who holds them.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "cli/exit_code.hpp"
#include "cli/gpu_report.hpp"
#include "cli/machine.hpp"
#include "cli/user_name.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

GpuUser user_of(const runtime::GpuProcess& process) {
  GpuUser user{.process = process, .facts = runtime::process_facts(process.pid)};
  if (user.facts.uid) {
    user.user = user_name(*user.facts.uid);
  }
  return user;
}

// NVML's reading of a GPU of the host's list; where there is none, what the list says.
runtime::GpuReading reading_of(const Gpu& gpu, const runtime::NvmlReading& nvml) {
  const auto same = std::find_if(nvml.gpus.begin(), nvml.gpus.end(), [&gpu](const auto& reading) {
    return reading.index == gpu.index;
  });
  runtime::GpuReading reading = same == nvml.gpus.end() ? runtime::GpuReading{} : *same;
  reading.index = gpu.index;
  reading.name = gpu.name;
  reading.uuid = gpu.uuid;
  return reading;
}

GpuReport make_report(const runtime::HostProbe& probe, const Catalog& catalog) {
  GpuReport report;
  const Host& host = probe.host;
  report.driver = host.driver ? host.driver->text() : std::string();
  std::optional<CudaVersion> cuda = host.driver_cuda;
  if (!cuda && host.driver) {
    cuda = catalog.native_cuda(*host.driver);
  }
  report.cuda = cuda ? cuda->text() : std::string();
  report.remarks = host.remarks;
  for (const Gpu& gpu : host.gpus) {
    GpuRow row{.gpu = reading_of(gpu, probe.nvml)};
    if (!row.gpu.compute_capability) {
      row.gpu.compute_capability = gpu.compute_capability;
    }
    for (const runtime::GpuProcess& process : row.gpu.processes) {
      row.users.push_back(user_of(process));
    }
    report.rows.push_back(std::move(row));
  }
  return report;
}

class GpusVerb : public Verb {
 public:
  std::string_view name() const override { return "gpus"; }
  std::string_view summary() const override { return "list the machine's GPUs and who uses them"; }

  void declare(CLI::App& app) override {
    app.footer(
        "Examples:\n"
        "  berth gpus\n"
        "  berth gpus -q                        the UUIDs alone, for --gpus device=UUID\n"
        "  berth gpus --json");
  }

  Result<int> run(Context& context) override {
    BERTH_TRY(const Catalog catalog, context.catalog());
    runtime::HostProbe probe = probe_here(context);
    complete_from_catalog(probe.host.gpus, catalog);
    const GpuReport report = make_report(probe, catalog);
    if (context.options.json) {
      context.out << gpus_document(report) << '\n';
      return kDone;
    }
    if (context.options.quiet) {
      for (const GpuRow& row : report.rows) {
        context.out << (row.gpu.uuid.empty() ? std::to_string(row.gpu.index) : row.gpu.uuid)
                    << '\n';
      }
      return kDone;
    }
    print_gpus(context.out, context.terminal, report);
    if (report.rows.empty()) {
      context.messages.note("no NVIDIA GPU was found on this machine");
    }
    for (const std::string& remark : report.remarks) {
      context.messages.note(remark);
    }
    return kDone;
  }
};

}  // namespace

std::unique_ptr<Verb> make_gpus_verb() {
  return std::make_unique<GpusVerb>();
}

}  // namespace berth::cli
