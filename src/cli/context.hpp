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

struct Context {
  GlobalOptions options;
  std::ostream& out;         // the answer
  Messages& messages;        // everything else: errors, warnings, notes; on standard error
  const Terminal& terminal;  // of standard output; that of standard error is messages.terminal()
  spec::Surroundings surroundings;
  std::shared_ptr<spdlog::logger>
      log;  // level info: decisions; debug: engine calls; off without -v

  // The embedded catalogue, or what --catalog or BERTH_CATALOG puts in its place.
  Result<Catalog> catalog() const;
};

}  // namespace berth::cli
