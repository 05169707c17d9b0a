// `berth resolve`: the decision alone, for this machine or another.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "berth/resolver/resolve.hpp"
#include "cli/decision_report.hpp"
#include "cli/exit_code.hpp"
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
    add_decision_options(app, flags_);
    add_machine_options(app, machine_);
    app.footer(
        "Examples:\n"
        "  berth resolve torch==2.3.1\n"
        "  berth resolve torch==2.3.1 --driver 535.104.05 --gpu 'RTX 3090' -q\n"
        "  berth resolve 'tensorflow==2.15' torch --explain");
  }

  Result<int> run(Context& context) override {
    BERTH_TRY(const Catalog catalog, context.catalog());
    std::vector<std::string> warnings;
    BERTH_TRY(const ResolveRequest request,
              spec::gather_resolve(flags_, context.surroundings, &warnings));
    BERTH_TRY(const Host host, machine(context, catalog));
    BERTH_TRY(Decision decision, resolve(request, host, catalog));
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
    return kDone;
  }

 private:
  Result<Host> machine(const Context& context, const Catalog& catalog) const {
    if (machine_.describes_another()) {
      return described_machine(machine_, catalog);
    }
    Host host = probe_here(context).host;
    complete_from_catalog(host.gpus, catalog);
    return host;
  }

  spec::Flags flags_;
  MachineOptions machine_;
  ReportOptions report_;
};

}  // namespace

std::unique_ptr<Verb> make_resolve_verb() {
  return std::make_unique<ResolveVerb>();
}

}  // namespace berth::cli
