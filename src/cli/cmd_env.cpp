// `berth env`: the environments that were built: a list, one in full, its exact packages, and their
// removal.
#include <spdlog/fmt/fmt.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <ctime>
#include <nlohmann/json.hpp>

#include "berth/base/bytes.hpp"
#include "berth/base/text.hpp"
#include "cli/clock_text.hpp"
#include "cli/columns.hpp"
#include "cli/engine_access.hpp"
#include "cli/environment_list.hpp"
#include "cli/exit_code.hpp"
#include "cli/null_json.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

using Json = nlohmann::ordered_json;
using Seconds = std::chrono::seconds;

std::int64_t last_use(const KnownEnvironment& known) {
  return known.use ? std::chrono::duration_cast<Seconds>(known.use->last.time_since_epoch()).count()
                   : 0;
}

Json json_of(const KnownEnvironment& known) {
  const std::vector<std::string> projects =
      known.use ? known.use->projects : std::vector<std::string>();
  return {{"key", known.key},
          {"image", known.names.front()},
          {"stage", known.stage},
          {"base", known.base},
          {"items", known.items},
          {"packages", known.packages},
          {"created", text_or_null(utc_text(known.created))},
          {"bytes", known.bytes},
          {"own_bytes", known.own_bytes ? Json(*known.own_bytes) : Json(nullptr)},
          {"last_used", text_or_null(utc_text(last_use(known)))},
          {"projects", projects}};
}

void print_json(std::ostream& out, const Json& document) {
  out << document.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

void print_table(Context& context, const std::vector<KnownEnvironment>& environments) {
  const std::int64_t now = std::time(nullptr);
  std::vector<Cells> rows{{"KEY", "STAGE", "SIZE", "CREATED", "LAST USED", "BASE", "PROJECTS"}};
  for (const KnownEnvironment& known : environments) {
    rows.push_back({known.tag, known.stage, known.own_bytes ? format_bytes(*known.own_bytes) : "?",
                    ago(known.created, now), known.use ? ago(last_use(known), now) : "-",
                    known.base, known.use ? join(known.use->projects, ", ") : "-"});
  }
  print_columns(context.out, context.terminal, rows);
}

void print_in_full(std::ostream& out, const KnownEnvironment& known) {
  out << fmt::format(
      "{}\n  base      {}\n  stage     {}\n  created   {}\n  size      {}{}\n", known.key,
      known.base, known.stage, utc_text(known.created), format_bytes(known.bytes),
      known.own_bytes ? fmt::format(", {} beyond the base", format_bytes(*known.own_bytes))
                      : std::string());
  out << "  installed " << join(known.items, "\n            ") << '\n';
  out << "  packages  " << join(known.packages, "\n            ") << '\n';
}

class EnvVerb : public Verb {
 public:
  std::string_view name() const override { return "env"; }
  std::string_view summary() const override { return "show and remove environments"; }

  void declare(CLI::App& app) override {
    app.add_option("action", action_, "list, show, export or remove")->option_text("[ACTION]");
    app.add_option("key", words_,
                   "The beginning of an environment's key; with export after `requirements`")
        ->option_text("[requirements] [KEY]");
    app.add_flag("-a,--all", all_, "With list: stages on which others were built, too");
    app.footer(
        "Examples:\n"
        "  berth env list\n"
        "  berth env show 4f3a             what it was made of, and its packages\n"
        "  berth env export requirements 4f3a\n"
        "  berth env remove 4f3a               the next run that needs it builds it anew");
  }

  Result<int> run(Context& context) override {
    BERTH_CHECK(check_words());
    const runtime::EnvironmentStore store(context.surroundings.environment);
    BERTH_TRY(const std::unique_ptr<runtime::Engine> engine, open_engine(context));
    BERTH_TRY(std::vector<KnownEnvironment> environments, list_environments(*engine, store));
    if (action_ == "list") {
      return list(context, std::move(environments));
    }
    BERTH_TRY(const KnownEnvironment known, choose_environment(environments, words_.back()));
    if (action_ == "remove") {
      return remove(context, *engine, store, known);
    }
    return action_ == "show" ? show(context, known) : export_packages(context, known);
  }

 private:
  Result<void> check_words() const {
    const bool is_list = action_ == "list";
    const bool is_export = action_ == "export";
    if (!is_list && !is_export && action_ != "show" && action_ != "remove") {
      return fail(Error{Errc::usage, fmt::format("`berth env {}` is not known", action_)}.hint(
          "`berth env --help` shows what is"));
    }
    if (is_list && !words_.empty()) {
      return fail(Error{Errc::usage, "`berth env list` takes no key"}.hint(
          fmt::format("`berth env show {}` shows one environment", shell_quoted(words_.front()))));
    }
    if (is_export && (words_.empty() || words_.front() != "requirements")) {
      return fail(Error{Errc::usage, "`berth env export` needs to know as what"}.hint(
          "`berth env export requirements KEY` writes the exact packages"));
    }
    if (const std::size_t wanted = is_list ? 0 : is_export ? 2 : 1; words_.size() != wanted) {
      return fail(Error{Errc::usage, fmt::format("`berth env {}` needs one key", action_)}.hint(
          "`berth env list` shows the keys"));
    }
    if (all_ && !is_list) {
      return fail(Error{Errc::usage, "`--all` belongs to `berth env list`"}.hint(
          "`berth env list --all` shows every stage"));
    }
    return {};
  }

  Result<int> list(Context& context, std::vector<KnownEnvironment> environments) const {
    if (!all_) {
      std::erase_if(environments, [](const auto& known) { return !known.is_final(); });
    }
    if (context.options.json) {
      Json items = Json::array();
      for (const KnownEnvironment& known : environments) {
        items.push_back(json_of(known));
      }
      print_json(context.out, {{"schema", "berth/env-list/1"}, {"items", items}});
    } else if (context.options.quiet) {
      for (const KnownEnvironment& known : environments) {
        context.out << known.tag << '\n';
      }
    } else {
      print_table(context, environments);
    }
    return kDone;
  }

  static Result<int> show(Context& context, const KnownEnvironment& known) {
    if (context.options.json) {
      Json document = {{"schema", "berth/env/1"}};
      document.update(json_of(known));
      print_json(context.out, document);
    } else {
      print_in_full(context.out, known);
    }
    return kDone;
  }

  static Result<int> export_packages(Context& context, const KnownEnvironment& known) {
    if (context.options.json) {
      print_json(context.out, {{"schema", "berth/env-export/1"}, {"packages", known.packages}});
    } else {
      for (const std::string& package : known.packages) {
        context.out << package << '\n';
      }
    }
    return kDone;
  }

  // Without force: the engine refuses where a container uses it.
  static Result<int> remove(Context& context, runtime::Engine& engine,
                            const runtime::EnvironmentStore& store, const KnownEnvironment& known) {
    for (const std::string& image : known.names) {
      BERTH_CHECK(engine.remove_image(image));
    }
    store.forget(known.tag);
    if (context.options.json) {
      print_json(context.out, {{"schema", "berth/env-rm/1"}, {"removed", {known.key}}});
    } else if (!context.options.quiet) {
      context.out << known.tag << '\n';
    }
    return kDone;
  }

  std::string action_ = "list";
  std::vector<std::string> words_;
  bool all_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_env_verb() {
  return std::make_unique<EnvVerb>();
}

}  // namespace berth::cli
