// `berth lock`: writes the decision down, so that it stays what it is until somebody changes it.
#include <spdlog/fmt/fmt.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "berth/base/file.hpp"
#include "berth/base/text.hpp"
#include "berth/resolver/local_images.hpp"
#include "berth/resolver/resolve.hpp"
#include "berth/runtime/host_probe.hpp"
#include "berth/runtime/signals.hpp"
#include "cli/engine_access.hpp"
#include "cli/exit_code.hpp"
#include "cli/gpu_offer.hpp"
#include "cli/image_digest.hpp"
#include "cli/lock_packages.hpp"
#include "cli/lock_use.hpp"
#include "cli/machine.hpp"
#include "cli/null_json.hpp"
#include "cli/verb.hpp"
#include "cli/version.hpp"

namespace berth::cli {

namespace {

namespace fs = std::filesystem;

// A lock to be written, and what came up while it was made.
struct Locked {
  Lock lock;
  std::vector<std::string> changes{};  // against the lock that was there
  std::vector<std::string> warnings{};
  std::vector<std::string> notes{};
  bool is_new = false;
};

class LockVerb : public Verb {
 public:
  std::string_view name() const override { return "lock"; }
  std::string_view summary() const override {
    return "write the decision to berth.lock, for run and resolve to keep to";
  }

  void declare(CLI::App& app) override {
    app.add_option("requirements", flags_.requirements,
                   "Requirements, e.g. torch==2.3.1; the project's without any")
        ->option_text("[REQUIREMENT…]");
    app.add_flag("--check", check_, "Only say whether the lock stands and fits the machine");
    update_option_ =
        app.add_option("--update", updated_,
                       "Choose these frameworks or libraries anew, the others stay; all without a "
                       "name")
            ->expected(0, 1)
            ->allow_extra_args(false)
            ->option_text("[NAME,…]");
    app.add_flag("--dry-run", dry_run_, "Only say what would change");
    add_decision_options(app, flags_);
    add_package_options(app, flags_);
    add_network_mode_option(app, flags_);
    add_machine_options(app, machine_);
    app.footer(
        "Examples:\n"
        "  berth lock                           the project's requirements decide\n"
        "  berth lock --update torch            a newer torch, within the requirements\n"
        "  berth lock --check --host host.json  would it run on that machine?\n\n"
        "Exit code: 0 done, or the lock fits; 3 it does not, or nothing satisfies the "
        "requirements.");
  }

  Result<int> run(Context& context) override {
    BERTH_CHECK(check_options());
    // As for a run, since packages may be installed in a container.
    runtime::RunGuard guard(engine_opener(context));
    runtime::SignalWatcher signals;
    BERTH_TRY(const Catalog catalog, context.catalog());
    Locked locked;
    BERTH_TRY(ResolveRequest request,
              spec::gather_resolve(flags_, context.surroundings, &locked.warnings));
    const fs::path path = lock_path(flags_, context.surroundings);
    BERTH_TRY(DecisionMachine machine,
              decision_machine(machine_, context, catalog,
                               check_ ? LocalChoice::has_no_say : LocalChoice::counts));
    const Host& host = machine.host;
    BERTH_TRY(std::vector<std::string> limits,
              limit_to_offer(request, machine.host, machine.nvml, context));
    locked.warnings.insert(locked.warnings.end(), limits.begin(), limits.end());
    const bool anew = updates() && names().empty();
    BERTH_TRY(const std::optional<Lock> before,
              anew ? readable_lock(path, locked.warnings) : load_lock(path));
    if (check_) {
      return check(context, path, before, request, host, catalog);
    }
    BERTH_TRY(locked.lock, choose(before, request, host, catalog, locked));
    add_digest(context, before, request.offline, signals.stop_token(), locked);
    const Result<void> packages =
        add_packages(context, before, request, host, catalog, guard, signals, locked);
    if (!packages) {
      return signals.stopped_by() != 0 ? fail(runtime::interrupted_by(signals.stopped_by()))
                                       : fail(packages.error());
    }
    locked.is_new = !before;
    if (before) {
      locked.changes = lock_changes(*before, locked.lock);
    }
    const bool write = !dry_run_ && (!before || write_lock(*before) != write_lock(locked.lock));
    if (write) {
      std::error_code error;  // a link stays one: what it leads to is replaced
      const fs::path target = fs::weakly_canonical(path, error);
      BERTH_CHECK(write_file_atomically(error ? path : target, write_lock(locked.lock)));
    }
    report(context, path, locked, write);
    return kDone;
  }

 private:
  Result<void> check_options() const {
    if (check_ && (updates() || dry_run_)) {
      return fail(Error{Errc::usage,
                        "`--check` changes nothing: it goes without --update and "
                        "--dry-run"}
                      .hint("`berth lock --update --dry-run` says what would change"));
    }
    return {};
  }

  // Also without a value, of which CLI11 tells nobody.
  bool updates() const { return update_option_ != nullptr && update_option_->count() > 0; }

  // CLI11 stands an empty text in for a value that is not given.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const std::string& list : updated_) {
      for (std::string& name : split(list, ',')) {
        names.push_back(std::move(name));
      }
    }
    std::erase_if(names, [](const std::string& name) { return name.empty() || name == "{}"; });
    return names;
  }

  // One that is written anew need not be read.
  static Result<std::optional<Lock>> readable_lock(const fs::path& path,
                                                   std::vector<std::string>& warnings) {
    Result<std::optional<Lock>> lock = load_lock(path);
    if (!lock && lock.error().code == Errc::invalid_input) {
      warnings.push_back(lock.error().message + ": it is replaced");
      return std::optional<Lock>();
    }
    return lock;
  }

  Result<int> check(Context& context, const fs::path& path, const std::optional<Lock>& lock,
                    const ResolveRequest& request, const Host& host, const Catalog& catalog) const {
    BERTH_TRY(const Decision decision,
              decide(request, host, catalog, lock, LockOptions{true, false}));
    BERTH_CHECK(check_facts(path, *lock, catalog));
    BERTH_CHECK(check_packages(context, *lock));
    if (context.options.json) {
      const nlohmann::ordered_json document = {
          {"schema", "berth/lock-check/1"},
          {"file", path.string()},
          {"fits", true},
          {"machine", host.origin.text},
          {"image", decision.image},
          {"driver_mode", mode_or_null(name_of(decision.driver.mode))},
          {"warnings", decision.warnings}};
      context.out << document.dump(2) << '\n';
      return kDone;
    }
    if (!context.options.quiet) {
      context.out << fmt::format("{} stands and fits {}: {}\n", path.filename().string(),
                                 host.origin.text, decision.image);
    }
    for (const std::string& warning : decision.warnings) {
      context.messages.warning(warning);
    }
    return kDone;
  }

  static Result<void> check_facts(const fs::path& path, const Lock& lock, const Catalog& catalog) {
    const std::vector<std::string> contradictions = lock_contradictions(lock, catalog);
    if (contradictions.empty()) {
      return {};
    }
    Error error{Errc::no_solution, fmt::format("{} contradicts what is known of what it locks",
                                               path.filename().string())};
    for (const std::string& contradiction : contradictions) {
      error.note(contradiction);
    }
    return fail(
        std::move(error).named("lock-contradicts").hint("`berth lock --update` chooses anew"));
  }

  Result<void> check_packages(const Context& context, const Lock& lock) const {
    spec::Flags flags = flags_;
    flags.command = {"python"};
    PlannedRun run;
    BERTH_TRY(run.request, spec::gather_run(flags, context.surroundings));
    if (!run.request.run.packages.enabled) {
      return {};
    }
    run.caller = runtime::probe_caller(run.request.run.project, EngineFacts{}, kVersion);
    BERTH_TRY(const std::vector<std::string> changes, changed_packages(lock, run));
    return changes.empty() ? Result<void>() : fail(lock_outdated(changes));
  }

  Result<void> add_packages(Context& context, const std::optional<Lock>& before,
                            const ResolveRequest& request, const Host& host, const Catalog& catalog,
                            runtime::RunGuard& guard, const runtime::SignalWatcher& signals,
                            Locked& locked) const {
    BERTH_TRY(const Decision decision, locked_decision(locked.lock, request, host, catalog));
    const PackageOrder order{.flags = flags_,
                             .lock = locked.lock,
                             .decision = decision,
                             .before = before,
                             .anew = updates() && names().empty(),
                             .no_changes = dry_run_,
                             .offline = request.offline};
    BERTH_TRY(PackageAnswer answer, lock_packages(order, guard, context, signals.stop_token()));
    locked.lock.environment = std::move(answer.packages);
    locked.warnings.insert(locked.warnings.end(), answer.warnings.begin(), answer.warnings.end());
    locked.notes.insert(locked.notes.end(), answer.notes.begin(), answer.notes.end());
    return {};
  }

  Result<Lock> choose(const std::optional<Lock>& before, const ResolveRequest& request,
                      const Host& host, const Catalog& catalog, Locked& found) const {
    const std::vector<LockInput> inputs = lock_inputs(request, catalog);
    if (before && !updates() && changed_inputs(before->inputs, inputs).empty()) {
      BERTH_TRY(const Decision same, locked_decision(*before, request, host, catalog));
      found.warnings.insert(found.warnings.end(), same.warnings.begin(), same.warnings.end());
      return *before;
    }
    BERTH_TRY(const Decision decision, decision_for(before, request, host, catalog));
    note_held_back(before, decision, request, host, catalog, found);
    found.warnings.insert(found.warnings.end(), decision.warnings.begin(), decision.warnings.end());
    if (std::string note = substitute_note(decision); !note.empty()) {
      found.notes.push_back(std::move(note));
    }
    return make_lock(decision, inputs, host, catalog);
  }

  void note_held_back(const std::optional<Lock>& before, const Decision& decision,
                      const ResolveRequest& request, const Host& host, const Catalog& catalog,
                      Locked& found) const {
    if (!before || names().empty()) {
      return;
    }
    const Result<std::vector<std::string>> moving =
        names_to_move(names(), before, request, catalog);
    if (!moving) {
      return;
    }
    for (const HeldBack& one : held_back(*moving, *before, decision, request, host, catalog)) {
      found.notes.push_back(fmt::format(
          "{0} is {1} because {2} is locked: `berth lock --update {3},{2}` takes {0} {4}", one.name,
          one.version, one.by, join(*moving, ","), one.would_have));
    }
  }

  // What was locked stays where the inputs allow it, unless it is to be chosen anew.
  Result<Decision> decision_for(const std::optional<Lock>& before, const ResolveRequest& request,
                                const Host& host, const Catalog& catalog) const {
    BERTH_TRY(const std::vector<std::string> free,
              names_to_move(names(), before, request, catalog));
    if (!before || (updates() && names().empty())) {
      return resolve(request, host, catalog);
    }
    Result<Decision> pinned = resolve(pinned_request(request, *before, free), host, catalog);
    if (!pinned && updates()) {
      Error error = std::move(pinned).error();
      error.hint("`berth lock --update` chooses all frameworks anew");
      return fail(std::move(error));
    }
    return pinned ? std::move(pinned) : resolve(request, host, catalog);
  }

  static void add_digest(const Context& context, const std::optional<Lock>& before, bool offline,
                         const std::stop_token& stop, Locked& locked) {
    Lock& lock = locked.lock;
    if (lock.digest.empty() && before && before->image == lock.image) {
      lock.digest = before->digest;
    }
    if (!lock.digest.empty()) {
      return;
    }
    Result<std::string> digest = digest_of({lock.image, lock.architecture, offline, stop}, context);
    if (digest) {
      lock.digest = std::move(*digest);
      return;
    }
    locked.warnings.push_back(fmt::format(
        "the digest of {} is not known, so the tag is locked alone: {}; `berth lock` adds it once "
        "it is known",
        lock.image, digest.error().message));
  }

  void report(Context& context, const fs::path& path, const Locked& locked, bool written) const {
    if (context.options.json) {
      const nlohmann::ordered_json document = {{"schema", "berth/lock-result/1"},
                                               {"file", path.string()},
                                               {"written", written},
                                               {"image", locked.lock.image},
                                               {"digest", text_or_null(locked.lock.digest)},
                                               {"packages", packages_json(locked.lock)},
                                               {"changes", locked.changes},
                                               {"warnings", locked.warnings}};
      context.out << document.dump(2) << '\n';
      return;
    }
    if (!context.options.quiet) {
      const bool changes = locked.is_new || !locked.changes.empty();
      context.out << fmt::format("{} {}: {}{}\n", path.filename().string(),
                                 written   ? "is written"
                                 : changes ? "would be written"
                                           : "stands as it is",
                                 locked.lock.image, packages_text(locked.lock));
      for (const std::string& change : locked.changes) {
        context.out << "  " << change << '\n';
      }
    }
    for (const std::string& warning : locked.warnings) {
      context.messages.warning(warning);
    }
    for (const std::string& note : locked.notes) {
      context.messages.note(note);
    }
  }

  static nlohmann::ordered_json packages_json(const Lock& lock) {
    return lock.environment ? nlohmann::ordered_json(lock.environment->packages.size())
                            : nlohmann::ordered_json(nullptr);
  }

  static std::string packages_text(const Lock& lock) {
    const std::size_t count = lock.environment ? lock.environment->packages.size() : 0;
    return count == 0 ? "" : fmt::format(" and {} package{}", count, count == 1 ? "" : "s");
  }

  spec::Flags flags_;
  MachineOptions machine_;
  std::vector<std::string> updated_;
  bool check_ = false;
  const CLI::Option* update_option_ = nullptr;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_lock_verb() {
  return std::make_unique<LockVerb>();
}

}  // namespace berth::cli
