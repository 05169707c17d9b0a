// The plan of a run: request, engine, machine, GPUs, decision, container, in this order, so that
// the first thing that cannot work is what the user hears of.
#include "cli/run_plan.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "berth/base/pip_variables.hpp"
#include "berth/base/text.hpp"
#include "berth/resolver/resolve.hpp"
#include "berth/runtime/container_spec.hpp"
#include "berth/runtime/device_requests.hpp"
#include "berth/runtime/gpu_support.hpp"
#include "berth/runtime/host_probe.hpp"
#include "berth/runtime/run_labels.hpp"
#include "cli/catalog_age.hpp"
#include "cli/engine_access.hpp"
#include "cli/environment.hpp"
#include "cli/gpu_allocation.hpp"
#include "cli/gpu_offer.hpp"
#include "cli/image_check.hpp"
#include "cli/local_images.hpp"
#include "cli/lock_packages.hpp"
#include "cli/lock_use.hpp"
#include "cli/machine.hpp"
#include "cli/version.hpp"

namespace berth::cli {

namespace {

class Planner {
 public:
  Planner(const PlanOptions& options, const Context& context)
      : options_(options), context_(context) {}

  Result<PlannedRun> plan() {
    BERTH_TRY(const Catalog catalog, context_.catalog());
    note_old_catalog(context_, catalog);
    BERTH_TRY(run_.request, spec::gather_run(options_.flags, context_.surroundings));
    run_.plan.warnings = run_.request.warnings;
    BERTH_TRY(const std::optional<Lock> lock, find_lock());
    BERTH_TRY(const EngineFacts facts, reach_engine());
    BERTH_TRY(run_.host, find_machine(facts, catalog));
    BERTH_TRY(const std::vector<DeviceRequest> devices, plan_gpus(catalog, lock));
    BERTH_TRY(run_.plan.decision, decide(devices, catalog, lock));
    warn_about_absent();
    warn_about_packages();
    run_.caller = runtime::probe_caller(run_.request.run.project, facts, kVersion);
    BERTH_CHECK(use_locked_packages(catalog, lock));
    if (options_.flags.command.empty()) {
      run_.caller.directory.clear();  // a command of the spec runs where the spec lies
    }
    BERTH_TRY(run_.plan.container,
              runtime::make_container_spec(run_.request.run, run_.plan.decision, run_.host,
                                           run_.caller, devices));
    label_gpus();
    run_.plan.pull = run_.request.run.pull;
    run_.plan.timeout = run_.request.run.timeout;
    append(run_.plan.decision.warnings);
    return std::move(run_);
  }

 private:
  const GpuRequest& gpus() const { return run_.request.resolve.gpus.value; }

  void warn(std::string text) { run_.plan.warnings.push_back(std::move(text)); }
  void append(const std::vector<std::string>& warnings) {
    run_.plan.warnings.insert(run_.plan.warnings.end(), warnings.begin(), warnings.end());
  }

  // Read before the engine is asked for anything: a broken one is told at once.
  Result<std::optional<Lock>> find_lock() const {
    return options_.lock.no_lock ? std::optional<Lock>()
                                 : cli::find_lock(options_.flags, context_.surroundings);
  }

  Result<EngineFacts> reach_engine() {
    Result<std::unique_ptr<runtime::Engine>> engine =
        open_engine(context_, options_.stop, options_.leave);
    Result<EngineFacts> facts =
        engine ? (*engine)->facts() : Result<EngineFacts>(Failure(engine.error()));
    if (facts) {
      run_.engine = std::move(*engine);
      return facts;
    }
    if (!options_.dry_run || facts.error().code == Errc::usage) {
      return facts;
    }
    warn(fmt::format("{}: the plan assumes Docker with the NVIDIA Container Toolkit",
                     facts.error().message));
    EngineFacts assumed;
    assumed.architecture = "amd64";
    assumed.nvidia_hook = true;
    return assumed;
  }

  // The machine that the engine runs on. A probe of this machine holds for an engine on it only.
  Result<Host> find_machine(const EngineFacts& facts, const Catalog& catalog) {
    if (options_.machine.describes_another()) {
      BERTH_TRY(Host host, described_machine(options_.machine, catalog));
      host.engine = facts;
      return host;
    }
    if (on_this_machine(facts)) {
      runtime::HostProbe probe = probe_here(context_);
      runtime::add_engine(probe, facts);
      complete_from_catalog(probe.host.gpus, catalog);
      nvml_ = std::move(probe.nvml);
      return std::move(probe.host);
    }
    Host remote;
    remote.origin = Origin{facts.address};
    remote.architecture = facts.architecture;
    remote.gpus_known = false;
    remote.engine = facts;
    return remote;
  }

  // The verdict on GPUs comes before everything that takes time: before the image is looked for,
  // let alone pulled.
  Result<std::vector<DeviceRequest>> plan_gpus(const Catalog& catalog,
                                               const std::optional<Lock>& lock) {
    if (!runtime::wants_gpus(gpus(), run_.host)) {
      return std::vector<DeviceRequest>{};
    }
    BERTH_TRY(const runtime::GpuSupport support, gpu_support());
    if (!support.any()) {
      return fail(runtime::gpu_not_configured(*run_.host.engine, support));
    }
    if (gpus().required() && run_.host.gpus_known && !run_.host.has_gpu()) {
      // The engine attaches GPUs that the probe cannot see: devices of another vendor path, a
      // simulated GPU, a container around berth. The engine has the last word, and its start fails
      // if it is wrong.
      run_.host.gpus_known = false;
    }
    BERTH_TRY(const std::vector<runtime::GpuSlot> slots, allot_gpus(catalog, lock));
    return runtime::make_device_requests(names_for_engine(slots, support), run_.host, support);
  }

  // The GPUs that the run gets; none where that is for the engine to say.
  Result<std::vector<runtime::GpuSlot>> allot_gpus(const Catalog& catalog,
                                                   const std::optional<Lock>& lock) {
    const bool chosen_here = gpus().mode == GpuRequest::Mode::free;
    if (!chosen_here && (nvml_.problem || nvml_.gpus.empty())) {
      return std::vector<runtime::GpuSlot>{};
    }
    const AllocationOptions allocation{
        .wait = run_.request.run.gpu_wait,
        .run_id = options_.run_id,
        .run_name = run_.request.run.name.value_or(run_.request.run.job),
        .dry_run = options_.dry_run,
        .stop = options_.stop,
        .engine = run_.engine.get(),
        .check = [&](const GpuRequest& likely) -> Result<void> {
          ResolveRequest request = run_.request.resolve;
          request.gpus.value = likely;
          const Result<Decision> decision =
              cli::decide(request, run_.host, catalog, lock, options_.lock);
          return decision ? Result<void>() : fail(decision.error());
        },
        .fit =
            [&](const std::vector<runtime::GpuSlot>& slots) {
              return free_choice(slots, catalog, lock);
            }};
    holds_gpus_ = gpus().mode != GpuRequest::Mode::automatic;
    BERTH_TRY(GpuAllocation allotted, allocate_gpus(gpus(), nvml_, allocation, context_));
    take_what_is_left(run_.request.resolve, run_.host, allotted.request);
    run_.leases = std::move(allotted.leases);
    append(allotted.warnings);
    for (const runtime::GpuSlot& slot : allotted.slots) {
      run_.gpus.push_back({slot.uuid, slot.name});
    }
    return std::move(allotted.slots);
  }

  // The answer that `berth resolve --gpus free:N` gives, too.
  FreeChoice free_choice(const std::vector<runtime::GpuSlot>& slots, const Catalog& catalog,
                         const std::optional<Lock>& lock) const {
    const ResolveRequest& request = run_.request.resolve;
    return choice_of_free(
        request, offered_host(run_.host, request.gpus.value, slots),
        [&](ResolveRequest asked, const Host& offered) {
          asked.gpus.value = GpuRequest{.mode = GpuRequest::Mode::all};
          return cli::decide(asked, offered, catalog, lock, options_.lock).has_value();
        });
  }

  // UUIDs where the engine knows them: numbers may be others there, where Slurm hides GPUs from us.
  GpuRequest names_for_engine(const std::vector<runtime::GpuSlot>& slots,
                              const runtime::GpuSupport& support) const {
    GpuRequest named = gpus();
    const std::vector<std::string>& listed = support.cdi_devices;
    for (std::string& device : named.devices) {
      const auto slot = std::find_if(slots.begin(), slots.end(), [&device](const auto& candidate) {
        return candidate.number == device;
      });
      if (slot == slots.end() || slot->uuid.empty()) {
        continue;
      }
      const bool known =
          support.nvidia ||
          std::find(listed.begin(), listed.end(), "nvidia.com/gpu=" + slot->uuid) != listed.end();
      device = known ? slot->uuid : device;
    }
    return named;
  }

  void label_gpus() {
    std::vector<std::string> uuids;
    for (const RunRecord::UsedGpu& gpu : run_.gpus) {
      if (holds_gpus_ && !gpu.uuid.empty()) {
        uuids.push_back(gpu.uuid);
      }
    }
    if (!uuids.empty()) {
      run_.plan.container.labels[runtime::kGpusLabel] = join(uuids, ",");
    }
  }

  // The image is asked before the pull, not after it. A dry run pulls nothing, and asks no
  // registry.
  Result<Decision> decide(const std::vector<DeviceRequest>& devices, const Catalog& catalog,
                          const std::optional<Lock>& lock) {
    const RunRequest& run = run_.request.run;
    const ResolveRequest& wanted = run_.request.resolve;
    const ImageInquiry inquiry{run_.engine.get(), !wanted.offline && !options_.dry_run,
                               run.platform, run.pull, options_.stop};
    const ImageUse use{!options_.dry_run, require_check(devices, *run_.host.engine),
                       run_environment(run, context_.surroundings)};
    const Decide deciding = [&](const Catalog& known) {
      return cli::decide(wanted, run_.host, known, lock, options_.lock);
    };
    const bool fixed = wanted.image || lock_stands(wanted, catalog, lock, options_.lock);
    if (!fixed) {
      find_local_images(catalog);
    }
    const AskImage ask = ask_image(inquiry, run_.host, context_);
    const AskImage remembering = [&](const std::string& reference) {
      Result<ImageFacts> facts = ask(reference);
      const bool here = facts && facts->from == ImageFacts::From::engine;
      run_.image = here ? std::optional(*facts) : std::nullopt;
      return facts;
    };
    return decide_with_image(deciding, fixed, run_.host, catalog, remembering, use);
  }

  Result<void> use_locked_packages(const Catalog& catalog, const std::optional<Lock>& lock) {
    if (!run_.request.run.packages.enabled ||
        !lock_stands(run_.request.resolve, catalog, lock, options_.lock)) {
      return {};
    }
    if (!lock->environment) {
      const bool refused = options_.lock.locked && !nothing_to_install(run_);
      return refused ? fail(packages_not_locked()) : Result<void>();
    }
    BERTH_TRY(const std::vector<std::string> changes, changed_packages(*lock, run_));
    if (changes.empty()) {
      run_.locked = lock->environment;
    } else if (options_.lock.locked) {
      return fail(lock_outdated(changes));
    } else {
      warn(fmt::format(
          "berth.lock's packages are not used, their inputs changed: {}; `berth lock` updates it",
          join(changes, "; ")));
    }
    return {};
  }

  // A machine that is described has the images that it is described with, and one for another
  // processor none that count.
  void find_local_images(const Catalog& catalog) {
    const std::string& platform = run_.request.run.platform;
    const bool usual = platform.empty() || platform == "linux/" + run_.host.engine->architecture;
    if (run_.engine && usual && !options_.machine.describes_another()) {
      run_.host.images = local_images(*run_.engine, catalog, context_);
    }
  }

  Result<runtime::GpuSupport> gpu_support() {
    const EngineFacts& facts = *run_.host.engine;
    if (!options_.dry_run) {
      return runtime::find_gpu_support(*run_.engine, facts);
    }
    // The probe would start a container, and a dry run changes nothing: what the engine lists has
    // to do.
    runtime::GpuSupport support = runtime::listed_gpu_support(facts);
    if (!support.any()) {
      warn("the engine lists no GPU support: the plan assumes the NVIDIA Container Toolkit");
      support.nvidia = true;
    }
    return support;
  }

  // Nothing silent: what is missing would only fail in the middle of the user's script.
  void warn_about_absent() {
    std::vector<std::string> absent;
    for (const FrameworkChoice& framework : run_.plan.decision.frameworks) {
      if (!framework.in_image) {
        absent.push_back(framework.name + "==" + framework.version);
      }
    }
    for (const LibraryChoice& library : run_.plan.decision.libraries) {
      if (!library.in_image) {
        absent.push_back(library.name + "==" + library.version);
      }
    }
    if (!absent.empty() && !run_.request.run.packages.enabled) {
      warn(fmt::format("not in the image, and `--no-packages` installs nothing: {}",
                       join(absent, ", ")));
    }
  }

  // What is asked for and cannot count.
  void warn_about_packages() {
    const spec::Flags& flags = options_.flags;
    const bool named = !flags.pip.empty() || !flags.apt.empty() || !flags.requirement_files.empty();
    if (named && !run_.request.run.packages.enabled) {
      warn("`--no-packages` installs nothing: `--pip`, `--apt` and `-r` do not count");
    }
    std::set<std::string> unset;
    for (const PipLine& line : run_.request.run.packages.lines) {
      for (const std::string& name : pip_variables_in(line.text)) {
        if (!context_.surroundings.environment(name)) {
          unset.insert(fmt::format("`${{{}}}` ({})", name, line.origin.text));
        }
      }
    }
    for (const std::string& variable : unset) {
      warn(fmt::format("{} is not set: the line is used as it stands", variable));
    }
  }

  const PlanOptions& options_;
  const Context& context_;
  PlannedRun run_;
  // Of this machine; empty for another.
  runtime::NvmlReading nvml_{};
  bool holds_gpus_ = false;
};

}  // namespace

Result<PlannedRun> plan_run(const PlanOptions& options, const Context& context) {
  return Planner(options, context).plan();
}

}  // namespace berth::cli
