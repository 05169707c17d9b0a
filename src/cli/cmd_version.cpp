// `berth version`: which berth this is, and which catalogue it carries.
#include <CLI/App.hpp>
#include <ctime>
#include <nlohmann/json.hpp>

#include "cli/catalog_age.hpp"
#include "cli/exit_code.hpp"
#include "cli/null_json.hpp"
#include "cli/verb.hpp"
#include "cli/version.hpp"

namespace berth::cli {

namespace {

class VersionVerb : public Verb {
 public:
  std::string_view name() const override { return "version"; }
  std::string_view summary() const override { return "the version of berth and of its catalogue"; }
  void declare(CLI::App&) override {}

  Result<int> run(Context& context) override {
    BERTH_TRY(const CatalogInUse in_use, context.catalog_in_use());
    const std::string& catalog = in_use.catalog.version;
    const std::optional<std::int64_t> age = catalog_age_days(catalog, std::time(nullptr));
    if (context.options.json) {
      const nlohmann::ordered_json document = {
          {"schema", "berth/version/1"},
          {"version", kVersion},
          {"catalog", catalog},
          {"catalog_folder", text_or_null(in_use.folder)},
          {"catalog_age_days",
           age ? nlohmann::ordered_json(*age) : nlohmann::ordered_json(nullptr)}};
      context.out << document.dump(2) << '\n';
    } else {
      context.out << "berth " << kVersion << " (catalogue " << catalog
                  << (in_use.folder.empty() ? "" : " of " + in_use.folder) << ")\n";
      note_old_catalog(context, in_use.catalog);
    }
    return kDone;
  }
};

}  // namespace

std::unique_ptr<Verb> make_version_verb() {
  return std::make_unique<VersionVerb>();
}

}  // namespace berth::cli
