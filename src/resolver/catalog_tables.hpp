// The tables of each kind of catalogue file (docs/catalog.md), one function per kind.
#pragma once

#include "catalog_row.hpp"

namespace berth::detail {

// A file while it is read: its own level, what its rows share, and how many of them there were.
struct CatalogFileReader {
  CatalogRow& top;
  const CatalogFileContext& context;
  std::size_t rows = 0;

  // Calls `read(CatalogRow&)`, which returns a Result<void>, for each row of a table.
  template <class Read>
  Result<void> each_row(const char* table, Read read) {
    const JsonNode* array = top.array(table);
    if (!array) {
      return top.finish();
    }
    std::size_t index = 0;
    for (const JsonNode& object : array->items) {
      CatalogRow row(object, context, {table, index++});
      BERTH_CHECK(read(row));
    }
    rows += index;
    return {};
  }
};

// Each adds what its file says to the catalogue.
Result<void> read_cuda(CatalogFileReader& file, Catalog& catalog);
Result<void> read_cuda_requirements(CatalogFileReader& file, Catalog& catalog);
Result<void> read_drivers(CatalogFileReader& file, Catalog& catalog);
Result<void> read_gpus(CatalogFileReader& file, Catalog& catalog);
Result<void> read_framework(CatalogFileReader& file, Catalog& catalog);
Result<void> read_library(CatalogFileReader& file, Catalog& catalog);
Result<void> read_images(CatalogFileReader& file, Catalog& catalog);
Result<void> read_cuda_images(CatalogFileReader& file, Catalog& catalog);

// `wheels` of a file: the processors that its wheels are for, where a row says nothing of its own.
Result<Processors> read_processors(CatalogFileReader& file);
// Those of a row.
Processors processors_of(CatalogRow& row, const Fact& fact, const Processors& of_file);

// Text of a row whose key is there once already.
inline std::string twice(std::string_view what) {
  return std::string("`").append(what).append("` is there already");
}

}  // namespace berth::detail
