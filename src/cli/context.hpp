// Context: the surroundings that a verb works in. Made once in main, passed down; tests make their
// own.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "berth/base/result.hpp"
#include "berth/resolver/catalog.hpp"
#include "berth/spec/gather.hpp"
#include "cli/messages.hpp"
#include "cli/terminal.hpp"

namespace spdlog {
class logger;
}

namespace berth::cli {

enum class ColorMode { automatic, always, never };

// Options that every verb takes, before or after its name.
struct GlobalOptions {
  bool json = false;
  bool quiet = false;
  int verbosity = 0;  // 1: decisions, 2: every engine call, too; on standard error
  ColorMode color = ColorMode::automatic;
  std::optional<std::string> engine{};   // --engine URL
  std::optional<std::string> context{};  // --context NAME, docker's
  std::optional<std::filesystem::path>
      catalog{};  // --catalog DIR: files there replace embedded ones of their name
};

struct CatalogInUse {
  Catalog catalog;
  std::string folder;  // empty: embedded in the binary
};

struct Context {
  GlobalOptions options;
  std::ostream& out;         // the answer
  Messages& messages;        // everything else: errors, warnings, notes; on standard error
  const Terminal& terminal;  // of standard output; that of standard error is messages.terminal()
  spec::Surroundings surroundings;
  std::shared_ptr<spdlog::logger>
      log;  // level info: decisions; debug: engine calls; off without -v

  // What --catalog or BERTH_CATALOG puts on top of the embedded catalogue; else the installed one,
  // where it is newer than the embedded one. A broken installed one is told in a warning.
  Result<CatalogInUse> catalog_in_use() const;
  Result<Catalog> catalog() const;  // the facts alone
};

}  // namespace berth::cli
