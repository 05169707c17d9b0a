// Environments as people and scripts read them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <vector>

#include "cli/environment_list.hpp"
#include "cli/environment_prune.hpp"
#include "cli/environment_rebuild.hpp"
#include "cli/terminal.hpp"

namespace berth::cli {

nlohmann::ordered_json environment_json(const KnownEnvironment& known);
// With its whole recipe.
nlohmann::ordered_json environment_document(const KnownEnvironment& known);
void print_environments(std::ostream& out, const Terminal& terminal,
                        const std::vector<KnownEnvironment>& environments);
void print_environment(std::ostream& out, const KnownEnvironment& known);

// What became of a prune.
struct Pruned {
  PrunePlan plan{};
  std::vector<std::string> failures{};         // "4f3a…: …", of what could not be removed
  bool cache = false;                          // whether the cache goes, too
  std::optional<std::uint64_t> cache_bytes{};  // absent: not known, or there is none
  bool dry_run = false;
};
nlohmann::ordered_json pruned_document(const Pruned& pruned);
void print_pruned(std::ostream& out, const Terminal& terminal, const Pruned& pruned);

nlohmann::ordered_json rebuilt_document(const KnownEnvironment& known, const Rebuilt& rebuilt);
void print_rebuilt(std::ostream& out, const KnownEnvironment& known, const Rebuilt& rebuilt);

}  // namespace berth::cli
