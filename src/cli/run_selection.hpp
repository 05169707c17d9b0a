// Which of berth's runs is meant: by name, by the name of a spec's job, by the beginning of an id.
//
// berth's own runs only (the label org.berth.run), and only the caller's: what somebody else
// started is named in the error, and touched with --all-users alone.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/runtime/engine.hpp"
#include "cli/context.hpp"

namespace CLI {
class App;
}

namespace berth::cli {

using Run = runtime::ContainerSummary;

// The value of a label; empty where it has none.
std::string label_of(const Run& run, const char* label);
bool is_running(const Run& run);  // or paused: its command has not ended
// As messages name it: its name, else its short id.
std::string title_of(const Run& run);
std::string short_id(const std::string& id);  // 12 digits, as docker prints it

// Errc::usage, id run-not-running.
Error not_running(const Run& run);
Result<void> require_running(const Run& run);

// What a verb acts on. A job stands for all of its runs of that kind; a name or an id is taken
// whatever it does, and the verb says what is wrong with it.
enum class Wanted {
  running,  // a job's runs that run
  latest,   // those that run; where none does, the one that ended last
  ended,    // those that have ended
  every,
};

struct Selection {
  std::string verb{};  // for hints: "logs"
  Wanted wanted = Wanted::running;
  bool all_users = false;
  std::string uid{};                // the caller's
  std::filesystem::path project{};  // here; a job of this project goes before one of another
};

// One item of several that were asked for.
struct Choice {
  std::string word{};  // as it was typed; where nothing was, the run's title
  Result<Run> run;
};

// Of the runs that `runs` lists. Errors, all Errc::not_found or Errc::usage:
//   run-not-found  nothing is called that    run-ambiguous  several ids begin like that
//   not-your-run   it is somebody else's     run-not-running  a job that has no such run
Result<std::vector<Run>> find_runs(const std::vector<Run>& runs, const std::string& word,
                                   const Selection& selection);
// Without a word: the caller's only running run of the project. Where it is not the only one:
// Errc::usage, and the notes list them.
Result<Run> only_run(const std::vector<Run>& runs, const Selection& selection);

// The same with the engine's list. A word that is a container of somebody other than berth has an
// error of its own, not-a-run, with the engine's command for it. The outer error: the engine cannot
// be asked.
Result<std::vector<Choice>> choose_runs(runtime::Engine& engine,
                                        const std::vector<std::string>& words,
                                        const Selection& selection);
Result<Run> choose_run(runtime::Engine& engine, const std::optional<std::string>& word,
                       const Selection& selection);

// All of the caller's, or of all users.
Result<std::vector<Run>> list_runs(runtime::Engine& engine, const Selection& selection, bool all);

// What the engine knows of it now. Errc::not_found where it was removed meanwhile.
Result<runtime::ContainerState> look_up(runtime::Engine& engine, const Run& run);

void add_all_users_option(CLI::App& app, bool& all_users);
Selection make_selection(const Context& context, const char* verb, Wanted wanted, bool all_users);

}  // namespace berth::cli
