// resolve(): reads the request, searches, and turns the outcome into a decision or an explained
// conflict.
#include "berth/resolver/resolve.hpp"

#include <spdlog/fmt/fmt.h>

#include "resolver/conflict.hpp"
#include "resolver/decision.hpp"
#include "resolver/given_image.hpp"
#include "resolver/image_requirement.hpp"
#include "resolver/machine.hpp"
#include "resolver/newer_release.hpp"
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
      BERTH_TRY(Decision decision,
                resolve(without_frameworks(request, newer, catalog), host, catalog));
      add_newer_releases(decision, newer, catalog);
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
  BERTH_TRY(Decision decision, decide(request, host, catalog));
  suppose_requirement(decision, host, catalog);
  return decision;
}

}  // namespace berth
