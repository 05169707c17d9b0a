// The smallest conflict by hitting sets (Ignatiev and others, "Smallest MUS extraction", 2015): a
// set of facts that is served can be grown until it cannot; of what is then left out, every
// conflict has at least one. So the smallest set that meets all such rests is a conflict, or is
// served and gives another rest.
#include "resolver/smallest_conflict.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace berth::resolver {

namespace {

// That something is wanted at all says little beside what is demanded of it.
unsigned cost_of_blaming(const Fact& fact) {
  constexpr unsigned kFact = 1000;
  switch (fact.kind) {
    case Fact::Kind::wanted:
      return kFact / 4;
    case Fact::Kind::line:
      return kFact;
    case Fact::Kind::gpu:
      return kFact + 1;
    case Fact::Kind::driver:
      return kFact + 2;
    case Fact::Kind::cuda:
      return kFact + 3;
    case Fact::Kind::python:
      return kFact + 4;
    case Fact::Kind::source:
      return kFact + 5;
    case Fact::Kind::devel:
      return kFact + 6;
    case Fact::Kind::architecture:
      return kFact + 7;
  }
  return kFact;
}

class HittingSet {
 public:
  HittingSet(const std::vector<Fact>& facts, const std::vector<FactSet>& sets) : sets_(sets) {
    for (const Fact& fact : facts) {
      costs_.push_back(cost_of_blaming(fact));
    }
  }

  FactSet cheapest() {
    search(0, 0);
    return best_;
  }

 private:
  void search(FactSet chosen, unsigned cost) {
    if (cost > best_cost_) {
      return;
    }
    const auto missed =
        std::find_if(sets_.begin(), sets_.end(), [&](FactSet set) { return (set & chosen) == 0; });
    if (missed == sets_.end()) {
      if (cost < best_cost_ || chosen < best_) {
        best_ = chosen;
        best_cost_ = cost;
      }
      return;
    }
    for (std::size_t i = 0; i < costs_.size(); ++i) {
      if (const FactSet fact = FactSet{1} << i; (*missed & fact) != 0) {
        search(chosen | fact, cost + costs_[i]);
      }
    }
  }

  const std::vector<FactSet>& sets_;
  std::vector<unsigned> costs_;
  FactSet best_ = std::numeric_limits<FactSet>::max();
  unsigned best_cost_ = std::numeric_limits<unsigned>::max();
};

// All that can be added without losing the last answer, what is blamed first before the rest.
FactSet grown(FactSet kept, const Facts& facts, const Exclusions& exclusions) {
  for (FactSet rest = facts.all() & ~kept; rest != 0; rest &= rest - 1) {
    const FactSet more = kept | (rest & (~rest + 1));
    kept = exclusions.solvable(more) ? more : kept;
  }
  return kept;
}

// Facts that can go one after the other without giving an answer: not the fewest, but each needed.
FactSet reduced(const Facts& facts, const Exclusions& exclusions) {
  FactSet kept = facts.all();
  for (FactSet rest = kept; rest != 0; rest &= rest - 1) {
    const FactSet fewer = kept & ~(rest & (~rest + 1));
    kept = exclusions.solvable(fewer) ? kept : fewer;
  }
  return kept;
}

}  // namespace

FactSet smallest_conflict(const Facts& facts, const Exclusions& exclusions) {
  constexpr std::size_t kMostRounds = 64;
  std::vector<FactSet> rests;
  for (std::size_t round = 0; round < kMostRounds; ++round) {
    const FactSet chosen = HittingSet(facts.list(), rests).cheapest();
    if (!exclusions.solvable(chosen)) {
      return chosen;
    }
    rests.push_back(facts.all() & ~grown(chosen, facts, exclusions));
  }
  return reduced(facts, exclusions);
}

FactSet smallest_change(const Facts& facts, const Exclusions& exclusions) {
  FactSet best = 0;
  unsigned best_cost = std::numeric_limits<unsigned>::max();
  const std::vector<Fact>& list = facts.list();
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (std::size_t j = i; j < list.size(); ++j) {
      if (list[i].kind == Fact::Kind::wanted || list[j].kind == Fact::Kind::wanted) {
        continue;  // what is wanted is not given up
      }
      // Dear to blame, cheap to give up; and two are never less than one.
      const unsigned pair = i == j ? 0 : 10'000;
      const unsigned cost = pair + 4'000 - cost_of_blaming(list[i]) - cost_of_blaming(list[j]);
      const FactSet given_up = FactSet{1} << i | FactSet{1} << j;
      if (cost < best_cost && exclusions.solvable(facts.all() & ~given_up)) {
        best = given_up;
        best_cost = cost;
      }
    }
  }
  return best;
}

}  // namespace berth::resolver
