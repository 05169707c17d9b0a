// resolve(): reads the request, searches, and turns the outcome into a decision or an explained
// conflict.
#include "berth/resolver/resolve.hpp"

#include <spdlog/fmt/fmt.h>

#include "berth/resolver/free_gpus.hpp"
#include "resolver/conflict.hpp"
#include "resolver/decision.hpp"
#include "resolver/given_image.hpp"
#include "resolver/image_requirement.hpp"
#include "resolver/machine.hpp"
#include "resolver/newer_release.hpp"
#include "resolver/outcome.hpp"
#include "resolver/remedies.hpp"
#include "resolver/search.hpp"
#include "resolver/wanted.hpp"

namespace berth {

namespace {

using namespace resolver;

Result<Decision> decide(const ResolveRequest& request, const Host& host, const Catalog& catalog) {
  Result<Machine> machine = machine_for(request, host, catalog);
  if (!machine) {
    Error error = std::move(machine).error();
    for (std::string& hint : remedies(request, host, catalog)) {
      error.hint(std::move(hint));
    }
    return fail(std::move(error));
  }
  BERTH_TRY(const std::vector<World> worlds, worlds_of(request, catalog, machine->architecture));
  if (request.image) {
    return given_image_decision(request, worlds, host, *machine, catalog);
  }
  if (worlds.empty() && !request.cuda) {
    return fail(no_framework(request, catalog));
  }
  Search search(request, *machine, catalog);
  if (worlds.empty()) {
    search.run_without_framework();
  } else {
    search.run(worlds);
  }
  if (search.satisfying().empty()) {
    const std::vector<Wanted> newer = newer_than_catalogue(worlds);
    if (!newer.empty() && request.cuda) {  // who names the CUDA decides
      Result<Decision> decision =
          resolve(without_frameworks(request, newer, catalog), host, catalog);
      if (!decision) {
        return fail(naming_newer_releases(std::move(decision).error(), newer));
      }
      add_newer_releases(*decision, newer, catalog);
      return decision;
    }
    if (!newer.empty()) {
      return fail(newer_release_error(newer, request, host, catalog));
    }
    return fail(conflict(search, worlds, request, host, *machine, catalog));
  }
  return decision_from(search, request, *machine);
}

}  // namespace

Result<Decision> resolve(const ResolveRequest& request, const Host& host, const Catalog& catalog) {
  const FreeChoice choice =
      choice_of_free(request, host, [&catalog](const ResolveRequest& asked, const Host& offered) {
        return !outcome_of(asked, offered, catalog).image.empty();
      });
  BERTH_TRY(Decision decision, decide(request, choice.host, catalog));
  suppose_requirement(decision, choice.host, catalog);
  if (!choice.warning.empty()) {
    decision.warnings.push_back(choice.warning);
  }
  return decision;
}

}  // namespace berth
