// `berth version`: which berth this is, and which catalogue it carries.
#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "cli/exit_code.hpp"
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
    BERTH_TRY(const Catalog catalog, context.catalog());
    if (context.options.json) {
      const nlohmann::ordered_json document = {
          {"schema", "berth/version/1"}, {"version", kVersion}, {"catalog", catalog.version}};
      context.out << document.dump(2) << '\n';
    } else {
      context.out << "berth " << kVersion << " (catalogue " << catalog.version << ")\n";
    }
    return kDone;
  }
};

}  // namespace

std::unique_ptr<Verb> make_version_verb() {
  return std::make_unique<VersionVerb>();
}

}  // namespace berth::cli
