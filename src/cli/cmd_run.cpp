// `berth run`: plan, obtain the image, run attached, and end as the command ended.
#include <spdlog/logger.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "berth/runtime/container_spec.hpp"
#include "berth/runtime/docker_command.hpp"
#include "berth/runtime/session.hpp"
#include "berth/runtime/signals.hpp"
#include "cli/engine_access.hpp"
#include "cli/exit_code.hpp"
#include "cli/obtain_image.hpp"
#include "cli/plan_report.hpp"
#include "cli/run_plan.hpp"
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
    add_container_options(app, flags_);
    add_resource_options(app, flags_);
    add_network_options(app, flags_);
    add_privilege_options(app, flags_);
    add_lifetime_options(app, flags_);
    add_stream_options(app, streams_);
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
    // Before anything else: threads made later inherit the signal mask, and a signal from here on
    // is not lost.
    runtime::SignalWatcher signals;
    BERTH_CHECK(check_dry_run());
    apply(streams_, flags_);
    Result<PlannedRun> planned =
        plan_run({flags_, machine_, signals.stop_token(), !dry_run_.empty()}, context);
    if (signals.stopped_by() != 0) {
      return fail(runtime::interrupted_by(signals.stopped_by()));
    }
    if (!planned) {
      return fail(std::move(planned).error());
    }
    for (const std::string& warning : planned->plan.warnings) {
      context.messages.warning(warning);
    }
    for (const Reason& reason : planned->plan.decision.reasons) {
      context.log->info("[{}] {}", reason.rule, reason.text);
    }
    return dry_run_.empty() ? carry_out(*planned, context, signals) : show(*planned, context);
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

  Result<int> show(const PlannedRun& run, Context& context) const {
    if (dry_run_ == "docker") {
      context.out << runtime::docker_command(run.plan.container, run.host.engine->address) << '\n';
    } else if (context.options.json) {
      context.out << plan_document(run.plan) << '\n';
    } else {
      print_plan(context.out, context.terminal, run.plan);
    }
    return kDone;
  }

  static Result<int> carry_out(PlannedRun& run, Context& context, runtime::SignalWatcher& signals) {
    // A mistyped mount is told before anything is pulled. Paths of another machine cannot be
    // checked.
    if (on_this_machine(*run.host.engine)) {
      BERTH_CHECK(runtime::prepare_bind_sources(run.plan.container, run.request.run, run.caller));
    }
    const std::string& reference = run.plan.decision.image;
    const Result<runtime::ImageFacts> image =
        obtain_image(*run.engine, reference, run.plan.container.platform, run.plan.pull,
                     context.messages, signals.stop_token());
    if (signals.stopped_by() != 0) {
      return fail(runtime::interrupted_by(signals.stopped_by()));
    }
    if (!image) {
      return fail(image.error());
    }
    runtime::quieten_entrypoint(run.plan.container, *image, run.plan.decision);
    const Result<runtime::SessionOutcome> outcome = runtime::run_attached(
        *run.engine, run.plan.container, session_options(run.plan, context), signals);
    if (!outcome && signals.stopped_by() != 0) {
      return fail(runtime::interrupted_by(signals.stopped_by()));
    }
    if (!outcome) {
      return fail(outcome.error());
    }
    if (outcome->oom_killed.value_or(false)) {
      context.messages.note("the command was killed because it ran out of memory");
    }
    return outcome->exit_code;
  }

  static runtime::SessionOptions session_options(const Plan& plan, Context& context) {
    runtime::SessionOptions options;
    options.timeout = plan.timeout;
    options.on_notice = [&context](std::string_view notice) { context.messages.warning(notice); };
    return options;
  }

  spec::Flags flags_;
  MachineOptions machine_;
  StreamOptions streams_;
  std::vector<std::string> shown_command_;
  std::string dry_run_;
};

}  // namespace

std::unique_ptr<Verb> make_run_verb() {
  return std::make_unique<RunVerb>();
}

}  // namespace berth::cli
