// `berth rm`: removes what is left of runs that have ended.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "berth/base/text.hpp"
#include "berth/runtime/engine.hpp"
#include "cli/engine_access.hpp"
#include "cli/kept_records.hpp"
#include "cli/run_batch.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

class RmVerb : public Verb {
 public:
  std::string_view name() const override { return "rm"; }
  std::string_view summary() const override {
    return "remove runs that have ended, and their output";
  }

  void declare(CLI::App& app) override {
    app.add_option("runs", words_, "Names, ids or jobs; of a job those that have ended")
        ->option_text("RUN…")
        ->required();
    app.add_flag("-f,--force", force_, "Kill those that run; of a job all");
    app.add_flag("-v,--volumes", volumes_,
                 "Accepted for docker's sake: anonymous volumes go with the run anyway");
    add_all_users_option(app, all_users_);
    app.footer(
        "Examples:\n"
        "  berth rm train\n"
        "  berth rm $(berth ps --all -q)");
  }

  Result<int> run(Context& context) override {
    BERTH_TRY(const std::unique_ptr<runtime::Engine> engine, open_engine(context));
    const Wanted wanted = force_ ? Wanted::every : Wanted::ended;
    BERTH_TRY(const std::vector<Choice> choices,
              choose_runs(*engine, words_, make_selection(context, "rm", wanted, all_users_)));
    return act_on_each(context, "berth/rm/1", choices,
                       [&](const Run& run) { return remove(context, *engine, run); });
  }

 private:
  Result<BatchLine> remove(const Context& context, runtime::Engine& engine, const Run& run) const {
    if (is_running(run) && !force_) {
      const std::string title = title_of(run);
      return fail(Error{Errc::usage, "`" + title + "` is running"}
                      .hint("`berth stop " + shell_quoted(title) + "` ends it")
                      .hint("`berth rm -f " + shell_quoted(title) + "` kills and removes it")
                      .named("run-running"));
    }
    if (is_running(run)) {
      // At once: Podman's removal by force would ask with TERM first. Should it have ended
      // meanwhile, the removal says what is to be said.
      note_stop(context, run, "berth rm");
      static_cast<void>(engine.kill(run.id, "KILL"));
    }
    // How it ended, before nobody knows it any more.
    if (const Result<runtime::ContainerState> state = look_up(engine, run)) {
      static_cast<void>(record_of(context, *state));
    }
    BERTH_CHECK(engine.remove(run.id, force_));
    return BatchLine{title_of(run), {}};
  }

  std::vector<std::string> words_;
  bool force_ = false;
  bool volumes_ = false;
  bool all_users_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_rm_verb() {
  return std::make_unique<RmVerb>();
}

}  // namespace berth::cli
