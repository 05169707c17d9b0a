// `berth kill`: sends a signal to runs.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "berth/runtime/engine.hpp"
#include "cli/engine_access.hpp"
#include "cli/kept_records.hpp"
#include "cli/run_batch.hpp"
#include "cli/signal_option.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

class KillVerb : public Verb {
 public:
  std::string_view name() const override { return "kill"; }
  std::string_view summary() const override { return "send a signal to runs, KILL by default"; }

  void declare(CLI::App& app) override {
    app.add_option("runs", words_, "Names, ids or jobs; else the project's only running run")
        ->option_text("[RUN…]");
    app.add_option("-s,--signal", signal_, "KILL otherwise; names with or without SIG, numbers")
        ->option_text("SIGNAL");
    add_all_users_option(app, all_users_);
    app.footer(
        "Examples:\n"
        "  berth kill train\n"
        "  berth kill -s USR1 train       write a checkpoint, if it understands that");
  }

  Result<int> run(Context& context) override {
    BERTH_TRY(const std::optional<std::string> signal, parse_signal_option(signal_));
    BERTH_TRY(const std::unique_ptr<runtime::Engine> engine, open_engine(context));
    BERTH_TRY(
        const std::vector<Choice> choices,
        choose_runs(*engine, words_, make_selection(context, "kill", Wanted::running, all_users_)));
    return act_on_each(context, "berth/kill/1", choices, [&](const Run& run) {
      return kill(context, *engine, run, signal.value_or("KILL"));
    });
  }

 private:
  static Result<BatchLine> kill(const Context& context, runtime::Engine& engine, const Run& run,
                                const std::string& signal) {
    BERTH_CHECK(require_running(run));
    if (signal.ends_with("KILL") || signal.ends_with("TERM")) {  // others may mean something else
      note_stop(context, run, "berth kill");
    }
    BERTH_CHECK(engine.kill(run.id, signal));
    return BatchLine{title_of(run), {}};
  }

  std::vector<std::string> words_;
  std::optional<std::string> signal_;
  bool all_users_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_kill_verb() {
  return std::make_unique<KillVerb>();
}

}  // namespace berth::cli
