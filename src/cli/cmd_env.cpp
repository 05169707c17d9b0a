// `berth env`: the environments that were built: a list, one in full or for use elsewhere, built
// anew, and their removal.
#include <spdlog/fmt/fmt.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "berth/base/bytes.hpp"
#include "berth/base/duration.hpp"
#include "berth/base/text.hpp"
#include "berth/runtime/environment_build.hpp"
#include "berth/runtime/run_guard.hpp"
#include "berth/runtime/run_labels.hpp"
#include "berth/runtime/signals.hpp"
#include "cli/engine_access.hpp"
#include "cli/environment_list.hpp"
#include "cli/environment_prune.hpp"
#include "cli/environment_rebuild.hpp"
#include "cli/environment_report.hpp"
#include "cli/exit_code.hpp"
#include "cli/settled_containers.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

using Json = nlohmann::ordered_json;

void print_json(std::ostream& out, const Json& document) {
  out << document.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

// What an option belongs to.
struct OptionUse {
  std::string_view option;
  bool given;
  std::string_view action;
};

class EnvVerb : public Verb {
 public:
  std::string_view name() const override { return "env"; }
  std::string_view summary() const override { return "show, rebuild and remove environments"; }

  void declare(CLI::App& app) override {
    app.add_option("action", action_, "list, show, export, rebuild, remove or prune")
        ->option_text("[ACTION]");
    app.add_option("key", words_,
                   "The beginning of an environment's key, else what the project used last; with "
                   "export behind `requirements` or `dockerfile`")
        ->option_text("[FORM] [KEY]");
    app.add_flag("-a,--all", all_,
                 "With list: stages on which others were built, too; with rebuild: those before "
                 "the last");
    const std::string group = "What prune removes";
    app.add_option("--older", older_, "Not used for so long: 30d, 12h (default 30d)")
        ->option_text("TIME")
        ->group(group);
    app.add_option("--keep-size", keep_size_, "Of what is left, the least recently used down to it")
        ->option_text("SIZE")
        ->group(group);
    app.add_flag("--cache", cache_, "What was downloaded for builds, too")->group(group);
    app.add_flag("--dry-run", dry_run_, "Show what would be removed")->group(group);
    app.footer(
        "Examples:\n"
        "  berth env list\n"
        "  berth env show 4f3a                    what it was made of, and its packages\n"
        "  berth env export requirements 4f3a\n"
        "  berth env export dockerfile > Dockerfile\n"
        "  berth env rebuild                      the project's: branches and ranges as of now\n"
        "  berth env remove 4f3a                  the next run that needs it builds it anew\n"
        "  berth env prune --older 30d --keep-size 50g");
  }

  Result<int> run(Context& context) override {
    BERTH_CHECK(check_words());
    BERTH_TRY(const PruneLimits limits, prune_limits());
    if (action_ == "rebuild") {
      return rebuild(context);
    }
    const runtime::EnvironmentStore store(context.surroundings.environment);
    BERTH_TRY(const std::unique_ptr<runtime::Engine> engine, open_engine(context));
    BERTH_TRY(std::vector<KnownEnvironment> environments, list_environments(*engine, store));
    if (action_ == "list") {
      return list(context, std::move(environments));
    }
    if (action_ == "prune") {
      return prune(context, *engine, store, environments, limits);
    }
    BERTH_TRY(const KnownEnvironment known, chosen(context, environments));
    if (action_ == "remove") {
      return remove(context, *engine, store, known);
    }
    return action_ == "show" ? show(context, known) : write_out(context, known);
  }

 private:
  // The words behind the action, without an export's form.
  std::size_t keys_given() const { return words_.size() - (action_ == "export" ? 1 : 0); }

  Result<void> check_words() const {
    constexpr std::array<std::string_view, 6> kActions = {"list",    "show",   "export",
                                                          "rebuild", "remove", "prune"};
    if (std::find(kActions.begin(), kActions.end(), action_) == kActions.end()) {
      return fail(Error{Errc::usage, fmt::format("`berth env {}` is not known", action_)}.hint(
          "`berth env --help` shows what is"));
    }
    if ((action_ == "list" || action_ == "prune") && !words_.empty()) {
      return fail(Error{Errc::usage, fmt::format("`berth env {}` takes no key", action_)}.hint(
          fmt::format("`berth env {} {}` is for one environment",
                      action_ == "list" ? "show" : "remove", shell_quoted(words_.front()))));
    }
    if (action_ == "export" &&
        (words_.empty() || (words_.front() != "requirements" && words_.front() != "dockerfile"))) {
      return fail(Error{Errc::usage, "`berth env export` needs to know as what"}
                      .hint("`berth env export requirements KEY` writes the exact packages")
                      .hint("`berth env export dockerfile KEY` writes how to build them without "
                            "berth"));
    }
    if (keys_given() > 1 || (action_ == "remove" && keys_given() == 0)) {
      return fail(Error{Errc::usage, fmt::format("`berth env {}` needs one key", action_)}.hint(
          "`berth env list` shows the keys"));
    }
    return check_options();
  }

  Result<void> check_options() const {
    for (const OptionUse& use :
         {OptionUse{"--older", !older_.empty(), "prune"},
          OptionUse{"--keep-size", !keep_size_.empty(), "prune"},
          OptionUse{"--cache", cache_, "prune"}, OptionUse{"--dry-run", dry_run_, "prune"},
          OptionUse{"--all", all_ && action_ != "rebuild", "list"}}) {
      if (use.given && action_ != use.action) {
        return fail(Error{Errc::usage,
                          fmt::format("`{}` belongs to `berth env {}`", use.option, use.action)}
                        .hint("`berth env --help` shows what each takes"));
      }
    }
    return {};
  }

  Result<KnownEnvironment> chosen(const Context& context,
                                  const std::vector<KnownEnvironment>& environments) const {
    return keys_given() == 0 ? environment_of_project(environments, context.surroundings.directory)
                             : choose_environment(environments, words_.back());
  }

  Result<int> list(Context& context, std::vector<KnownEnvironment> environments) const {
    if (!all_) {
      std::erase_if(environments, [](const auto& known) { return !known.is_final(); });
    }
    if (context.options.json) {
      Json items = Json::array();
      for (const KnownEnvironment& known : environments) {
        items.push_back(environment_json(known));
      }
      print_json(context.out, {{"schema", "berth/env-list/1"}, {"items", items}});
    } else if (context.options.quiet) {
      print_keys(context, environments);
    } else {
      print_environments(context.out, context.terminal, environments);
    }
    return kDone;
  }

  static void print_keys(Context& context, const std::vector<KnownEnvironment>& environments) {
    for (const KnownEnvironment& known : environments) {
      context.out << known.tag << '\n';
    }
  }

  static Result<int> show(Context& context, const KnownEnvironment& known) {
    if (context.options.json) {
      print_json(context.out, environment_document(known));
    } else {
      print_environment(context.out, known);
    }
    return kDone;
  }

  Result<int> write_out(Context& context, const KnownEnvironment& known) const {
    const bool dockerfile = words_.front() == "dockerfile";
    if (dockerfile && !known.recipe) {
      return fail(Error{Errc::invalid_input,
                        fmt::format("the image of `{}` does not say how it was made", known.tag)}
                      .named("recipe-incomplete")
                      .hint(fmt::format("`berth env export requirements {}` writes its packages",
                                        known.tag)));
    }
    const std::vector<std::string> packages =
        known.recipe ? environment::requirements_of(*known.recipe, known.packages) : known.packages;
    const std::string text =
        dockerfile ? environment::dockerfile_of(*known.recipe, environment::image_of(known.key))
                   : std::string();
    if (context.options.json) {
      Json document = {{"schema", "berth/env-export/1"}};
      document.update(dockerfile ? Json{{"dockerfile", text}} : Json{{"packages", packages}});
      print_json(context.out, document);
    } else if (dockerfile) {
      context.out << text;
    } else {
      for (const std::string& package : packages) {
        context.out << package << '\n';
      }
    }
    return kDone;
  }

  // The guard before anything else, as in a run: containers are made.
  Result<int> rebuild(Context& context) const {
    runtime::RunGuard guard(engine_opener(context));
    const runtime::SignalWatcher signals;
    Result<int> code = rebuild_guarded(context, guard, signals);
    if (!code && signals.stopped_by() != 0) {
      return fail(runtime::interrupted_by(signals.stopped_by()));
    }
    if (code) {
      guard.release();
    }
    return code;
  }

  Result<int> rebuild_guarded(Context& context, runtime::RunGuard& guard,
                              const runtime::SignalWatcher& signals) const {
    const runtime::EnvironmentStore store(context.surroundings.environment);
    BERTH_TRY(std::unique_ptr<runtime::Engine> engine, open_engine(context, signals.stop_token()));
    BERTH_TRY(const std::vector<KnownEnvironment> environments, list_environments(*engine, store));
    BERTH_TRY(const KnownEnvironment known, chosen(context, environments));
    BERTH_TRY(const EngineFacts facts, engine->facts());
    const std::string run_id = runtime::make_run_id();
    guard.arm(facts.address, run_id);
    EnvironmentRebuild rebuilding(std::move(engine), run_id, context, signals.stop_token());
    BERTH_TRY(const Rebuilt rebuilt, rebuilding.rebuild(known, all_));
    if (context.options.json) {
      print_json(context.out, rebuilt_document(known, rebuilt));
    } else if (context.options.quiet) {
      context.out << known.tag << '\n';
    } else {
      print_rebuilt(context.out, known, rebuilt);
    }
    return kDone;
  }

  Result<PruneLimits> prune_limits() const {
    PruneLimits limits;
    if (!older_.empty()) {
      const Result<std::chrono::seconds> older = parse_duration(older_);
      if (!older) {
        return fail(Error{Errc::usage, "--older: " + older.error().message});
      }
      limits.older = *older;
    }
    if (!keep_size_.empty()) {
      const Result<std::uint64_t> bytes = parse_bytes(keep_size_);
      if (!bytes) {
        return fail(Error{Errc::usage, "--keep-size: " + bytes.error().message});
      }
      limits.keep_bytes = *bytes;
    }
    if (!limits.older && !limits.keep_bytes) {
      limits.older = kPruneAge;
    }
    return limits;
  }

  Result<int> prune(Context& context, runtime::Engine& engine,
                    const runtime::EnvironmentStore& store,
                    const std::vector<KnownEnvironment>& environments,
                    const PruneLimits& limits) const {
    BERTH_TRY(const std::vector<runtime::ContainerSummary> containers, settled_containers(engine));
    std::set<std::string> in_use;
    for (const runtime::ContainerSummary& container : containers) {
      in_use.insert(container.image_id);
    }
    Pruned pruned;
    pruned.dry_run = dry_run_;
    pruned.plan = plan_prune(environments, in_use, limits, std::time(nullptr));
    if (!dry_run_) {
      carry_out(pruned, engine, store);
    }
    if (cache_) {
      BERTH_CHECK(prune_cache(pruned, engine));
    }
    for (const std::string& failure : pruned.failures) {
      context.messages.warning(failure);
    }
    if (context.options.json) {
      print_json(context.out, pruned_document(pruned));
    } else if (context.options.quiet) {
      print_keys(context, pruned.plan.removed);
    } else {
      print_pruned(context.out, context.terminal, pruned);
    }
    return pruned.failures.empty() ? kDone : kFailed;
  }

  // What a container has begun to use meanwhile stays, and is said.
  static void carry_out(Pruned& pruned, runtime::Engine& engine,
                        const runtime::EnvironmentStore& store) {
    std::vector<KnownEnvironment> removed;
    for (KnownEnvironment& known : pruned.plan.removed) {
      Result<void> gone = remove_images(engine, known);
      if (gone) {
        store.forget(known.tag);
        removed.push_back(std::move(known));
        continue;
      }
      const Error& error = gone.error();
      pruned.failures.push_back(error.message +
                                (error.notes.empty() ? "" : ": " + error.notes.front()));
      pruned.plan.removed_bytes -= known.stage_bytes;
      pruned.plan.kept_bytes += known.stage_bytes;
      pruned.plan.kept.push_back(std::move(known));
    }
    pruned.plan.removed = std::move(removed);
  }

  // That its size is not known keeps nobody from removing it.
  Result<void> prune_cache(Pruned& pruned, runtime::Engine& engine) const {
    pruned.cache_bytes = engine.volume_bytes(runtime::kCacheVolume).value_or(std::nullopt);
    if (!dry_run_) {
      Result<void> removed = engine.remove_volume(runtime::kCacheVolume);
      if (!removed && removed.error().id == "volume-in-use") {
        return fail(Error(removed.error())
                        .hint("`berth env prune --cache` again when no build "
                              "uses it any more"));
      }
      BERTH_CHECK(removed);
    }
    pruned.cache = true;
    return {};
  }

  // Without force: the engine refuses where a container uses it.
  static Result<void> remove_images(runtime::Engine& engine, const KnownEnvironment& known) {
    for (const std::string& image : known.names) {
      BERTH_CHECK(engine.remove_image(image));
    }
    return {};
  }

  static Error used_by(const runtime::ContainerSummary& container, const KnownEnvironment& known) {
    const bool own = container.labels.contains(runtime::kRunLabel);
    return Error{Errc::invalid_input,
                 fmt::format("{} `{}` uses environment `{}`", own ? "run" : "container",
                             container.name, known.tag)}
        .named("environment-in-use")
        .note(fmt::format("it is {}: {}", container.state, container.command))
        .hint(fmt::format("`{} rm {}{}` ends that first", own ? "berth" : "docker",
                          container.is_up() ? "-f " : "", container.name));
  }

  static Result<int> remove(Context& context, runtime::Engine& engine,
                            const runtime::EnvironmentStore& store, const KnownEnvironment& known) {
    BERTH_TRY(const std::vector<runtime::ContainerSummary> containers, settled_containers(engine));
    for (const runtime::ContainerSummary& container : containers) {
      if (container.image_id == known.image_id) {
        return fail(used_by(container, known));
      }
    }
    BERTH_CHECK(remove_images(engine, known));
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
  std::string older_;
  std::string keep_size_;
  bool cache_ = false;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_env_verb() {
  return std::make_unique<EnvVerb>();
}

}  // namespace berth::cli
