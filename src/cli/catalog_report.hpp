// What `berth catalog` shows: the catalogue by topic, as tables and as JSON (schema
// berth/catalog/1).
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/resolver/catalog.hpp"
#include "cli/columns.hpp"

namespace berth::cli {

struct CatalogQuery {
  std::string topic{};    // a framework, "images", "gpus", "drivers", "cuda"; empty: an overview
  std::string release{};  // of a framework: that release in full
  // Of images only.
  std::optional<std::string> framework{};
  std::optional<std::string> cuda{};
  std::optional<std::string> evidence{};
};

// A table of the answer, and each of its rows as it stands in the JSON document.
struct CatalogSection {
  std::string name{};  // the document's key: "images"
  std::vector<Cells> table{};
  std::vector<std::string> objects{};  // JSON text of each row, without the heading
  std::vector<std::string> remarks{};  // lines below the table
};

struct CatalogReport {
  std::string topic{};    // as asked for, "overview" without
  std::string version{};  // of the catalogue
  std::vector<CatalogSection> sections{};
};

// Errors:
//   Errc::usage      no such topic, or a filter that its topic does not have
//   Errc::not_found  no such release
Result<CatalogReport> make_catalog_report(const Catalog& catalog, const CatalogQuery& query);

void print_catalog(std::ostream& out, const Terminal& terminal, const CatalogReport& report);
std::string catalog_document(const CatalogReport& report);

}  // namespace berth::cli
