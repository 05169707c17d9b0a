// `berth run`: plan, obtain the image, run attached, and end as the command ended.
#include <spdlog/fmt/fmt.h>
#include <spdlog/logger.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "berth/base/text.hpp"
#include "berth/resolver/local_images.hpp"
#include "berth/runtime/cid_file.hpp"
#include "berth/runtime/container_spec.hpp"
#include "berth/runtime/docker_command.hpp"
#include "berth/runtime/run_guard.hpp"
#include "berth/runtime/run_labels.hpp"
#include "berth/runtime/session.hpp"
#include "berth/runtime/signals.hpp"
#include "cli/engine_access.hpp"
#include "cli/environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/obtain_image.hpp"
#include "cli/plan_report.hpp"
#include "cli/run_plan.hpp"
#include "cli/run_recorder.hpp"
#include "cli/run_streams.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

class RunVerb : public Verb {
 public:
  std::string_view name() const override { return "run"; }
  std::string_view summary() const override { return "run a command in the container that fits"; }
  bool runs_command() const override { return true; }
  void set_command(std::vector<std::string> command) override {
    flags_.command = std::move(command);
  }

  void declare(CLI::App& app) override {
    // For the help text; the words themselves come through set_command().
    app.add_option("command", shown_command_,
                   "The command and its arguments; the spec's `run` without any")
        ->option_text("[--] [COMMAND [ARG…]]");
    app.add_flag("--dry-run{plan}", dry_run_,
                 "Show what would be done; --dry-run=docker: as a docker command")
        ->option_text("[=docker]");
    add_decision_options(app, flags_);
    add_package_options(app, flags_);
    add_container_options(app, flags_);
    add_resource_options(app, flags_);
    add_network_options(app, flags_);
    add_privilege_options(app, flags_);
    add_lifetime_options(app, flags_);
    add_stream_options(app, streams_);
    add_lock_options(app, lock_);
    add_machine_options(app, machine_);
    app.footer(
        "Examples:\n"
        "  berth run python train.py --epochs 3\n"
        "  berth run -f torch==2.3.1 --gpus device=0 python train.py\n"
        "  berth run --dry-run=docker python train.py\n"
        "  cat data.txt | berth run python clean.py | head\n\n"
        "Options end at the first word of the command. Exit code: the command's own; 125 if berth "
        "or the\n"
        "engine failed before it started, 126 if it cannot be invoked, 127 if it was not found.");
  }

  Result<int> run(Context& context) override {
    BERTH_CHECK(check_dry_run());
    apply(streams_, flags_);
    if (!dry_run_.empty()) {
      runtime::SignalWatcher signals;
      BERTH_TRY(PlannedRun planned, plan(context, signals, {}));
      BERTH_TRY(const std::optional<EnvironmentPlan> environment,
                add_environment(planned, context));
      return show(planned, environment, context);
    }
    // Before anything else, in this order: the guard's process is forked while there is one thread;
    // threads made later inherit the watcher's signal mask, and a signal from here on is not lost.
    runtime::RunGuard guard(engine_opener(context));
    runtime::SignalWatcher signals;
    RunRecorder recorder(context, flags_.result_file);
    BERTH_CHECK(recorder.check_result_file());
    Result<int> code = plan_and_run(context, signals, guard, recorder);
    if (!code) {
      recorder.finish(code.error(), exit_code_of(code.error(), true));
    }
    return code;
  }

 private:
  Result<void> check_dry_run() const {
    if (dry_run_.empty() || dry_run_ == "plan" || dry_run_ == "docker") {
      return {};
    }
    return fail(Error{Errc::usage, "`--dry-run=" + dry_run_ + "` is not known"}.hint(
        "`berth run --dry-run …` shows the plan, `berth run --dry-run=docker …` the docker "
        "command"));
  }

  // What is there already is what would run.
  Result<std::optional<EnvironmentPlan>> add_environment(PlannedRun& run, Context& context) const {
    BERTH_TRY(std::optional<EnvironmentPlan> environment, plan_environment(run, context));
    if (environment && environment->exists) {
      run.plan.container.image = environment->image;
      run.plan.container.labels[runtime::kEnvironmentLabel] = environment->image;
    } else if (environment && dry_run_ == "docker") {
      context.messages.warning(
          fmt::format("the command has none of the packages that `berth run` installs first: {}",
                      join(environment->pip, ", ")));
    }
    return environment;
  }

  Result<int> show(const PlannedRun& run, const std::optional<EnvironmentPlan>& environment,
                   Context& context) const {
    if (dry_run_ == "docker") {
      context.out << runtime::docker_command(run.plan.container, run.host.engine->address) << '\n';
    } else if (context.options.json) {
      context.out << plan_document(run.plan, environment) << '\n';
    } else {
      print_plan(context.out, context.terminal, run.plan, environment);
    }
    return kDone;
  }

  Result<PlannedRun> plan(Context& context, const runtime::SignalWatcher& signals,
                          const std::string& run_id) const {
    Result<PlannedRun> planned = plan_run({flags_, machine_, lock_, signals.stop_token(),
                                           signals.leave_token(), run_id, !dry_run_.empty()},
                                          context);
    BERTH_CHECK(not_interrupted(signals));
    if (!planned) {
      return planned;
    }
    for (const std::string& warning : planned->plan.warnings) {
      context.messages.warning(warning);
    }
    if (const std::string note = substitute_note(planned->plan.decision); !note.empty()) {
      context.messages.note(note);
    }
    for (const Reason& reason : planned->plan.decision.reasons) {
      context.log->info("[{}] {}", reason.rule, reason.text);
    }
    return planned;
  }

  // A call that a signal ended tells of the signal.
  static Result<void> not_interrupted(const runtime::SignalWatcher& signals) {
    if (signals.stopped_by() != 0) {
      return fail(runtime::interrupted_by(signals.stopped_by()));
    }
    return {};
  }

  Result<int> plan_and_run(Context& context, runtime::SignalWatcher& signals,
                           runtime::RunGuard& guard, RunRecorder& recorder) const {
    std::optional<runtime::CidFile> cid_file;
    if (flags_.cid_file) {  // before the engine is asked for anything
      BERTH_TRY(cid_file,
                runtime::CidFile::claim(context.surroundings.directory / *flags_.cid_file));
    }
    const std::string run_id = runtime::make_run_id();
    BERTH_TRY(PlannedRun run, plan(context, signals, run_id));
    // A mistyped mount is told before anything is pulled. Paths of another machine cannot be
    // checked.
    if (on_this_machine(*run.host.engine)) {
      BERTH_CHECK(runtime::prepare_bind_sources(run.plan.container, run.request.run, run.caller));
    }
    const Result<runtime::ImageFacts> image =
        obtain_image(*run.engine, run.plan.decision.image, run.plan.container.platform,
                     run.plan.pull, context.messages, signals.stop_token(), run.image);
    BERTH_CHECK(not_interrupted(signals));
    if (!image) {
      return fail(image.error());
    }
    // From here on containers are made.
    guard.arm(run.host.engine->address, run_id);
    guard.hold(descriptors_of(run.leases));
    const Result<ImageFacts> environment =
        provide_environment(run, *image, run_id, context, signals.stop_token());
    BERTH_CHECK(environment ? Result<void>() : not_interrupted(signals));
    if (!environment) {
      return fail(environment.error());
    }
    if (environment->id != image->id) {
      use_environment(run, *environment, recorder);
    }
    runtime::quieten_entrypoint(run.plan.container, *image, run.plan.decision);
    run.plan.container.labels[std::string(runtime::kRunLabel)] = run_id;
    recorder.planned(run);
    recorder.has_image(*image);
    std::optional<runtime::Supervision> supervision = supervise(run, *environment, context);
    runtime::SessionOptions options = session_options(run, context, guard, recorder);
    options.supervision = supervision ? &*supervision : nullptr;
    if (removes_too_soon(run, supervision.has_value())) {
      run.plan.container.auto_remove = false;
      options.remove_afterwards = true;
    }
    options.on_created = [&recorder, &cid_file](const std::string& id) -> Result<void> {
      recorder.created(id);
      return cid_file ? cid_file->write(id) : Result<void>();
    };
    return carry_out(run, options, context, signals, recorder);
  }

  static void use_environment(PlannedRun& run, const ImageFacts& environment,
                              RunRecorder& recorder) {
    run.plan.container.image = environment.id;
    run.plan.container.labels[runtime::kEnvironmentLabel] = environment.reference;
    recorder.has_environment(environment);
  }

  static std::vector<int> descriptors_of(const std::vector<runtime::GpuLease>& leases) {
    std::vector<int> descriptors;
    descriptors.reserve(leases.size());
    for (const runtime::GpuLease& lease : leases) {
      descriptors.push_back(lease.file.get());
    }
    return descriptors;
  }

  // Whether the engine's own removal would be too quick: before anybody can ask whether the memory
  // limit was reached, which a supervisor tells; on Podman, whose wait now and then fails to tell
  // the end; where Docker keeps containers over its own restart, before we are connected again
  // (28), or with the restart (20.10). Then the session removes the container, and behind it the
  // guard.
  static bool removes_too_soon(const PlannedRun& run, bool supervised) {
    const ContainerSpec& spec = run.plan.container;
    const bool podman = run.host.engine->kind == EngineFacts::Kind::podman;
    return spec.attached && spec.auto_remove &&
           (podman || (spec.memory_bytes > 0 && !supervised) || run.host.engine->live_restore);
  }

  static Result<int> carry_out(PlannedRun& run, const runtime::SessionOptions& options,
                               Context& context, runtime::SignalWatcher& signals,
                               RunRecorder& recorder) {
    if (run.request.run.detach) {
      const Result<std::string> id =
          runtime::run_detached(*run.engine, run.plan.container, options, signals);
      BERTH_CHECK(id ? Result<void>() : not_interrupted(signals));
      if (!id) {
        return fail(id.error());
      }
      context.out << *id << std::endl;
      if (!context.out) {  // nobody would know of it
        static_cast<void>(run.engine->remove(*id, true));
        return fail(Errc::io, "cannot write the run's id to standard output: the run was ended");
      }
      recorder.left_running();
      return kDone;
    }
    const Result<runtime::SessionOutcome> outcome =
        runtime::run_attached(*run.engine, run.plan.container, options, signals);
    BERTH_CHECK(outcome ? Result<void>() : not_interrupted(signals));
    if (!outcome) {
      return fail(outcome.error());
    }
    return recorder.finish(*outcome);
  }

  static runtime::SessionOptions session_options(const PlannedRun& run, Context& context,
                                                 runtime::RunGuard& guard, RunRecorder& recorder) {
    const RunRequest& request = run.request.run;
    runtime::SessionOptions options =
        cli::session_options(context, request.detach_keys.value_or(""));
    options.timeout = run.plan.timeout;
    if (request.stop_timeout) {  // negative: for ever, in docker's words
      constexpr std::chrono::seconds kForEver = std::chrono::hours(24 * 365);
      options.stop_grace =
          *request.stop_timeout < std::chrono::seconds(0) ? kForEver : *request.stop_timeout;
    }
    options.pass_signals = request.proxy_signals;
    options.keep = request.keep;
    options.remove_afterwards = request.keep && request.remove.value_or(true);
    options.survives_engine =
        run.host.engine->live_restore || run.host.engine->kind == EngineFacts::Kind::podman;
    options.on_started = [&recorder, &guard,
                          stays = request.keep || !request.proxy_signals](const std::string&) {
      if (stays) {  // it outlives us on purpose
        guard.stay();
        recorder.left_running();
      }
    };
    options.on_settled = [&guard](bool goes_on) { goes_on ? guard.stay() : guard.release(); };
    options.waits_for_removal = !leaves_nothing_taken(run);
    options.on_abandoned = [&guard] { guard.kill_now(); };
    return options;
  }

  spec::Flags flags_;
  MachineOptions machine_;
  LockOptions lock_;
  StreamOptions streams_;
  std::vector<std::string> shown_command_;
  std::string dry_run_;
};

}  // namespace

std::unique_ptr<Verb> make_run_verb() {
  return std::make_unique<RunVerb>();
}

}  // namespace berth::cli
