// `berth catalog`: what berth knows, and from where; and the care for it.
#include <spdlog/fmt/fmt.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "berth/runtime/signals.hpp"
#include "cli/catalog_care.hpp"
#include "cli/catalog_report.hpp"
#include "cli/catalog_show.hpp"
#include "cli/catalog_update.hpp"
#include "cli/exit_code.hpp"
#include "cli/verb.hpp"

namespace berth::cli {

namespace {

class CatalogVerb : public Verb {
 public:
  std::string_view name() const override { return "catalog"; }
  std::string_view summary() const override {
    return "show what is known of frameworks, images, GPUs and drivers";
  }

  void declare(CLI::App& app) override {
    app.add_option("topic", query_.topic,
                   "A framework, images, gpus, drivers or cuda; show, check, diff or update; an "
                   "overview without")
        ->option_text("[TOPIC]");
    app.add_option("release", query_.release,
                   "One release of the framework, in full; what to show; the folder to check or "
                   "compare")
        ->option_text("[RELEASE|THING|DIR]");
    app.add_option("--from", from_, "With update: a folder or URL that has catalog.sha256")
        ->option_text("DIR|URL");
    app.add_flag("--reset", reset_, "With update: back to the catalogue that berth came with");
    app.add_option("--framework", query_.framework, "Images of this framework alone")
        ->option_text("NAME");
    app.add_option("--cuda", query_.cuda, "Images of this CUDA alone")->option_text("VERSION");
    app.add_option("--evidence", query_.evidence,
                   "Images that are live, listed, inferred or withdrawn")
        ->option_text("KIND");
    app.footer(
        "Examples:\n"
        "  berth catalog torch                  its releases and their builds\n"
        "  berth catalog torch 2.3.1            one release in full\n"
        "  berth catalog images --framework torch --cuda 12.1\n"
        "  berth catalog gpus --json            with the source of every fact\n"
        "  berth catalog show 'RTX 4090'        a release, image, GPU, driver or CUDA\n"
        "  berth catalog check DIR              what is wrong or missing in its files\n"
        "  berth catalog diff DIR               the rows that it changes\n"
        "  berth catalog update --from URL      a newer catalogue, for this user");
  }

  Result<int> run(Context& context) override {
    BERTH_CHECK(check_words());
    if (query_.topic == "check") {
      return check_catalog_files(context, query_.release);
    }
    if (query_.topic == "diff") {
      return diff_catalog_files(context, query_.release);
    }
    if (query_.topic == "update") {
      return reset_ ? reset(context) : update(context);
    }
    return show(context);
  }

 private:
  Result<void> check_words() const {
    const bool update = query_.topic == "update";
    if (!update && (from_ || reset_)) {
      return fail(
          Error{Errc::usage, "`--from` and `--reset` belong to `berth catalog update`"}.hint(
              "`berth catalog update --from DIR` installs a catalogue"));
    }
    if (update && (from_.has_value() == reset_ || !query_.release.empty())) {
      return fail(Error{Errc::usage, "`berth catalog update` needs `--from` or `--reset`"}.hint(
          "`berth catalog update --from DIR` installs the catalogue of a folder or URL"));
    }
    if (query_.release.empty() && (query_.topic == "show" || query_.topic == "diff")) {
      const bool is_show = query_.topic == "show";
      return fail(Error{Errc::usage, fmt::format("`berth catalog {}` needs to know {}",
                                                 query_.topic, is_show ? "what" : "the folder")}
                      .hint(is_show ? "`berth catalog show torch` shows the releases of torch"
                                    : "`berth catalog diff DIR` shows what its files change"));
    }
    return {};
  }

  Result<int> show(Context& context) const {
    BERTH_TRY(const CatalogInUse in_use, context.catalog_in_use());
    BERTH_TRY(const CatalogReport report, report_on(in_use.catalog));
    if (context.options.json) {
      context.out << catalog_document(report) << '\n';
      return kDone;
    }
    if (context.options.quiet) {
      print_names(context.out, report.sections.front());
      return kDone;
    }
    print_catalog(context.out, context.terminal, report);
    if (report.sections.front().objects.empty()) {
      context.messages.note("nothing in the catalogue matches");
    }
    if (query_.topic.empty() && !in_use.folder.empty()) {
      context.messages.note("the catalogue is that of " + in_use.folder);
    }
    return kDone;
  }

  Result<CatalogReport> report_on(const Catalog& catalog) const {
    return query_.topic == "show" ? show_in_catalog(catalog, query_.release)
                                  : make_catalog_report(catalog, query_);
  }

  Result<int> update(Context& context) const {
    const runtime::SignalWatcher signals;
    const Result<CatalogUpdate> done = update_catalog(context, *from_, signals.stop_token());
    if (!done && done.error().code == Errc::interrupted) {
      Error error = runtime::interrupted_by(signals.stopped_by());
      error.message = "the update was interrupted: nothing is installed";
      return fail(std::move(error));
    }
    BERTH_TRY(const CatalogUpdate update, done);
    if (context.options.json) {
      const nlohmann::ordered_json document = {{"schema", "berth/catalog-update/1"},
                                               {"installed", update.installed},
                                               {"version", update.version},
                                               {"previous", update.previous}};
      context.out << document.dump(2) << '\n';
    } else if (!context.options.quiet) {
      context.out << (update.installed
                          ? fmt::format("the catalogue of {} is installed; before it was that of "
                                        "{}\n",
                                        update.version, update.previous)
                          : fmt::format("the catalogue of {} in use is as new as that of {} there: "
                                        "nothing is installed\n",
                                        update.previous, update.version));
    }
    return kDone;
  }

  static Result<int> reset(Context& context) {
    BERTH_TRY(const bool was_there, reset_catalog(context));
    if (context.options.json) {
      const nlohmann::ordered_json document = {{"schema", "berth/catalog-update/1"},
                                               {"removed", was_there}};
      context.out << document.dump(2) << '\n';
    } else if (!context.options.quiet) {
      context.out << (was_there ? "the installed catalogue is removed\n"
                                : "no catalogue was installed\n");
    }
    return kDone;
  }

  // The first column alone; its mark of doubt is none of the name's.
  static void print_names(std::ostream& out, const CatalogSection& section) {
    for (std::size_t i = 1; i < section.table.size(); ++i) {
      std::string name = section.table[i].front();
      if (name.ends_with(" ?")) {
        name.resize(name.size() - 2);
      }
      out << name << '\n';
    }
  }

  CatalogQuery query_;
  std::optional<std::string> from_;
  bool reset_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_catalog_verb() {
  return std::make_unique<CatalogVerb>();
}

}  // namespace berth::cli
