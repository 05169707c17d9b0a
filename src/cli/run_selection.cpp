#include "cli/run_selection.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <iterator>
#include <utility>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "berth/runtime/run_labels.hpp"
#include "cli/user_name.hpp"

namespace berth::cli {

namespace {

using runtime::kJobLabel;
using runtime::kOwnerLabel;
using runtime::kProjectLabel;
using runtime::kRunLabel;

// More would not be read.
constexpr std::size_t kListed = 10;

bool is_callers(const Run& run, const Selection& selection) {
  const std::string owner = label_of(run, kOwnerLabel);
  return selection.all_users || owner.empty() || owner == selection.uid;
}

template <class Predicate>
std::vector<Run> those(const std::vector<Run>& runs, const Predicate& predicate) {
  std::vector<Run> found;
  std::copy_if(runs.begin(), runs.end(), std::back_inserter(found), predicate);
  return found;
}

// "train-1  4f5c2a0b1d3e  job train  Up 3 minutes"
std::string described(const Run& run) {
  const std::string job = label_of(run, kJobLabel);
  return fmt::format("{}  {}  {}{}", title_of(run), short_id(run.id),
                     job.empty() ? "" : "job " + printable(job) + "  ", run.status);
}

Error listing(Error error, const std::vector<Run>& runs) {
  for (std::size_t i = 0; i < std::min(runs.size(), kListed); ++i) {
    error.note(described(runs[i]));
  }
  if (runs.size() > kListed) {
    error.note(fmt::format("and {} more", runs.size() - kListed));
  }
  return error;
}

Failure not_yours(const std::string& word, const Run& run, const Selection& selection) {
  const std::string owner = label_of(run, kOwnerLabel);
  return fail(
      Error{Errc::usage, fmt::format("`{}` is not your run", word)}
          .note(fmt::format("it was started by {} (uid {})", user_name_of(owner), printable(owner)))
          .hint(fmt::format("`berth {} --all-users {}` acts on it all the same", selection.verb,
                            shell_quoted(word)))
          .named("not-your-run"));
}

Failure not_found(const std::string& word, const std::vector<Run>& runs,
                  const Selection& selection) {
  Error error{Errc::not_found, fmt::format("no run is called `{}`", printable(word))};
  std::vector<std::string> names;
  for (const Run& run : runs) {
    if (is_callers(run, selection)) {
      names.push_back(run.name);
      names.push_back(label_of(run, kJobLabel));
    }
  }
  std::erase(names, "");
  if (const std::optional<std::string> near = nearest(word, names)) {
    error.note("did you mean `" + printable(*near) + "`?");
  }
  return fail(std::move(error).hint("`berth ps --all` lists your runs").named("run-not-found"));
}

// The project's own before others of that name.
std::vector<Run> of_job(const std::vector<Run>& runs, const std::string& job,
                        const Selection& selection) {
  const std::vector<Run> all = those(runs, [&](const Run& run) {
    return label_of(run, kJobLabel) == job && is_callers(run, selection);
  });
  const std::vector<Run> here = those(all, [&selection](const Run& run) {
    return label_of(run, kProjectLabel) == selection.project.string();
  });
  return here.empty() ? all : here;
}

Result<std::vector<Run>> wanted_of_job(const std::vector<Run>& runs, const std::string& job,
                                       Wanted wanted) {
  const std::vector<Run> running = those(runs, is_running);
  if (wanted == Wanted::every || (wanted == Wanted::ended && running.empty())) {
    return runs;
  }
  if (wanted == Wanted::ended) {
    const std::vector<Run> ended = those(runs, [](const Run& run) { return !is_running(run); });
    return ended.empty() ? running : ended;  // the verb says that they run
  }
  if (!running.empty()) {
    return running;
  }
  if (wanted == Wanted::latest) {
    return std::vector<Run>{runs.front()};
  }
  return fail(Error{Errc::not_found, fmt::format("no run of job `{}` is running", printable(job))}
                  .hint("`berth ps --all` lists your runs")
                  .named("run-not-running"));
}

// A container that is not berth's, told from one that is not there.
Error explained_stranger(runtime::Engine& engine, const std::string& word, Error error,
                         const Selection& selection) {
  // What no container can be called would be a path of its own in the engine's API.
  if (error.id != "run-not-found" || word.empty() || word.find('/') != std::string::npos) {
    return error;
  }
  const Result<std::optional<runtime::ContainerState>> found = engine.inspect_container(word);
  if (!found || !found->has_value() || (*found)->labels.contains(kRunLabel)) {
    return error;
  }
  const Result<EngineFacts> facts = engine.facts();
  const bool podman = facts && facts->kind == EngineFacts::Kind::podman;
  return Error{Errc::not_found, fmt::format("container `{}` is none of berth's runs", word)}
      .note("it has no label `" + std::string(kRunLabel) + "`")
      .hint(fmt::format("`{} {} {}` acts on it", podman ? "podman" : "docker", selection.verb,
                        shell_quoted(word)))
      .named("not-a-run");
}

Result<std::vector<Run>> chosen_by(runtime::Engine& engine, const std::vector<Run>& runs,
                                   const std::string& word, const Selection& selection) {
  Result<std::vector<Run>> found = find_runs(runs, word, selection);
  return found ? std::move(found)
               : fail(explained_stranger(engine, word, std::move(found).error(), selection));
}

}  // namespace

std::string label_of(const Run& run, const char* label) {
  const auto found = run.labels.find(label);
  return found == run.labels.end() ? std::string() : found->second;
}

bool is_running(const Run& run) {
  return run.state == "running" || run.state == "paused" || run.state == "restarting";
}

std::string short_id(const std::string& id) {
  constexpr std::size_t kDigits = 12;
  return id.substr(0, kDigits);
}

std::string title_of(const Run& run) {
  return run.name.empty() ? short_id(run.id) : run.name;
}

Error not_running(const Run& run) {
  return Error{Errc::usage, "`" + title_of(run) + "` is not running"}
      .note("its status is `" + printable(run.status) + "`")
      .named("run-not-running");
}

Result<void> require_running(const Run& run) {
  return is_running(run) ? Result<void>() : fail(not_running(run));
}

Result<std::vector<Run>> find_runs(const std::vector<Run>& runs, const std::string& word,
                                   const Selection& selection) {
  const std::vector<Run> named = those(runs, [&word](const Run& run) {
    return !word.empty() && (run.name == word || run.id == word);
  });
  if (!named.empty()) {
    return is_callers(named.front(), selection) ? Result<std::vector<Run>>(named)
                                                : not_yours(word, named.front(), selection);
  }
  if (const std::vector<Run> job = of_job(runs, word, selection); !word.empty() && !job.empty()) {
    return wanted_of_job(job, word, selection.wanted);
  }
  const std::vector<Run> begin_so = those(runs, [&word](const Run& run) {
    return !word.empty() && (run.id.starts_with(word) || label_of(run, kRunLabel) == word);
  });
  const std::vector<Run> callers =
      those(begin_so, [&selection](const Run& run) { return is_callers(run, selection); });
  if (callers.size() == 1) {
    return callers;
  }
  if (callers.size() > 1) {
    return fail(listing(
        Error{Errc::usage, fmt::format("{} ids begin with `{}`", callers.size(), word)}.named(
            "run-ambiguous"),
        callers));
  }
  return begin_so.empty() ? not_found(word, runs, selection)
                          : not_yours(word, begin_so.front(), selection);
}

Result<Run> only_run(const std::vector<Run>& runs, const Selection& selection) {
  const std::vector<Run> running = those(runs, [&selection](const Run& run) {
    return is_running(run) && is_callers(run, selection) &&
           label_of(run, kProjectLabel) == selection.project.string();
  });
  if (running.size() == 1) {
    return running.front();
  }
  const std::string usage = fmt::format("`berth {} RUN`", selection.verb);
  if (running.empty()) {
    return fail(Error{Errc::usage, "no run of this project is running"}
                    .note("the project is " + selection.project.string())
                    .hint(usage + " names one; `berth ps --all` lists them")
                    .named("run-not-running"));
  }
  return fail(
      listing(Error{Errc::usage, fmt::format("{} runs of this project are running", running.size())}
                  .hint(usage + " names one")
                  .named("run-ambiguous"),
              running));
}

Result<std::vector<Run>> list_runs(runtime::Engine& engine, const Selection& selection, bool all) {
  BERTH_TRY(const std::vector<Run> runs, engine.list_containers({kRunLabel}, all));
  return those(runs, [&selection](const Run& run) { return is_callers(run, selection); });
}

Result<std::vector<Choice>> choose_runs(runtime::Engine& engine,
                                        const std::vector<std::string>& words,
                                        const Selection& selection) {
  BERTH_TRY(const std::vector<Run> runs, engine.list_containers({kRunLabel}, true));
  std::vector<Choice> choices;
  if (words.empty()) {
    BERTH_TRY(Run run, only_run(runs, selection));
    choices.push_back({title_of(run), std::move(run)});
    return choices;
  }
  for (const std::string& word : words) {
    Result<std::vector<Run>> found = chosen_by(engine, runs, word, selection);
    if (!found) {
      choices.push_back({word, fail(std::move(found).error())});
      continue;
    }
    for (Run& run : *found) {
      const bool twice = std::any_of(choices.begin(), choices.end(), [&run](const Choice& choice) {
        return choice.run && choice.run->id == run.id;
      });
      if (!twice) {
        choices.push_back({word, std::move(run)});
      }
    }
  }
  return choices;
}

Result<Run> choose_run(runtime::Engine& engine, const std::optional<std::string>& word,
                       const Selection& selection) {
  BERTH_TRY(const std::vector<Run> runs, engine.list_containers({kRunLabel}, true));
  if (!word) {
    return only_run(runs, selection);
  }
  BERTH_TRY(std::vector<Run> found, chosen_by(engine, runs, *word, selection));
  if (found.size() == 1) {
    return std::move(found.front());
  }
  return fail(listing(
      Error{Errc::usage, fmt::format("job `{}` has {} runs", printable(*word), found.size())}
          .hint(fmt::format("`berth {} RUN` names one", selection.verb))
          .named("run-ambiguous"),
      found));
}

Result<runtime::ContainerState> look_up(runtime::Engine& engine, const Run& run) {
  BERTH_TRY(std::optional<runtime::ContainerState> state, engine.inspect_container(run.id));
  if (!state) {
    return fail(Error{Errc::not_found, "`" + title_of(run) + "` was removed meanwhile"});
  }
  return std::move(*state);
}

void add_all_users_option(CLI::App& app, bool& all_users) {
  app.add_flag("--all-users", all_users, "Other users' runs, too");
}

Selection make_selection(const Context& context, const char* verb, Wanted wanted, bool all_users) {
  return {verb, wanted, all_users, std::to_string(::getuid()),
          spec::project_folder(context.surroundings)};
}

}  // namespace berth::cli
