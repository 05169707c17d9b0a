// `berth ps`: the runs that there are, newest first.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <ctime>

#include "berth/base/text.hpp"
#include "berth/runtime/engine.hpp"
#include "berth/runtime/run_labels.hpp"
#include "cli/engine_access.hpp"
#include "cli/exit_code.hpp"
#include "cli/run_table.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

struct LabelFilter {
  const char* label;
  std::string value;
};

class PsVerb : public Verb {
 public:
  std::string_view name() const override { return "ps"; }
  std::string_view summary() const override { return "list your runs"; }

  void declare(CLI::App& app) override {
    app.add_flag("-a,--all", all_, "Those that have ended, too");
    app.add_option("--filter", filters_, "job=NAME, or project=DIR; `.` is this project")
        ->allow_extra_args(false)
        ->option_text("KEY=VALUE");
    add_all_users_option(app, all_users_);
    app.footer(
        "Examples:\n"
        "  berth ps\n"
        "  berth ps --all --filter project=.\n"
        "  berth ps -q                    ids alone, for other commands");
  }

  Result<int> run(Context& context) override {
    const Selection selection = make_selection(context, "ps", Wanted::every, all_users_);
    BERTH_TRY(const std::vector<LabelFilter> filters, parse_filters(context, selection));
    BERTH_TRY(const std::unique_ptr<runtime::Engine> engine, open_engine(context));
    BERTH_TRY(std::vector<Run> runs, list_runs(*engine, selection, all_));
    std::erase_if(runs, [&filters](const Run& run) {
      return std::any_of(filters.begin(), filters.end(), [&run](const LabelFilter& filter) {
        return label_of(run, filter.label) != filter.value;
      });
    });
    print(context, runs);
    return kDone;
  }

 private:
  Result<std::vector<LabelFilter>> parse_filters(const Context& context,
                                                 const Selection& selection) const {
    std::vector<LabelFilter> filters;
    for (const std::string& text : filters_) {
      const std::size_t equals = text.find('=');
      const std::string key = text.substr(0, equals);
      const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
      if (equals == std::string::npos || value.empty() || (key != "job" && key != "project")) {
        return fail(Error{Errc::usage, "`--filter " + text + "` is not known"}.hint(
            "`berth ps --filter job=NAME` and `berth ps --filter project=DIR` are"));
      }
      if (key == "job") {
        filters.push_back({runtime::kJobLabel, value});
      } else {
        const std::filesystem::path folder =
            (context.surroundings.directory / value).lexically_normal();
        filters.push_back({runtime::kProjectLabel, value == "." ? selection.project.string()
                                                   : folder.has_filename()
                                                       ? folder.string()
                                                       : folder.parent_path().string()});
      }
    }
    return filters;
  }

  void print(Context& context, const std::vector<Run>& runs) const {
    if (context.options.json) {
      nlohmann::ordered_json items = nlohmann::ordered_json::array();
      for (const Run& run : runs) {
        items.push_back(run_json(run));
      }
      const nlohmann::ordered_json document = {{"schema", "berth/ps/1"}, {"items", items}};
      context.out << document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    } else if (context.options.quiet) {
      for (const Run& run : runs) {
        context.out << short_id(run.id) << '\n';
      }
    } else {
      print_columns(
          context.out, context.terminal,
          run_table(runs, std::time(nullptr), context.surroundings.home.string(), all_users_));
    }
  }

  bool all_ = false;
  std::vector<std::string> filters_;
  bool all_users_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_ps_verb() {
  return std::make_unique<PsVerb>();
}

}  // namespace berth::cli
