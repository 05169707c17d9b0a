#include "resolver/outcome.hpp"

#include "resolver/given_image.hpp"
#include "resolver/known_conflict.hpp"
#include "resolver/machine.hpp"
#include "resolver/search.hpp"
#include "resolver/wanted.hpp"

namespace berth::resolver {

Outcome outcome_of(const ResolveRequest& request, const Host& host, const Catalog& catalog,
                   const Framework* framework) {
  Outcome outcome;
  const Result<Machine> machine = machine_for(request, host, catalog);
  if (!machine) {
    return outcome;
  }
  const Result<std::vector<World>> worlds = worlds_of(request, catalog, machine->architecture);
  if (!worlds) {
    return outcome;
  }
  Search search(request, *machine, catalog, Search::Reasons::none);
  if (request.image) {
    const ImageTag* image = find_image(catalog, request.image->value);
    if (image == nullptr) {
      outcome.image = request.image->value;  // unknown, and taken as it is
      return outcome;
    }
    search.run_on(*image, *worlds);
  } else if (worlds->empty()) {
    search.run_without_framework();
  } else {
    search.run(*worlds);
  }
  outcome.drivers = drivers_missed(search);
  for (const Option& option : search.satisfying()) {
    for (const Variant* variant : option.variants) {
      if (variant->wanted->framework == framework) {
        outcome.versions.push_back(variant->version);
      }
    }
  }
  if (!search.satisfying().empty()) {
    const Option& best = search.satisfying().front();
    outcome.image = best.image->reference();
    for (const Variant* variant : best.variants) {
      outcome.frameworks.push_back(variant->name());
    }
  }
  return outcome;
}

}  // namespace berth::resolver
