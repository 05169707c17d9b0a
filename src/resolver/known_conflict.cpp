#include "resolver/known_conflict.hpp"

#include <algorithm>

namespace berth::resolver {

std::set<DriverVersion> drivers_missed(const Search& search) {
  std::set<DriverVersion> drivers;
  for (const Option& option : search.rejected()) {
    if (!option.driver.fits && option.driver.required && option.rejected.size() == 1) {
      drivers.insert(*option.driver.required);
    }
  }
  return drivers;
}

bool KnownConflict::is_hopeless_without(const std::function<bool(const Fact&)>& given_up) const {
  FactSet kept = 0;
  for (const Fact& fact : facts.list()) {
    if (!given_up(fact)) {
      kept |= facts.bit(fact.kind, fact.about, fact.index);
    }
  }
  return !exclusions.solvable(kept);
}

bool KnownConflict::is_hopeless_without(Fact::Kind kind) const {
  return is_hopeless_without([kind](const Fact& fact) { return fact.kind == kind; });
}

bool KnownConflict::is_hopeless_without_lines(const Framework& framework,
                                              const RequirementLine* kept) const {
  return is_hopeless_without([&](const Fact& fact) {
    return fact.kind == Fact::Kind::line && fact.thing == &framework &&
           (kept == nullptr ||
            static_cast<const RequirementLine*>(fact.about)->value.text() != kept->value.text());
  });
}

bool KnownConflict::is_hopeless_on(const Gpu& gpu) const {
  FactSet kept = 0;  // none where the question is not about that GPU
  for (std::size_t i = 0; i < machine.gpus.size(); ++i) {
    if (machine.gpus[i].index == gpu.index) {
      kept = facts.bit(Fact::Kind::gpu, nullptr, i);
    }
  }
  return is_hopeless_without([&](const Fact& fact) {
    return fact.kind == Fact::Kind::gpu && facts.bit(fact.kind, nullptr, fact.index) != kept;
  });
}

bool KnownConflict::is_hopeless_for(const std::vector<const Framework*>& frameworks) const {
  return is_hopeless_without([&](const Fact& fact) {
    switch (fact.kind) {
      case Fact::Kind::wanted:
        return std::find(frameworks.begin(), frameworks.end(), fact.about) == frameworks.end();
      case Fact::Kind::architecture:
      case Fact::Kind::driver:
      case Fact::Kind::gpu:
        return false;
      default:
        return true;
    }
  });
}

}  // namespace berth::resolver
