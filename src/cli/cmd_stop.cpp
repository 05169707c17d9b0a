// `berth stop`: asks runs to end, and ends those that do not.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>

#include "berth/base/duration.hpp"
#include "berth/runtime/engine.hpp"
#include "cli/engine_access.hpp"
#include "cli/kept_records.hpp"
#include "cli/run_batch.hpp"
#include "cli/signal_option.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

using std::chrono::seconds;

class StopVerb : public Verb {
 public:
  std::string_view name() const override { return "stop"; }
  std::string_view summary() const override { return "end runs: TERM, then KILL"; }

  void declare(CLI::App& app) override {
    app.add_option("runs", words_, "Names, ids or jobs; else the project's only running run")
        ->option_text("[RUN…]");
    app.add_option("-t,--time,--timeout", grace_, "How long they get before KILL; 10s otherwise")
        ->option_text("TIME");
    app.add_option("-s,--signal", signal_, "The first signal; the run's own otherwise, mostly TERM")
        ->option_text("SIGNAL");
    add_all_users_option(app, all_users_);
    app.footer(
        "Examples:\n"
        "  berth stop                     the only run of this project\n"
        "  berth stop train -t 2m         time to write a checkpoint\n"
        "  berth stop $(berth ps -q)      all of yours");
  }

  Result<int> run(Context& context) override {
    std::optional<seconds> grace;
    if (grace_) {
      const Result<seconds> parsed = parse_duration(*grace_);
      if (!parsed) {
        return fail(Errc::usage, "`-t`: " + parsed.error().message);
      }
      grace = *parsed;
    }
    BERTH_TRY(const std::optional<std::string> signal, parse_signal_option(signal_));
    BERTH_TRY(const std::unique_ptr<runtime::Engine> engine, open_engine(context));
    BERTH_TRY(
        const std::vector<Choice> choices,
        choose_runs(*engine, words_, make_selection(context, "stop", Wanted::running, all_users_)));
    return act_on_each(context, "berth/stop/1", choices, [&](const Run& run) {
      note_stop(context, run, "berth stop");
      return stop(*engine, run, signal, grace);
    });
  }

 private:
  static Result<BatchLine> stop(runtime::Engine& engine, const Run& run,
                                const std::optional<std::string>& signal,
                                std::optional<seconds> grace) {
    constexpr seconds kUsualGrace{10};
    if (!grace) {
      BERTH_TRY(const std::optional<runtime::ContainerState> state,
                engine.inspect_container(run.id));
      grace = state && state->stop_timeout ? *state->stop_timeout : kUsualGrace;
    }
    const Result<void> stopped = engine.stop(run.id, signal, grace);
    // What removes itself at its end may be gone already.
    if (!stopped && stopped.error().code != Errc::not_found) {
      return fail(stopped.error());
    }
    return BatchLine{title_of(run), {}};
  }

  std::vector<std::string> words_;
  std::optional<std::string> grace_;
  std::optional<std::string> signal_;
  bool all_users_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_stop_verb() {
  return std::make_unique<StopVerb>();
}

}  // namespace berth::cli
