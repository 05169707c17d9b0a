// `berth stats`: what runs use: again and again on a terminal, once otherwise.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <chrono>
#include <map>
#include <sstream>
#include <thread>

#include "berth/base/text.hpp"
#include "berth/runtime/engine.hpp"
#include "cli/engine_access.hpp"
#include "cli/exit_code.hpp"
#include "cli/run_batch.hpp"
#include "cli/stats_report.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

using Clock = std::chrono::steady_clock;
using Looks = std::map<std::string, StatsLook>;  // by container id

struct Use {
  std::optional<double> cpu_percent;
  runtime::ContainerStats stats;
};

class StatsVerb : public Verb {
 public:
  std::string_view name() const override { return "stats"; }
  std::string_view summary() const override { return "what runs use: processor, memory, network"; }

  void declare(CLI::App& app) override {
    app.add_option("runs", words_, "Names, ids or jobs; all of yours that run otherwise")
        ->option_text("[RUN…]");
    app.add_flag("--no-stream", once_, "Once; on a terminal it goes on until they end");
    add_all_users_option(app, all_users_);
    app.footer(
        "CPU: 100% is one processor. GPUs are shown by `berth gpus`.\n\n"
        "Examples:\n"
        "  berth stats\n"
        "  berth stats --json train");
  }

  Result<int> run(Context& context) override {
    BERTH_TRY(const std::unique_ptr<runtime::Engine> engine, open_engine(context));
    const Selection selection = make_selection(context, "stats", Wanted::running, all_users_);
    BERTH_TRY(std::vector<Choice> choices, choose(*engine, selection));
    Looks before = first_looks(*engine, choices);
    std::this_thread::sleep_for(kPause);
    if (once_ || context.options.json || !context.terminal.is_terminal()) {
      std::vector<Result<Use>> uses = measure(*engine, choices, before);
      if (words_.empty()) {
        leave_out_ended(choices, uses);
      }
      return print_once(context, choices, uses);
    }
    return watch(context, *engine, choices, std::move(before));
  }

 private:
  static constexpr std::chrono::milliseconds kPause{1000};

  Result<std::vector<Choice>> choose(runtime::Engine& engine, const Selection& selection) const {
    if (!words_.empty()) {
      return choose_runs(engine, words_, selection);
    }
    BERTH_TRY(std::vector<Run> runs, list_runs(engine, selection, false));
    std::vector<Choice> choices;
    for (Run& run : runs) {
      choices.push_back({title_of(run), std::move(run)});
    }
    return choices;
  }

  // For the share of a processor; who has an error here has it again at the second look.
  static Looks first_looks(runtime::Engine& engine, const std::vector<Choice>& choices) {
    Looks looks;
    static_cast<void>(measure(engine, choices, looks));
    return looks;
  }

  // One result per choice; `looks` are those before, and become these.
  static std::vector<Result<Use>> measure(runtime::Engine& engine,
                                          const std::vector<Choice>& choices, Looks& looks) {
    std::vector<Result<Use>> uses;
    for (const Choice& choice : choices) {
      uses.push_back(choice.run ? measure_one(engine, *choice.run, looks)
                                : Result<Use>(fail(choice.run.error())));
    }
    return uses;
  }

  static Result<Use> measure_one(runtime::Engine& engine, const Run& run, Looks& looks) {
    BERTH_TRY(const std::optional<runtime::ContainerStats> stats, engine.stats(run.id));
    if (!stats) {
      return fail(
          is_running(run)
              ? Error{Errc::not_found, "`" + title_of(run) + "` has ended"}.named("run-not-running")
              : not_running(run));
    }
    const StatsLook now{Clock::now(), *stats};
    const auto before = looks.find(run.id);
    const Use use{before == looks.end() ? std::nullopt : cpu_percent(before->second, now), *stats};
    looks[run.id] = now;
    return use;
  }

  // Nobody asked for those by name.
  static void leave_out_ended(std::vector<Choice>& choices, std::vector<Result<Use>>& uses) {
    for (std::size_t i = uses.size(); i-- > 0;) {
      if (!uses[i] && uses[i].error().id == "run-not-running") {
        choices.erase(choices.begin() + static_cast<std::ptrdiff_t>(i));
        uses.erase(uses.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
  }

  static void print_table(std::ostream& out, const Terminal& terminal,
                          const std::vector<Choice>& choices,
                          const std::vector<Result<Use>>& uses) {
    std::vector<Cells> rows{stats_heading()};
    for (std::size_t i = 0; i < choices.size(); ++i) {
      if (uses[i]) {
        rows.push_back(stats_row(title_of(*choices[i].run), uses[i]->cpu_percent, uses[i]->stats));
      }
    }
    print_columns(out, terminal, rows);
  }

  static int print_once(Context& context, const std::vector<Choice>& choices,
                        const std::vector<Result<Use>>& uses) {
    int code = kDone;
    nlohmann::ordered_json items = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < choices.size(); ++i) {
      code = uses[i] ? code : worse(code, uses[i].error());
      items.push_back(item_json(choices[i], uses[i].map([](const Use& use) {
        return stats_json(use.cpu_percent, use.stats);
      })));
      if (!uses[i] && !context.options.json) {
        context.messages.error(uses[i].error());
      }
    }
    if (context.options.json) {
      print_items(context, "berth/stats/1", std::move(items));
    } else {
      print_table(context.out, context.terminal, choices, uses);
    }
    return code;
  }

  // Draws the table over itself until none of the runs is left.
  static int watch(Context& context, runtime::Engine& engine, const std::vector<Choice>& choices,
                   Looks looks) {
    std::vector<Result<Use>> uses = measure(engine, choices, looks);
    int code = kDone;
    for (const Result<Use>& use : uses) {
      if (!use) {
        context.messages.error(use.error());
        code = worse(code, use.error());
      }
    }
    unsigned lines = 0;
    while (std::any_of(uses.begin(), uses.end(), [](const auto& use) { return use.has_value(); })) {
      std::ostringstream table;
      print_table(table, Terminal(false, false, context.terminal.width()), choices, uses);
      context.out << context.terminal.rewind(lines);
      lines = 0;
      for (const std::string& line : split(trimmed(table.str()), '\n')) {
        // A line that wraps could not be drawn over.
        context.out << line.substr(0, context.terminal.width() - 1) << '\n';
        ++lines;
      }
      context.out.flush();
      std::this_thread::sleep_for(kPause);
      uses = measure(engine, choices, looks);
    }
    return code;
  }

  std::vector<std::string> words_;
  bool once_ = false;
  bool all_users_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_stats_verb() {
  return std::make_unique<StatsVerb>();
}

}  // namespace berth::cli
