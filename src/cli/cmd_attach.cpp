// `berth attach`: connects to a run as if it had been started here.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "berth/model/container_options.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/session.hpp"
#include "berth/runtime/signals.hpp"
#include "cli/engine_access.hpp"
#include "cli/request_options.hpp"
#include "cli/run_selection.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

class AttachVerb : public Verb {
 public:
  std::string_view name() const override { return "attach"; }
  std::string_view summary() const override { return "connect to a run: its output, input, end"; }
  bool ends_as_command() const override { return true; }

  void declare(CLI::App& app) override {
    app.add_option("run", word_, "Its name, id or job; else the project's only running run")
        ->option_text("[RUN]");
    app.add_flag("-n,--no-stdin", no_stdin_, "Leave standard input alone");
    app.add_option("--detach-keys", detach_keys_, "Keys that leave it running: ctrl-p,ctrl-q")
        ->option_text("KEYS");
    app.add_flag("--sig-proxy{true}", pass_signals_,
                 "=false: signals end the connection instead of reaching the run")
        ->option_text("[=false]");
    add_all_users_option(app, all_users_);
    app.footer(
        "Shows what the run has written so far and goes on from there. Exit code: the run's own; "
        "0 where the\n"
        "detach keys were typed; 125 if berth or the engine failed.\n\n"
        "Examples:\n"
        "  berth attach\n"
        "  berth attach -n train | tee train.log");
  }

  Result<int> run(Context& context) override {
    runtime::SignalWatcher signals;  // before any other thread
    Result<int> code = attach(context, signals);
    if (!code && signals.stopped_by() != 0) {
      return fail(runtime::interrupted_by(signals.stopped_by()));
    }
    return code;
  }

 private:
  Result<int> attach(Context& context, runtime::SignalWatcher& signals) {
    if (!detach_keys_.empty()) {
      BERTH_CHECK(check_detach_keys(detach_keys_));
    }
    BERTH_TRY(const std::unique_ptr<runtime::Engine> engine,
              open_engine(context, signals.stop_token(), signals.leave_token()));
    const Selection selection = make_selection(context, "attach", Wanted::latest, all_users_);
    BERTH_TRY(const Run run, choose_run(*engine, word_, selection));
    BERTH_TRY(const runtime::ContainerState state, look_up(*engine, run));
    runtime::SessionOptions options = session_options(context, detach_keys_);
    options.connect_stdin = !no_stdin_;
    options.pass_signals = pass_signals_;
    BERTH_TRY(const runtime::SessionOutcome outcome,
              runtime::attach_to_run(*engine, state, options, signals));
    return outcome.exit_code;
  }

  std::optional<std::string> word_;
  bool no_stdin_ = false;
  std::string detach_keys_;
  bool pass_signals_ = true;
  bool all_users_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_attach_verb() {
  return std::make_unique<AttachVerb>();
}

}  // namespace berth::cli
