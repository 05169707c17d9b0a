// `berth logs`: what runs have written so far, and with -f what they go on to write.
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <csignal>
#include <ctime>
#include <thread>

#include "berth/base/text.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/log_reader.hpp"
#include "cli/clock_text.hpp"
#include "cli/engine_access.hpp"
#include "cli/error_json.hpp"
#include "cli/exit_code.hpp"
#include "cli/log_writer.hpp"
#include "cli/run_selection.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

using runtime::LogSource;

class LogsVerb : public Verb {
 public:
  std::string_view name() const override { return "logs"; }
  std::string_view summary() const override { return "print what runs have written"; }

  void declare(CLI::App& app) override {
    app.add_option("runs", words_, "Names, ids or jobs; else the project's only running run")
        ->option_text("[RUN…]");
    app.add_flag("-f,--follow", options_.follow, "Go on until they end");
    app.add_option("--since", since_, "Only what is younger: 10m, 2026-08-01T12:00:00Z")
        ->option_text("TIME");
    app.add_option("--until", until_, "Only what is older")->option_text("TIME");
    app.add_option("-n,--tail", tail_, "Only the last lines; all otherwise")->option_text("N");
    app.add_flag("-t,--timestamps", options_.timestamps, "Each line begins with its time");
    add_all_users_option(app, all_users_);
    app.footer(
        "Standard output goes to standard output, standard error to standard error, unchanged. "
        "With --json\n"
        "each line is an object: run, id, stream, text.\n\n"
        "Examples:\n"
        "  berth logs -f\n"
        "  berth logs --since 10m --tail 100 train");
  }

  Result<int> run(Context& context) override {
    BERTH_CHECK(parse_options());
    BERTH_TRY(const std::unique_ptr<runtime::Engine> engine, open_engine(context));
    BERTH_TRY(
        const std::vector<Choice> choices,
        choose_runs(*engine, words_, make_selection(context, "logs", Wanted::latest, all_users_)));
    open_all(*engine, choices, context);
    BERTH_TRY(const int code, copy(context));
    if (code == kDone && options_.follow) {
      BERTH_CHECK(check_ended(*engine));
    }
    return code;
  }

 private:
  Result<void> parse_options() {
    const std::int64_t now = std::time(nullptr);
    if (since_) {
      BERTH_TRY(options_.since, parse_moment("--since", *since_, now));
    }
    if (until_) {
      BERTH_TRY(options_.until, parse_moment("--until", *until_, now));
    }
    if (tail_ && *tail_ != "all") {
      constexpr std::size_t kMostDigits = 18;
      if (tail_->empty() || tail_->size() > kMostDigits ||
          tail_->find_first_not_of("0123456789") != std::string::npos) {
        return fail(Errc::usage, "`--tail " + *tail_ + "` is neither a number of lines nor `all`");
      }
      options_.tail = std::stoull(*tail_);
    }
    return {};
  }

  Result<LogSource> open(runtime::Engine& engine, const Run& run) const {
    BERTH_TRY(const runtime::ContainerState state, look_up(engine, run));
    if (state.log_driver == "none") {
      return fail(Error{Errc::not_found, "the output of `" + title_of(run) + "` is not kept"}
                      .note("it goes to where the run was started, and nowhere else")
                      .hint("`berth run --detach …` and `berth run --keep …` keep it")
                      .named("log-not-kept"));
    }
    BERTH_TRY(std::unique_ptr<runtime::AttachedStream> stream, engine.logs(run.id, options_));
    return LogSource{std::move(stream), !state.tty};
  }

  void open_all(runtime::Engine& engine, const std::vector<Choice>& choices, Context& context) {
    for (const Choice& choice : choices) {
      Result<LogSource> source =
          choice.run ? open(engine, *choice.run) : Result<LogSource>(fail(choice.run.error()));
      if (source) {
        sources_.push_back(std::move(*source));
        runs_.push_back(*choice.run);
      } else {
        tell(choice.word, source.error(), context);
      }
    }
  }

  // An error of one run; the others go on.
  void tell(const std::string& word, const Error& error, Context& context) {
    failed_ = true;
    if (!context.options.json) {
      context.messages.error(error);
      return;
    }
    const nlohmann::ordered_json object = {{"run", word}, {"error", error_json(error)}};
    context.out << object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n'
                << std::flush;
  }

  std::unique_ptr<LogWriter> make_writer(bool json) const {
    if (json) {
      return std::make_unique<JsonLogWriter>(runs_, options_.timestamps, STDOUT_FILENO);
    }
    std::vector<std::string> titles;
    for (const Run& run : runs_) {
      titles.push_back(title_of(run));
    }
    return std::make_unique<PlainLogWriter>(std::move(titles), STDOUT_FILENO, STDERR_FILENO);
  }

  Result<int> copy(Context& context) {
    std::signal(SIGPIPE, SIG_IGN);
    const std::unique_ptr<LogWriter> writer = make_writer(context.options.json);
    Result<void> last_line;
    const runtime::LogReader reader{
        [&](std::size_t run, runtime::OutputStream stream, std::span<const std::byte> bytes) {
          return writer->piece(run, stream, bytes);
        },
        [&](std::size_t run, const Result<void>& how) {
          if (Result<void> ended = writer->end(run); !ended) {
            last_line = std::move(ended);
          }
          if (!how) {
            tell(title_of(runs_[run]), how.error(), context);
          }
        }};
    Result<runtime::LogEnd> end = runtime::read_logs(sources_, STDOUT_FILENO, reader);
    if (end && !last_line) {
      end = fail(last_line.error());
    }
    if ((!end && end.error().id == "output-closed") ||
        (end && *end == runtime::LogEnd::nobody_reads)) {
      return kSignalBase + SIGPIPE;
    }
    if (!end) {
      return fail(end.error());
    }
    return failed_ ? kFailed : kDone;
  }

  // The end of a log that is followed looks the same whether the run has ended or the engine.
  Result<void> check_ended(runtime::Engine& engine) const {
    using namespace std::chrono_literals;
    constexpr int kLooks = 50;  // an engine closes the log a little before it says `exited`
    for (const Run& run : runs_) {
      for (int look = 0;; ++look) {
        BERTH_TRY(const std::optional<runtime::ContainerState> state,
                  engine.inspect_container(run.id));
        if (!state || !state->running) {
          break;
        }
        if (look == kLooks) {
          return fail(Error{Errc::engine_failed,
                            "the log of `" + title_of(run) + "` broke off, and the run goes on"}
                          .named("connection-lost"));
        }
        std::this_thread::sleep_for(100ms);
      }
    }
    return {};
  }

  std::vector<std::string> words_;
  runtime::LogOptions options_;
  std::optional<std::string> since_;
  std::optional<std::string> until_;
  std::optional<std::string> tail_;
  bool all_users_ = false;
  std::vector<LogSource> sources_;
  std::vector<Run> runs_;
  bool failed_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_logs_verb() {
  return std::make_unique<LogsVerb>();
}

}  // namespace berth::cli
