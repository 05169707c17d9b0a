// What is known of a question that failed: it spares the searches for a remedy that would find
// nothing.
#pragma once

#include <functional>
#include <set>
#include <vector>

#include "resolver/exclusions.hpp"
#include "resolver/search.hpp"

namespace berth::resolver {

// Drivers that options ask for which nothing else speaks against.
std::set<DriverVersion> drivers_missed(const Search& search);

struct KnownConflict {
  const Search& search;
  const Machine& machine;
  const Facts& facts;
  const Exclusions& exclusions;
  FactSet change = 0;  // the smallest that leaves an answer: one fact or two; empty: more

  // Whether nothing serves the question without the facts of which `given_up` says that they go. A
  // constraint that is replaced by another is at best as good as one that is gone.
  bool is_hopeless_without(const std::function<bool(const Fact&)>& given_up) const;
  bool is_hopeless_without(Fact::Kind kind) const;
  // Without the lines about a framework and its companions; but for `kept`, unless that is null.
  bool is_hopeless_without_lines(const Framework& framework, const RequirementLine* kept) const;
  // For that GPU of the host alone.
  bool is_hopeless_on(const Gpu& gpu) const;
  // For those frameworks on this machine, whatever else is asked for.
  bool is_hopeless_for(const std::vector<const Framework*>& frameworks) const;
};

}  // namespace berth::resolver
