// `berth gpus`: the machine's GPUs, what they are busy with, and who holds them.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "berth/runtime/gpu_choice.hpp"
#include "berth/runtime/gpu_leases.hpp"
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

GpuHolder holder_of(runtime::LeaseHolder lease) {
  GpuHolder holder{.lease = std::move(lease)};
  if (holder.lease.uid) {
    holder.user = user_name(*holder.lease.uid);
  }
  return holder;
}

GpuRow& row_of(GpuReport& report, const runtime::GpuSlot& slot, const runtime::NvmlReading& nvml) {
  const unsigned index = nvml.gpus[slot.place].index;
  return *std::find_if(report.rows.begin(), report.rows.end(),
                       [index](const GpuRow& row) { return row.gpu.index == index; });
}

// What `--gpus free` goes by, and what it has given away.
void add_leases(GpuReport& report, const runtime::NvmlReading& nvml,
                const std::vector<runtime::GpuSlot>& slots, const Context& context) {
  const Result<runtime::GpuLeases> leases =
      runtime::GpuLeases::of_machine(context.surroundings.environment);
  std::vector<std::string> uuids;
  for (const runtime::GpuSlot& slot : slots) {
    GpuRow& row = row_of(report, slot, nvml);
    row.trouble = slot.trouble;
    uuids.push_back(slot.uuid);
    std::optional<runtime::LeaseHolder> holder;
    if (leases && !slot.uuid.empty()) {
      holder = leases->holder(slot.uuid);
    }
    if (holder) {
      row.holders.emplace(slot.uuid, holder_of(*std::move(holder)));
    } else if (slot.trouble.empty() && slot.use.empty()) {
      row.free.push_back(slot.uuid);
    }
  }
  if (!leases) {
    return;
  }
  for (runtime::LeaseHolder& waiting : leases->queue(uuids)) {
    report.waiting.push_back(holder_of(std::move(waiting)));
  }
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
        "  berth run --gpus free:2 …            takes two that are free\n"
        "  berth gpus --json");
  }

  Result<int> run(Context& context) override {
    BERTH_TRY(const Catalog catalog, context.catalog());
    runtime::HostProbe probe = probe_here(context);
    complete_from_catalog(probe.host.gpus, catalog);
    GpuReport report = make_report(probe, catalog);
    if (!probe.nvml.problem) {
      add_leases(report, probe.nvml, runtime::gpu_slots(probe.nvml), context);
    }
    if (context.options.json) {
      context.out << gpus_document(report) << '\n';
      return kDone;
    }
    if (context.options.quiet) {
      for (const GpuRow& row : report.rows) {
        if (!row.gpu.uuid.empty()) {  // a lost GPU has none, and cannot be given
          context.out << row.gpu.uuid << '\n';
        }
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
