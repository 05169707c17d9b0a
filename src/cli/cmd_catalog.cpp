// `berth catalog`: what berth knows, and from where.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/catalog_report.hpp"
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
                   "A framework, images, gpus, drivers or cuda; an overview without")
        ->option_text("[TOPIC]");
    app.add_option("release", query_.release, "One release of the framework, in full")
        ->option_text("[RELEASE]");
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
        "  berth catalog gpus --json            with the source of every fact");
  }

  Result<int> run(Context& context) override {
    BERTH_TRY(const Catalog catalog, context.catalog());
    BERTH_TRY(const CatalogReport report, make_catalog_report(catalog, query_));
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
    return kDone;
  }

 private:
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
};

}  // namespace

std::unique_ptr<Verb> make_catalog_verb() {
  return std::make_unique<CatalogVerb>();
}

}  // namespace berth::cli
