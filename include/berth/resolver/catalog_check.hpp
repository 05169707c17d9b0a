// Care for the catalogue's files: what is wrong or missing in them, and what differs between two
// sets of them. Pure: the callers read the files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "berth/base/embedded.hpp"

namespace berth {

struct CatalogFinding {
  enum class Level {
    error,    // the facts contradict each other, or cannot be read
    warning,  // something is missing or of no use
    note,     // may well be so; worth a look where a release is new
  };
  Level level = Level::error;
  std::string code{};  // stable: "source-unused", "image-twice", …
  std::string file{};  // "torch.json"
  std::string row{};   // "builds[12]"; empty: the file as a whole
  std::string text{};
};
std::string_view name_of(CatalogFinding::Level level);

// In the order of files and rows. A file that cannot be read is one finding, and the others are
// judged all the same, but for what may be in that file; what many rows say alike is one finding.
// `today` is "2026-11-23"; empty: dates in the future are not looked for. What is checked:
// docs/catalog.md, "Checking".
std::vector<CatalogFinding> check_catalog(const std::vector<EmbeddedFile>& files,
                                          const std::string& today = {});

struct CatalogChange {
  enum class Kind { added, removed, changed };
  Kind kind = Kind::changed;
  std::string file{};
  std::string row{};                  // by what identifies it: "builds 2.3.1 cu121"
  std::vector<std::string> fields{};  // "cudnn: 8.9.2 -> 9.1.0"; empty where the row came or went
};
std::string_view name_of(CatalogChange::Kind kind);

// Rows are the same by what identifies them, wherever they stand. Files that only one side has are
// told row by row. Files that are no JSON are left out: check_catalog() tells of them.
std::vector<CatalogChange> diff_catalogs(const std::vector<EmbeddedFile>& before,
                                         const std::vector<EmbeddedFile>& after);

}  // namespace berth
