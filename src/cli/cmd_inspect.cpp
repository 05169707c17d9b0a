// `berth inspect`: all that is known of runs, as JSON.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "berth/runtime/engine.hpp"
#include "berth/runtime/run_labels.hpp"
#include "cli/engine_access.hpp"
#include "cli/exit_code.hpp"
#include "cli/kept_records.hpp"
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
    BERTH_TRY(const std::vector<Choice> choices, choose(context, *engine));
    if (engine_json_) {
      return print_engines(context, *engine, choices);
    }
    context.options.json = true;
    return act_on_each(context, "berth/inspect/1", choices,
                       [&](const Run& run) { return describe(context, *engine, run); });
  }

 private:
  // A run whose container is gone still has its record; so has any where the engine is away.
  Result<std::vector<Choice>> choose(const Context& context, runtime::Engine& engine) const {
    Result<std::vector<Choice>> choices =
        choose_runs(engine, words_, make_selection(context, "inspect", Wanted::latest, all_users_));
    const bool away = !choices && choices.error().code == Errc::engine_unreachable;
    if (away && !words_.empty() && !engine_json_) {
      std::vector<Choice> kept;
      for (const std::string& word : words_) {
        kept.push_back({word, recorded(context, word)});
        if (!kept.back().run) {
          return choices;
        }
      }
      context.messages.warning(choices.error().message + "; showing what was kept");
      return kept;
    }
    if (!choices || engine_json_) {
      return choices;
    }
    for (Choice& choice : *choices) {
      if (!choice.run && choice.run.error().id == "run-not-found") {
        if (Result<Run> kept = recorded(context, choice.word)) {
          choice.run = std::move(kept);
        }
      }
    }
    return choices;
  }

  static Result<Run> recorded(const Context& context, const std::string& word) {
    BERTH_TRY(const RunRecord record, removed_run(context, word));
    return run_of(record);
  }

  static Result<BatchLine> describe(const Context& context, runtime::Engine& engine,
                                    const Run& run) {
    if (run.state == "removed") {
      BERTH_TRY(const RunRecord record, removed_run(context, run.id));
      return BatchLine{{}, run_details(run, record)};
    }
    BERTH_TRY(const runtime::ContainerState state, look_up(engine, run));
    return BatchLine{{}, run_details(run, state, record_of(context, state))};
  }

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
