#include "cli/catalog_care.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "berth/resolver/catalog_check.hpp"
#include "cli/catalog_files.hpp"
#include "cli/clock_text.hpp"
#include "cli/exit_code.hpp"
#include "cli/null_json.hpp"

namespace berth::cli {

namespace {

using Json = nlohmann::ordered_json;
using Level = CatalogFinding::Level;

constexpr std::size_t kLongestLine = 1000;

// The files in use, without parsing them: a check must see also what does not load. An installed
// catalogue is whole, a folder of --catalog only replaces.
Result<CatalogFiles> files_in_use(const Context& context) {
  CatalogFiles embedded;
  for (const EmbeddedFile& file : embedded_files()) {
    embedded.add(std::string(file.name), std::string(file.content));
  }
  std::string folder = context.options.catalog
                           ? context.options.catalog->string()
                           : context.surroundings.environment("BERTH_CATALOG").value_or("");
  if (!folder.empty()) {
    BERTH_TRY(const CatalogFiles files, CatalogFiles::of_folder(folder));
    CatalogFiles all;
    for (const EmbeddedFile& file : files.on_top_of(embedded.as_files())) {
      all.add(std::string(file.name), std::string(file.content));
    }
    return all;
  }
  BERTH_TRY(const CatalogInUse in_use, context.catalog_in_use());
  return in_use.folder.empty() ? Result<CatalogFiles>(std::move(embedded))
                               : CatalogFiles::of_folder(in_use.folder);
}

std::size_t count_of(const std::vector<CatalogFinding>& findings, Level level) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [level](const CatalogFinding& finding) { return finding.level == level; }));
}

void print_findings(Context& context, const std::vector<CatalogFinding>& findings) {
  for (const CatalogFinding& finding : findings) {
    if (finding.level == Level::note && context.options.verbosity == 0) {
      continue;
    }
    const std::string place =
        finding.row.empty() ? finding.file : finding.file + ", " + finding.row;
    context.out << printable(fmt::format("{}: {}{}{} [{}]", name_of(finding.level), place,
                                         place.empty() ? "" : ": ", finding.text, finding.code),
                             kLongestLine)
                << '\n';
  }
  if (!context.options.quiet) {
    context.out << fmt::format("{} errors, {} warnings, {} notes{}\n",
                               count_of(findings, Level::error), count_of(findings, Level::warning),
                               count_of(findings, Level::note),
                               context.options.verbosity == 0 ? " (-v shows them)" : "");
  }
}

std::string findings_document(const std::vector<CatalogFinding>& findings) {
  Json rows = Json::array();
  for (const CatalogFinding& finding : findings) {
    rows.push_back({{"level", name_of(finding.level)},
                    {"code", finding.code},
                    {"file", text_or_null(finding.file)},
                    {"row", text_or_null(finding.row)},
                    {"text", finding.text}});
  }
  const Json document = {{"schema", "berth/catalog-check/1"},
                         {"errors", count_of(findings, Level::error)},
                         {"warnings", count_of(findings, Level::warning)},
                         {"findings", std::move(rows)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string changes_document(const std::vector<CatalogChange>& changes) {
  Json rows = Json::array();
  for (const CatalogChange& change : changes) {
    rows.push_back({{"kind", name_of(change.kind)},
                    {"file", change.file},
                    {"row", change.row},
                    {"fields", change.fields}});
  }
  const Json document = {{"schema", "berth/catalog-diff/1"}, {"changes", std::move(rows)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

char mark_of(CatalogChange::Kind kind) {
  if (kind == CatalogChange::Kind::changed) {
    return '~';
  }
  return kind == CatalogChange::Kind::added ? '+' : '-';
}

}  // namespace

Result<int> check_catalog_files(Context& context, const std::string& folder) {
  BERTH_TRY(const CatalogFiles in_use, files_in_use(context));
  std::vector<CatalogFinding> findings;
  const std::string today = utc_text(std::time(nullptr)).substr(0, sizeof("2026-11-23") - 1);
  if (folder.empty()) {
    findings = check_catalog(in_use.as_files(), today);
  } else {
    BERTH_TRY(const CatalogFiles files, CatalogFiles::of_folder(folder));
    findings = check_catalog(files.on_top_of(in_use.as_files()), today);
  }
  if (context.options.json) {
    context.out << findings_document(findings) << '\n';
  } else {
    print_findings(context, findings);
  }
  return count_of(findings, Level::error) == 0 ? kDone : kFailed;
}

Result<int> diff_catalog_files(Context& context, const std::string& folder) {
  BERTH_TRY(const CatalogFiles in_use, files_in_use(context));
  BERTH_TRY(const CatalogFiles files, CatalogFiles::of_folder(folder));
  const std::vector<CatalogChange> changes =
      diff_catalogs(in_use.as_files(), files.on_top_of(in_use.as_files()));
  if (context.options.json) {
    context.out << changes_document(changes) << '\n';
    return kDone;
  }
  for (const CatalogChange& change : changes) {
    context.out << printable(
                       fmt::format("{} {}: {}{}{}", mark_of(change.kind), change.file, change.row,
                                   change.fields.empty() ? "" : "  ", join(change.fields, "; ")),
                       kLongestLine)
                << '\n';
  }
  if (changes.empty()) {
    context.messages.note("no row is different");
  }
  return kDone;
}

}  // namespace berth::cli
