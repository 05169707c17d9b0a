// A locked decision on a machine. The lock says what the image holds and needs, so the checks do
// not depend on whether the catalogue still knows it.
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "berth/resolver/free_gpus.hpp"
#include "berth/resolver/lock.hpp"
#include "berth/resolver/resolve.hpp"
#include "resolver/command_text.hpp"
#include "resolver/driver_rules.hpp"
#include "resolver/gpu_rules.hpp"
#include "resolver/machine.hpp"

namespace berth {

namespace {

using namespace resolver;

constexpr const char* kSource = "berth.lock";

class LockedChecks {
 public:
  LockedChecks(const Lock& lock, const Machine& machine, const Catalog& catalog)
      : lock_(lock), machine_(machine), catalog_(catalog) {}

  Result<Decision> decide() {
    fill_in();
    check_architecture();
    if (machine_.uses_gpu) {
      check_gpus();
      check_driver();
    }
    if (!refusals_.empty()) {
      return fail(refusal());
    }
    return std::move(decision_);
  }

 private:
  void fill_in() {
    decision_.image = lock_.reference();
    decision_.source = lock_.source;
    decision_.base_image = lock_.base_image;
    for (const LockedFramework& framework : lock_.frameworks) {
      decision_.frameworks.push_back({framework.name, "==" + framework.version, framework.version,
                                      framework.build, framework.index_url, kSource,
                                      framework.in_image});
    }
    for (const LockedLibrary& library : lock_.libraries) {
      decision_.libraries.push_back(
          {library.name, library.version, "==" + library.version, kSource});
    }
    decision_.cuda = lock_.cuda ? lock_.cuda->major_minor() : std::string();
    decision_.cudnn = lock_.cudnn;
    decision_.python = lock_.python;
    decision_.driver.found = machine_.driver;
    decision_.warnings = machine_.warnings;
    for (const std::string& contradiction : lock_contradictions(lock_, catalog_)) {
      decision_.warnings.push_back(fmt::format(
          "berth.lock is in doubt: {}; `berth lock --update` chooses anew", contradiction));
    }
    decision_.reasons.push_back({"locked",
                                 fmt::format("{} is what berth.lock has; it was decided with the "
                                             "catalogue of {}",
                                             lock_.image, lock_.catalog),
                                 kSource});
  }

  void check_architecture() {
    if (!lock_.architecture.empty() && lock_.architecture != machine_.architecture) {
      refusals_.push_back({"architecture",
                           fmt::format("berth.lock was made for {}, and {} is {}",
                                       lock_.architecture, machine_.place, machine_.architecture),
                           kSource});
    }
  }

  // CUDA alone is judged like a build whose code is not known.
  std::vector<FrameworkBuild> builds() const {
    std::vector<FrameworkBuild> builds;
    for (const LockedFramework& framework : lock_.frameworks) {
      FrameworkBuild build;
      build.name = framework.build;
      build.cuda = framework.cuda ? framework.cuda : lock_.cuda;
      build.architectures = framework.capabilities;
      build.fact.source = kSource;
      builds.push_back(std::move(build));
    }
    if (builds.empty()) {
      builds.emplace_back();
      builds.back().cuda = lock_.cuda;
      builds.back().fact.source = kSource;
    }
    return builds;
  }

  void check_gpus() {
    for (const MachineGpu& gpu : machine_.gpus) {
      bool first = true;
      for (const FrameworkBuild& build : builds()) {
        const GpuFit fit = gpu_fit(build, gpu, catalog_);
        jit_ = jit_ || fit.coverage == Coverage::ptx;
        if (fit.coverage == Coverage::none) {
          refusals_.push_back(fit.reason);
        } else if (first) {
          decision_.reasons.push_back(fit.reason);
        }
        if (first) {
          decision_.gpus.push_back({gpu.name, gpu.capability, fit.covered_by});
        }
        first = false;
      }
    }
  }

  void check_driver() {
    if (is_cpu_build()) {
      refusals_.push_back(
          {"cpu-build", fmt::format("{} is made for the CPU, and GPUs are asked for", lock_.image),
           kSource});
      return;
    }
    if (!lock_.cuda) {
      decision_.driver.mode = DriverMode::unknown;
      decision_.warnings.push_back(fmt::format(
          "the driver is not checked: berth.lock does not know the CUDA in {}", lock_.image));
      return;
    }
    DriverNeeds needs{
        *CudaVersion::parse(lock_.cuda->major_minor()), jit_, lock_.cuda_compat, std::nullopt, {}};
    for (const LockedFramework& framework : lock_.frameworks) {
      if (framework.min_driver && (!needs.own_floor || *needs.own_floor < *framework.min_driver)) {
        needs.own_floor = framework.min_driver;
        needs.own_floor_source = kSource;
      }
    }
    const DriverFit fit = driver_fit(needs, machine_, catalog_);
    decision_.driver.mode = fit.mode;
    decision_.driver.required = fit.required;
    (fit.fits ? decision_.reasons : refusals_).push_back(fit.reason);
  }

  bool is_cpu_build() const {
    return !lock_.frameworks.empty() &&
           std::all_of(lock_.frameworks.begin(), lock_.frameworks.end(),
                       [](const LockedFramework& framework) { return framework.build == "cpu"; });
  }

  Error refusal() const {
    Error error{Errc::no_solution, fmt::format("berth.lock does not fit {}: {}", machine_.place,
                                               refusals_.front().text)};
    error.note(fmt::format("locked is `{}`", lock_.image));
    for (const LockedFramework& framework : lock_.frameworks) {
      error.note(
          fmt::format("it holds {} {} ({})", framework.name, framework.version, framework.build));
    }
    for (std::size_t i = 1; i < refusals_.size(); ++i) {
      error.note(refusals_[i].text);
    }
    return std::move(error).named("lock-machine");
  }

  const Lock& lock_;
  const Machine& machine_;
  const Catalog& catalog_;
  bool jit_ = false;  // some GPU runs only what its driver compiles
  Decision decision_{};
  std::vector<Reason> refusals_{};
};

// A choice made anew, where that helps; else what the same question without a lock would hint.
Error with_remedies(Error error, const ResolveRequest& request, const Host& host,
                    const Catalog& catalog) {
  if (error.id != "lock-machine") {
    return error;
  }
  const Result<Decision> anew = resolve(request, host, catalog);
  if (anew) {
    return std::move(error)
        .hint(fmt::format("`berth resolve --no-lock{}` says what would run there",
                          machine_options(host)))
        .hint(fmt::format("`berth lock --update{}` chooses anew", machine_options(host)));
  }
  error.note("without the lock it would be the same: " + anew.error().message);
  for (const std::string& hint : anew.error().hints) {
    error.hint(hint);
  }
  return error;
}

}  // namespace

Result<Decision> locked_decision(const Lock& lock, const ResolveRequest& request, const Host& host,
                                 const Catalog& catalog) {
  const auto decide_on = [&](const ResolveRequest& asked, const Host& offered) -> Result<Decision> {
    BERTH_TRY(const Machine machine, machine_for(asked, offered, catalog));
    return LockedChecks(lock, machine, catalog).decide();
  };
  const FreeChoice choice =
      choice_of_free(request, host, [&](const ResolveRequest& asked, const Host& offered) {
        return decide_on(asked, offered).has_value();
      });
  Result<Decision> decided = decide_on(request, choice.host);
  if (!decided) {
    return fail(with_remedies(std::move(decided).error(), request, host, catalog));
  }
  Decision decision = *std::move(decided);
  if (!choice.warning.empty()) {
    decision.warnings.push_back(choice.warning);
  }
  return decision;
}

}  // namespace berth
