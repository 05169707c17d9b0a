// `berth wait`: until runs have ended, and with their exit code.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <map>
#include <mutex>

#include "berth/runtime/engine.hpp"
#include "cli/engine_access.hpp"
#include "cli/exit_code.hpp"
#include "cli/run_batch.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

class WaitVerb : public Verb {
 public:
  std::string_view name() const override { return "wait"; }
  std::string_view summary() const override { return "wait until runs end, with their exit code"; }
  bool ends_as_command() const override { return true; }
  bool prints_for_command() const override { return false; }

  void declare(CLI::App& app) override {
    app.add_option("runs", words_, "Names, ids or jobs; else the project's only running run")
        ->option_text("[RUN…]");
    add_all_users_option(app, all_users_);
    app.footer(
        "Prints the exit code of each on a line of its own, in the order given. Its own exit code "
        "is that of\n"
        "the run, of several the first that is not 0; 125 where one cannot be waited for.\n\n"
        "Examples:\n"
        "  berth wait train && berth run python eval.py\n"
        "  berth wait --json train eval");
  }

  Result<int> run(Context& context) override {
    BERTH_TRY(const std::unique_ptr<runtime::Engine> engine, open_engine(context));
    BERTH_TRY(
        const std::vector<Choice> choices,
        choose_runs(*engine, words_, make_selection(context, "wait", Wanted::latest, all_users_)));
    std::map<std::string, int> codes;
    std::mutex mutex;
    const int failed =
        act_on_each(context, "berth/wait/1", choices, [&](const Run& run) -> Result<BatchLine> {
          BERTH_TRY(const int code, exit_code_of_run(*engine, run));
          const std::lock_guard lock(mutex);
          codes[run.id] = code;
          return BatchLine{std::to_string(code), {{"exit_code", code}}};
        });
    if (failed != kDone) {
      return kRunFailed;
    }
    for (const Choice& choice : choices) {
      if (const int code = codes.at(choice.run->id); code != 0) {
        return code;
      }
    }
    return kDone;
  }

 private:
  static Result<int> exit_code_of_run(runtime::Engine& engine, const Run& run) {
    BERTH_TRY(const std::unique_ptr<runtime::PendingExit> pending,
              engine.wait(run.id, runtime::WaitCondition::not_running));
    BERTH_TRY(const runtime::ExitStatus status, pending->get());
    if (!status.error.empty()) {
      return fail(Error{Errc::engine_failed, "how `" + title_of(run) + "` ended is not known"}.note(
          "the engine says: " + status.error));
    }
    return status.code;
  }

  std::vector<std::string> words_;
  bool all_users_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_wait_verb() {
  return std::make_unique<WaitVerb>();
}

}  // namespace berth::cli
