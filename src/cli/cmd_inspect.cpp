// `berth inspect`: all that is known of runs, as JSON.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "berth/runtime/engine.hpp"
#include "berth/runtime/run_labels.hpp"
#include "cli/engine_access.hpp"
#include "cli/exit_code.hpp"
#include "cli/run_batch.hpp"
#include "cli/run_details.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

class InspectVerb : public Verb {
 public:
  std::string_view name() const override { return "inspect"; }
  std::string_view summary() const override { return "all that is known of runs, as JSON"; }

  void declare(CLI::App& app) override {
    app.add_option("runs", words_, "Names, ids or jobs; else the project's only running run")
        ->option_text("[RUN…]");
    app.add_flag("--engine-json", engine_json_, "The engine's own answer instead, unchanged");
    add_all_users_option(app, all_users_);
    app.footer(
        "Examples:\n"
        "  berth inspect train | jq -r '.items[0].state.status'\n"
        "  berth inspect --engine-json train");
  }

  Result<int> run(Context& context) override {
    BERTH_TRY(const std::unique_ptr<runtime::Engine> engine, open_engine(context));
    BERTH_TRY(const std::vector<Choice> choices,
              choose_runs(*engine, words_,
                          make_selection(context, "inspect", Wanted::latest, all_users_)));
    if (engine_json_) {
      return print_engines(context, *engine, choices);
    }
    context.options.json = true;
    return act_on_each(context, "berth/inspect/1", choices,
                       [&](const Run& run) -> Result<BatchLine> {
                         BERTH_TRY(const runtime::ContainerState state, look_up(*engine, run));
                         return BatchLine{{}, run_details(run, state)};
                       });
  }

 private:
  // A list, as `docker inspect` prints it; an error is no part of it.
  static int print_engines(Context& context, runtime::Engine& engine,
                           const std::vector<Choice>& choices) {
    int code = kDone;
    std::string separator = "[\n";
    const auto look = [&engine](const Run& run) -> Result<BatchLine> {
      BERTH_TRY(std::optional<std::string> raw, engine.inspect_raw(run.id));
      if (!raw) {
        return fail(Error{Errc::not_found, "`" + title_of(run) + "` was removed meanwhile"});
      }
      return BatchLine{std::move(*raw), {}};
    };
    for_each_run(choices, look, [&](const Choice&, const Result<BatchLine>& raw) {
      if (!raw) {
        context.messages.error(raw.error());
        code = kFailed;
        return;
      }
      context.out << std::exchange(separator, ",\n") << raw->text;
    });
    context.out << (separator == "[\n" ? "[" : "") << "]\n";
    return code;
  }

  std::vector<std::string> words_;
  bool engine_json_ = false;
  bool all_users_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_inspect_verb() {
  return std::make_unique<InspectVerb>();
}

}  // namespace berth::cli
