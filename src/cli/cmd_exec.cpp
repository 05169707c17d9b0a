// `berth exec`: another command in a run's container.
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "berth/model/container_options.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/raw_terminal.hpp"
#include "berth/runtime/session.hpp"
#include "berth/runtime/signals.hpp"
#include "berth/runtime/stream_choice.hpp"
#include "cli/engine_access.hpp"
#include "cli/request_options.hpp"
#include "cli/run_selection.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

class ExecVerb : public Verb {
 public:
  std::string_view name() const override { return "exec"; }
  std::string_view summary() const override { return "run another command in a run's container"; }
  bool runs_command() const override { return true; }
  // The first word is the run; a double dash may stand before the command as well.
  void set_command(std::vector<std::string> words) override {
    if (words.size() > 1 && words[1] == "--") {
      words.erase(words.begin() + 1);
    }
    words_ = std::move(words);
  }

  void declare(CLI::App& app) override {
    // For the help text; the words themselves come through set_command().
    app.add_option("words", shown_words_, "The run: its name, id or job; then the command")
        ->option_text("RUN [--] COMMAND [ARG…]");
    app.add_option("-e,--env", environment_, "Set a variable; NAME alone passes on the caller's")
        ->allow_extra_args(false)
        ->option_text("NAME[=VALUE]");
    app.add_option("-w,--workdir", spec_.workdir, "Working directory; the run's otherwise")
        ->option_text("DIR");
    app.add_option("-u,--user", spec_.user, "User; the run's otherwise")->option_text("UID[:GID]");
    app.add_flag("--privileged", spec_.privileged, "With all privileges of the engine");
    app.add_option("--detach-keys", spec_.detach_keys, "Keys that leave it running: ctrl-p,ctrl-q")
        ->option_text("KEYS");
    add_stream_options(app, streams_);
    add_all_users_option(app, all_users_);
    app.footer(
        "Exit code: the command's own; 125 if berth or the engine failed, 126 if it cannot be "
        "invoked, 127 if\n"
        "it was not found.\n\n"
        "Examples:\n"
        "  berth exec train nvidia-smi\n"
        "  berth exec -it train bash");
  }

  Result<int> run(Context& context) override {
    runtime::SignalWatcher signals;  // before any other thread
    Result<int> code = execute(context, signals);
    if (!code && signals.stopped_by() != 0) {
      return fail(runtime::interrupted_by(signals.stopped_by()));
    }
    return code;
  }

 private:
  Result<int> execute(Context& context, runtime::SignalWatcher& signals) {
    if (words_.size() < 2) {
      return fail(Error{Errc::usage, words_.empty() ? "no run given" : "no command given"}.hint(
          "`berth exec RUN COMMAND …` is the form"));
    }
    BERTH_TRY(
        const runtime::StreamChoice streams,
        runtime::choose_streams(terminal_mode(streams_), !streams_.no_stdin,
                                ::isatty(STDIN_FILENO) == 1, ::isatty(STDOUT_FILENO) == 1, "exec"));
    BERTH_CHECK(set_environment(context));
    if (!spec_.detach_keys.empty()) {
      BERTH_CHECK(check_detach_keys(spec_.detach_keys));
    }
    BERTH_TRY(const std::unique_ptr<runtime::Engine> engine,
              open_engine(context, signals.stop_token(), signals.leave_token()));
    const Selection selection = make_selection(context, "exec", Wanted::running, all_users_);
    BERTH_TRY(const Run run, choose_run(*engine, words_.front(), selection));
    BERTH_CHECK(require_running(run));
    BERTH_TRY(const runtime::ContainerState state, look_up(*engine, run));
    complete_spec(context, streams);
    runtime::SessionOptions options = session_options(context, spec_.detach_keys);
    options.connect_stdin = streams.open_stdin;
    BERTH_TRY(const runtime::SessionOutcome outcome,
              runtime::exec_in_run(*engine, state, spec_, options, signals));
    return outcome.exit_code;
  }

  // A name alone is the caller's variable; one that the caller does not have is taken away.
  Result<void> set_environment(const Context& context) {
    for (const std::string& text : environment_) {
      if (text.empty() || text.starts_with('=')) {
        return fail(Errc::usage, "`-e " + text + "` names no variable");
      }
      const std::optional<std::string> callers = context.surroundings.environment(text);
      const bool name_alone = text.find('=') == std::string::npos;
      spec_.environment.push_back(name_alone && callers ? text + "=" + *callers : text);
    }
    return {};
  }

  void complete_spec(const Context& context, const runtime::StreamChoice& streams) {
    spec_.command.assign(words_.begin() + 1, words_.end());
    spec_.tty = streams.tty;
    spec_.open_stdin = streams.open_stdin;
    if (streams.tty) {
      spec_.console_size = runtime::terminal_size(STDOUT_FILENO);
      const std::optional<std::string> term = context.surroundings.environment("TERM");
      if (term && runtime::is_common_terminal(*term)) {
        spec_.environment.insert(spec_.environment.begin(),
                                 "TERM=" + *term);  // -e has the last word
      }
    }
  }

  std::vector<std::string> words_;
  std::vector<std::string> shown_words_;
  std::vector<std::string> environment_;
  runtime::ExecSpec spec_;
  StreamOptions streams_;
  bool all_users_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_exec_verb() {
  return std::make_unique<ExecVerb>();
}

}  // namespace berth::cli
