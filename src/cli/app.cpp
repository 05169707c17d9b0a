// The way from argv to a verb and back to an exit code.
#include "cli/app.hpp"

#include <unistd.h>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <exception>
#include <optional>

#include "berth/base/text.hpp"
#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/global_options.hpp"
#include "cli/verb.hpp"
#include "cli/version.hpp"

namespace berth::cli {

namespace {

using Verbs = std::vector<std::unique_ptr<Verb>>;

Verb* find_verb(const Verbs& verbs, const std::string& name) {
  const auto found = std::find_if(verbs.begin(), verbs.end(),
                                  [&name](const auto& verb) { return verb->name() == name; });
  return found == verbs.end() ? nullptr : found->get();
}

// The heading that a verb stands under in the help.
const char* group_of(std::string_view verb) {
  if (verb == "run" || verb == "resolve" || verb == "lock") {
    return "Running";
  }
  constexpr std::array<std::string_view, 4> kOfTheMachine = {"doctor", "gpus", "catalog",
                                                             "version"};
  const bool machine =
      std::find(kOfTheMachine.begin(), kOfTheMachine.end(), verb) != kOfTheMachine.end();
  return machine ? "The machine, and what is known" : "Managing runs";
}

void declare_program(CLI::App& app, GlobalOptions& options, const Verbs& verbs) {
  app.name("berth");
  app.set_version_flag("--version", std::string("berth ") + kVersion);
  app.footer(
      "Start with:  berth doctor            is this machine ready?\n"
      "             berth resolve torch     which image would run it here?\n"
      "             berth run python train.py\n"
      "\n`berth VERB --help` tells more about a verb.");
  app.get_formatter()->column_width(32);
  add_global_options(app, options);
  for (const std::unique_ptr<Verb>& verb : verbs) {
    CLI::App* sub = app.add_subcommand(std::string(verb->name()), std::string(verb->summary()));
    sub->group(group_of(verb->name()));
    sub->get_formatter()->column_width(32);
  }
}

// Only for the verb that was chosen: the options of all of them take longer than most of what they
// are for.
void declare_verb(CLI::App& app, GlobalOptions& options, Verb& verb) {
  CLI::App* sub = app.get_subcommand(std::string(verb.name()));
  verb.declare(*sub);
  add_global_options(*sub, options);
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  return names;
}

Error unknown_word(const CLI::App& app, const std::string& word, const std::string& verb) {
  const bool is_option = word.starts_with('-');
  const std::string help = verb.empty() ? "berth --help" : "berth " + verb + " --help";
  Error error{Errc::usage,
              is_option ? "unknown option `" + word + "`" : "unexpected argument `" + word + "`"};
  if (!is_option && verb.empty()) {
    error.message = "unknown verb `" + word + "`";
  }
  std::vector<std::string> candidates = option_names(app);
  if (!is_option) {
    candidates.clear();
    for (const CLI::App* sub : app.get_subcommands(nullptr)) {
      candidates.push_back(sub->get_name());
    }
  }
  const std::string name = word.substr(0, word.find('='));
  if (const std::optional<std::string> near = nearest(name, candidates)) {
    error.note("did you mean `" + *near + "`?");
  }
  return std::move(error).hint("`" + help + "` lists them");
}

// CLI11's complaint, as an error of ours.
Error usage_error(const CLI::App& app, const std::string& verb, const CLI::ParseError& problem) {
  const CLI::App* where = verb.empty() ? &app : app.get_subcommand(verb);
  const std::vector<std::string> remaining = app.remaining(true);
  if (problem.get_name() == "ExtrasError" ||
      dynamic_cast<const CLI::ExtrasError*>(&problem) != nullptr) {
    const std::string word = remaining.empty() ? std::string() : remaining.front();
    return unknown_word(*where, word, verb);
  }
  const std::string help = verb.empty() ? "berth --help" : "berth " + verb + " --help";
  std::string text = problem.what();
  if (problem.get_name() == "ArgumentMismatch") {
    text = "`" + text.substr(0, text.find(':')) + "` needs a value";
  }
  if (problem.get_name() == "RequiredError") {
    text = "`berth " + verb + "` needs " + text.substr(0, text.find(' ')) + ", and got none";
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  return Error{Errc::usage, std::string(trimmed(text))}.hint("`" + help + "` explains the options");
}

// One parsed command line.
struct Invocation {
  Verb* verb = nullptr;
  std::optional<int> finished;  // help or version were printed
};

class Program {
 public:
  Program(const std::vector<std::string>& arguments, const Streams& streams,
          const spec::Surroundings& surroundings)
      : arguments_(arguments),
        streams_(streams),
        surroundings_(surroundings),
        verbs_(make_verbs()) {
    declare_program(app_, options_, verbs_);
  }

  int run() {
    options_.json = wants_json(arguments_);
    Result<Invocation> invocation = parse();
    const Terminal terminal =
        Terminal::of(STDOUT_FILENO, forced_color(), surroundings_.environment);
    const Terminal error_terminal =
        Terminal::of(STDERR_FILENO, forced_color(), surroundings_.environment);
    Messages messages(streams_.err, error_terminal);
    messages.set_quiet(options_.quiet);
    if (!invocation) {
      return report(invocation.error(), messages);
    }
    if (invocation->finished) {
      return finish(*invocation->finished, messages);
    }
    Context context{options_, streams_.out, messages, terminal, surroundings_, make_log()};
    const Result<int> code = run_verb(*invocation->verb, context);
    if (!code) {
      return report(code.error(), messages);
    }
    return finish(*code, messages);
  }

 private:
  Result<Invocation> parse();
  Result<Invocation> explain(const CLI::ParseError& problem);

  // The last resort: libraries may throw where we do not expect it.
  static Result<int> run_verb(Verb& verb, Context& context) {
    try {
      return verb.run(context);
    } catch (const std::exception& exception) {
      return fail(Error{Errc::internal, std::string("internal error: ") + exception.what()}.hint(
          "please report it with the command that led here"));
    }
  }

  std::shared_ptr<spdlog::logger> make_log() const {
    const spdlog::sink_ptr sink =
        std::make_shared<spdlog::sinks::ostream_sink_mt>(streams_.err, true);
    const std::shared_ptr<spdlog::logger> log = std::make_shared<spdlog::logger>("berth", sink);
    log->set_pattern("[%l] %v");
    log->set_level(options_.verbosity >= 2   ? spdlog::level::debug
                   : options_.verbosity == 1 ? spdlog::level::info
                                             : spdlog::level::off);
    return log;
  }

  std::optional<bool> forced_color() const {
    if (options_.color == ColorMode::automatic) {
      return std::nullopt;
    }
    return options_.color == ColorMode::always;
  }

  // An answer that could not be written is no answer.
  int finish(int code, Messages& messages) const {
    streams_.out.flush();
    return streams_.out ? code
                        : report(Error{Errc::io, "cannot write to standard output"}, messages);
  }

  int report(const Error& error, Messages& messages) const {
    const Verb* verb = find_verb(verbs_, verb_name_);
    if (options_.json && (verb == nullptr || !verb->prints_for_command())) {
      streams_.out << error_document(error) << '\n';
      streams_.out.flush();
    } else {
      messages.error(error);
    }
    return exit_code_of(error, verb != nullptr && verb->ends_as_command());
  }

  const std::vector<std::string>& arguments_;
  Streams streams_;
  const spec::Surroundings& surroundings_;
  GlobalOptions options_;
  Verbs verbs_;
  CLI::App app_{"Runs deep-learning jobs in GPU containers that match the machine."};
  std::string verb_name_;
};

Result<Invocation> Program::parse() {
  std::vector<std::string> words = arguments_;
  const std::size_t verb_index = first_positional(app_, words, 0);
  Verb* verb = nullptr;
  if (verb_index < words.size()) {
    if (words[verb_index] == "help") {  // `berth help run` is `berth run --help`
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(verb_index));
      words.emplace_back("--help");
    }
    verb = find_verb(verbs_, words[verb_index]);
    if (verb == nullptr && words[verb_index] != "--help") {
      return fail(unknown_word(app_, words[verb_index], ""));
    }
  }
  if (verb != nullptr) {
    verb_name_ = verb->name();
    declare_verb(app_, options_, *verb);
  }
  if (verb != nullptr && verb->runs_command()) {
    const std::size_t end =
        first_positional(*app_.get_subcommand(verb_name_), words, verb_index + 1);
    const std::size_t command = end < words.size() && words[end] == "--" ? end + 1 : end;
    verb->set_command({words.begin() + static_cast<std::ptrdiff_t>(command), words.end()});
    words.resize(end);
  }
  try {
    std::reverse(words.begin(), words.end());  // as CLI11 takes a vector
    app_.parse(std::move(words));
  } catch (const CLI::ParseError& problem) {
    return explain(problem);
  }
  if (verb == nullptr) {
    return fail(Error{Errc::usage, "no verb given"}.hint("`berth --help` lists them"));
  }
  return Invocation{verb, std::nullopt};
}

Result<Invocation> Program::explain(const CLI::ParseError& problem) {
  const CLI::App& where = verb_name_.empty() ? app_ : *app_.get_subcommand(verb_name_);
  if (problem.get_exit_code() == 0) {  // help or version were asked for
    const bool version = problem.get_name() == "CallForVersion";
    streams_.out << (version ? std::string(problem.what()) + "\n"
                             : where.help(verb_name_.empty() ? "" : "berth"));
    streams_.out.flush();
    return Invocation{nullptr, kDone};
  }
  return fail(usage_error(app_, verb_name_, problem));
}

}  // namespace

std::vector<std::unique_ptr<Verb>> make_verbs() {
  Verbs verbs;
  verbs.push_back(make_run_verb());
  verbs.push_back(make_resolve_verb());
  verbs.push_back(make_lock_verb());
  verbs.push_back(make_ps_verb());
  verbs.push_back(make_logs_verb());
  verbs.push_back(make_attach_verb());
  verbs.push_back(make_exec_verb());
  verbs.push_back(make_stop_verb());
  verbs.push_back(make_kill_verb());
  verbs.push_back(make_wait_verb());
  verbs.push_back(make_rm_verb());
  verbs.push_back(make_stats_verb());
  verbs.push_back(make_inspect_verb());
  verbs.push_back(make_doctor_verb());
  verbs.push_back(make_gpus_verb());
  verbs.push_back(make_catalog_verb());
  verbs.push_back(make_env_verb());
  verbs.push_back(make_version_verb());
  return verbs;
}

int run_app(const std::vector<std::string>& arguments, const Streams& streams,
            const spec::Surroundings& surroundings) {
  try {
    return Program(arguments, streams, surroundings).run();
  } catch (const std::exception& exception) {
    streams.err << "error: internal error: " << exception.what() << '\n';
    return kInternal;
  }
}

}  // namespace berth::cli
