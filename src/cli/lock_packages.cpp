#include "cli/lock_packages.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "berth/base/text.hpp"
#include "berth/environment/package_lock.hpp"
#include "berth/runtime/host_probe.hpp"
#include "cli/engine_access.hpp"
#include "cli/environment.hpp"
#include "cli/environment_stage.hpp"
#include "cli/obtain_image.hpp"
#include "cli/run_plan.hpp"
#include "cli/version.hpp"

namespace berth::cli {

namespace {

// What lies on this machine is read and hashed here, once for the build, too.
Result<std::vector<LockInput>> inputs_of(PlannedRun& run, const Lock& lock) {
  BERTH_TRY(run.local, find_local_sources(run));
  return environment::package_inputs(run.request.run.packages, run.local->sources(), lock.inputs);
}

bool has(const std::vector<LockInput>& inputs, const LockInput& input) {
  return std::any_of(inputs.begin(), inputs.end(), [&input](const LockInput& other) {
    return other.name == input.name && other.text == input.text;
  });
}

// What was locked before, but for what the changed inputs name.
std::vector<std::string> kept_packages(const LockedPackages& before,
                                       const std::vector<LockInput>& now) {
  std::set<std::string> named;
  for (const auto& [inputs, others] :
       {std::pair(&before.inputs, &now), std::pair(&now, &before.inputs)}) {
    for (const LockInput& input : *inputs) {
      if (!has(*others, input)) {
        named.insert(input.name);
      }
    }
  }
  std::vector<std::string> kept;
  for (const LockedPackage& package : before.packages) {
    if (!package.hashes.empty() && !named.contains(package.name)) {
      kept.push_back(package.text());
    }
  }
  return kept;
}

bool same_image(const Lock& one, const Lock& other) {
  return one.image == other.image && (one.digest == other.digest || one.digest.empty());
}

PackageAnswer not_locked(const std::string& why, const PackageOrder& order) {
  PackageAnswer answer;
  answer.warnings.push_back(
      fmt::format("the packages are not locked: {}; `berth lock` adds them once {}", why,
                  order.no_changes ? "it may write" : "that has changed"));
  return answer;
}

class PackageLock {
 public:
  PackageLock(const PackageOrder& order, runtime::RunGuard& guard, Context& context,
              const std::stop_token& stop)
      : order_(order), guard_(guard), context_(context), stop_(stop) {}

  Result<PackageAnswer> make() {
    spec::Flags flags = order_.flags;
    flags.command = {"python"};  // which one is run has no say
    BERTH_TRY(run_.request, spec::gather_run(flags, context_.surroundings));
    if (!run_.request.run.packages.enabled) {
      return PackageAnswer{};
    }
    run_.plan.decision = order_.decision;
    run_.caller = runtime::probe_caller(run_.request.run.project, EngineFacts{}, kVersion);
    BERTH_TRY(std::vector<LockInput> inputs, inputs_of(run_, order_.lock));
    const std::optional<LockedPackages> before =
        order_.before && !order_.anew ? order_.before->environment : std::nullopt;
    if (before && same_image(*order_.before, order_.lock) &&
        changed_inputs(before->inputs, inputs).empty()) {
      return PackageAnswer{*before};
    }
    if (nothing_to_install(run_)) {
      return PackageAnswer{LockedPackages{std::move(inputs), {}}};
    }
    LockOrder order{.anew = order_.anew};
    if (before) {
      order.kept = kept_packages(*before, inputs);
    }
    return ask_engine(std::move(inputs), order);
  }

 private:
  Result<PackageAnswer> ask_engine(std::vector<LockInput> inputs, const LockOrder& order) {
    if (order_.offline) {
      return not_locked("nobody is asked with `--offline`", order_);
    }
    if (order_.no_changes) {
      PackageAnswer answer =
          not_locked("an installation tells them, and a dry run makes none", order_);
      if (order_.before && order_.before->environment) {  // what would become of them is not known
        answer.packages = LockedPackages{std::move(inputs), order_.before->environment->packages};
      }
      return answer;
    }
    Result<ImageFacts> image = find_image();
    if (!image && (stop_.stop_requested() || image.error().code == Errc::usage)) {
      return fail(image.error());
    }
    if (!image) {
      return not_locked(image.error().message, order_);
    }
    const std::string run_id = runtime::make_run_id();
    guard_.arm(run_.host.engine->address, run_id);
    PackageAnswer answer{LockedPackages{std::move(inputs), {}}};
    BERTH_TRY(answer.packages->packages,
              lock_environment(run_, *image, order, run_id, context_, stop_));
    guard_.release();
    for (const std::string& package : environment::without_hash(answer.packages->packages)) {
      answer.notes.push_back("no hash stands for " + package);
    }
    return answer;
  }

  Result<ImageFacts> find_image() {
    BERTH_TRY(run_.engine, open_engine(context_, stop_));
    BERTH_TRY(const EngineFacts facts, run_.engine->facts());
    run_.host.engine = facts;
    // With what it says of its proxies.
    run_.caller = runtime::probe_caller(run_.request.run.project, facts, kVersion);
    return obtain_image(*run_.engine, order_.decision.image, run_.request.run.platform,
                        run_.request.run.pull, context_.messages, stop_);
  }

  const PackageOrder& order_;
  runtime::RunGuard& guard_;
  Context& context_;
  const std::stop_token& stop_;
  PlannedRun run_{};
};

}  // namespace

Result<std::vector<std::string>> changed_packages(const Lock& lock, PlannedRun& run) {
  if (!lock.environment) {
    return std::vector<std::string>{};
  }
  BERTH_TRY(const std::vector<LockInput> now, inputs_of(run, lock));
  return changed_inputs(lock.environment->inputs, now);
}

Error packages_not_locked() {
  return Error{Errc::no_solution, "berth.lock has no packages, and `--locked` demands them"}
      .named("lock-packages")
      .note("it was written where they could not be found out, or with `--no-packages`")
      .hint("`berth lock` adds them; `berth run --locked --no-packages …` runs the image as it is");
}

Result<PackageAnswer> lock_packages(const PackageOrder& order, runtime::RunGuard& guard,
                                    Context& context, const std::stop_token& stop) {
  return PackageLock(order, guard, context, stop).make();
}

}  // namespace berth::cli
