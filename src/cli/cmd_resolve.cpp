// `berth resolve`: the decision alone, for this machine or another.
#include <spdlog/logger.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "berth/resolver/local_images.hpp"
#include "berth/runtime/signals.hpp"
#include "cli/catalog_age.hpp"
#include "cli/decision_report.hpp"
#include "cli/engine_access.hpp"
#include "cli/exit_code.hpp"
#include "cli/gpu_offer.hpp"
#include "cli/image_check.hpp"
#include "cli/local_images.hpp"
#include "cli/lock_use.hpp"
#include "cli/machine.hpp"
#include "cli/request_options.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

class ResolveVerb : public Verb {
 public:
  std::string_view name() const override { return "resolve"; }
  std::string_view summary() const override { return "say which image runs the project, and why"; }

  void declare(CLI::App& app) override {
    app.add_option("requirements", flags_.requirements,
                   "Requirements, e.g. torch==2.3.1; the project's without any")
        ->option_text("[REQUIREMENT…]");
    app.add_flag("--explain", report_.explain,
                 "Every rule and every candidate, also the rejected ones");
    app.add_flag("--all", report_.all, "All images that would do, best first");
    app.add_flag("--check", check_,
                 "Ask the image itself: the engine that has it, else its registry");
    add_decision_options(app, flags_);
    add_lock_options(app, lock_options_);
    add_machine_options(app, machine_);
    app.footer(
        "Examples:\n"
        "  berth resolve torch==2.3.1\n"
        "  berth resolve torch==2.3.1 --driver 535.104.05 --gpu 'RTX 3090' -q\n"
        "  berth resolve 'tensorflow==2.15' torch --explain\n"
        "  berth resolve torch --check");
  }

  Result<int> run(Context& context) override {
    BERTH_TRY(const Catalog catalog, context.catalog());
    note_old_catalog(context, catalog);
    std::vector<std::string> warnings;
    BERTH_TRY(const ResolveRequest request,
              spec::gather_resolve(flags_, context.surroundings, &warnings));
    BERTH_TRY(const std::optional<Lock> locked, lock(context));
    BERTH_TRY(Decision decision, check_ ? decide_asking(request, context, catalog, locked)
                                        : decide_alone(request, context, catalog, locked));
    decision.warnings.insert(decision.warnings.begin(), warnings.begin(), warnings.end());
    if (context.options.json) {
      context.out << decision_document(decision, report_.explain) << '\n';
      return kDone;
    }
    if (context.options.quiet) {
      context.out << decision.image << '\n';
      return kDone;
    }
    print_decision(context.out, context.terminal, decision, report_);
    for (const std::string& warning : decision.warnings) {
      context.messages.warning(warning);
    }
    if (const std::string note = substitute_note(decision); !note.empty()) {
      context.messages.note(note);
    }
    return kDone;
  }

 private:
  // Requirements on the command line stand alone: what was locked for the project says nothing of
  // them.
  Result<std::optional<Lock>> lock(const Context& context) const {
    if (lock_options_.no_lock || (!flags_.requirements.empty() && !lock_options_.locked)) {
      return std::optional<Lock>();
    }
    return find_lock(flags_, context.surroundings);
  }

  Result<Decision> decide_alone(ResolveRequest request, const Context& context,
                                const Catalog& catalog, const std::optional<Lock>& locked) const {
    const bool fixed = is_fixed(request, catalog, locked);
    BERTH_TRY(DecisionMachine machine,
              decision_machine(machine_, context, catalog,
                               fixed ? LocalChoice::has_no_say : LocalChoice::counts));
    BERTH_TRY(const std::vector<std::string> limits,
              limit_to_offer(request, machine.host, machine.nvml, context));
    BERTH_TRY(Decision decision, decide(request, machine.host, catalog, locked, lock_options_));
    decision.warnings.insert(decision.warnings.end(), limits.begin(), limits.end());
    return decision;
  }

  // The engine's images are those of its own machine; without an engine the registry is asked.
  Result<Decision> decide_asking(ResolveRequest request, const Context& context,
                                 const Catalog& catalog, const std::optional<Lock>& locked) const {
    const runtime::SignalWatcher signals;
    ImageInquiry inquiry;
    inquiry.registry = !request.offline;
    inquiry.stop = signals.stop_token();
    const ImageUse use{false, RequireCheck::possible, {}};
    if (machine_.describes_another()) {
      BERTH_TRY(const Host host, described_machine(machine_, catalog));
      return decide_with_image(deciding(request, host, locked), is_fixed(request, catalog, locked),
                               host, catalog, ask_image(inquiry, host, context), use);
    }
    runtime::HostProbe probe = probe_here(context);
    const Result<std::unique_ptr<runtime::Engine>> engine = open_engine(context, inquiry.stop);
    const Result<EngineFacts> facts =
        engine ? (*engine)->facts() : Result<EngineFacts>(Failure(engine.error()));
    if (facts) {
      inquiry.engine = engine->get();
      runtime::add_engine(probe, *facts);
      probe.host.images = local_images(**engine, catalog, context);
    } else {
      context.log->info("no engine is asked: {}", facts.error().message);
    }
    complete_from_catalog(probe.host.gpus, catalog);
    BERTH_TRY(const std::vector<std::string> limits,
              limit_to_offer(request, probe.host, probe.nvml, context));
    BERTH_TRY(
        Decision decision,
        decide_with_image(deciding(request, probe.host, locked), is_fixed(request, catalog, locked),
                          probe.host, catalog, ask_image(inquiry, probe.host, context), use));
    decision.warnings.insert(decision.warnings.end(), limits.begin(), limits.end());
    return decision;
  }

  // All three must outlive it.
  Decide deciding(const ResolveRequest& request, const Host& host,
                  const std::optional<Lock>& locked) const {
    return [this, &request, &host, &locked](const Catalog& catalog) {
      return decide(request, host, catalog, locked, lock_options_);
    };
  }

  bool is_fixed(const ResolveRequest& request, const Catalog& catalog,
                const std::optional<Lock>& locked) const {
    return request.image || lock_stands(request, catalog, locked, lock_options_);
  }

  bool check_ = false;
  spec::Flags flags_;
  MachineOptions machine_;
  LockOptions lock_options_;
  ReportOptions report_;
};

}  // namespace

std::unique_ptr<Verb> make_resolve_verb() {
  return std::make_unique<ResolveVerb>();
}

}  // namespace berth::cli
