// What excludes what: every way to serve a question, with the facts that stand against each. From
// it follow the smallest set of facts that exclude each other, and the smallest change that would
// leave an answer.
//
// The search asks "what is the best?" of the whole question. Here the question is "is there any?"
// of each part of it, a few hundred times, so that the rules run once, without words, and what they
// said is kept as sets of facts.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "resolver/base_image.hpp"
#include "resolver/facts.hpp"
#include "resolver/install_rules.hpp"

namespace berth::resolver {

class Exclusions {
 public:
  // All arguments must outlive it.
  Exclusions(const ResolveRequest& request, const Machine& machine, const Catalog& catalog,
             const std::vector<World>& worlds, const Facts& facts);

  // Whether something serves the question with only these facts. A question that wants no framework
  // is always served.
  bool solvable(FactSet kept) const;

 private:
  // Excluded where all facts of any of these sets are kept. An empty set excludes always.
  using Exclusion = std::vector<FactSet>;
  struct Way {
    Exclusion excluded_by;
    std::vector<std::vector<Exclusion>> libraries;  // one release of each must be open

    friend bool operator==(const Way&, const Way&) = default;
  };
  using Ways = std::vector<Way>;
  struct Place {  // an image, or a CUDA base with a Python
    Exclusion excluded_by;
    std::vector<Ways> frameworks;  // by number of the framework
  };
  // A build that could serve a wanted framework.
  struct Candidate {
    const FrameworkRelease* release;
    const FrameworkBuild* build;
    pep440::Version version;
    bool version_known = true;
  };

  struct OnBase {
    const Wanted* wanted;
    Candidate candidate;
    Exclusion excluded_by;
  };
  struct Base {
    CudaGroup group;
    unsigned cudnn;  // the major in the image; 0: any
    PythonVersion python;
  };
  struct KnownLibrary {
    Exclusion none;                   // against doing without it
    std::vector<Exclusion> releases;  // in the order of the library's
  };
  // The facts each of which makes a framework wanted.
  struct WantedBy {
    FactSet always = 0;
    FactSet alone = 0;  // only where nothing else is wanted
  };

  static bool excluded(const Exclusion& exclusion, FactSet kept);
  static void add(Exclusion& exclusion, FactSet facts);
  static bool open(const Way& way, FactSet kept);

  void add_images(const World& world);
  void add_image(const World& world, const ImageTag& image);
  void add_bases(const World& world);
  void add_base_place(const World& world, const Exclusion& excluded_by, const Base& base,
                      const std::vector<OnBase>& builds);
  static std::set<unsigned> cudnns_in(const CudaGroup& group, const std::vector<OnBase>& builds);
  FactSet asking_for_framework(const WantedLibrary& wanted) const;
  std::vector<std::size_t> asked_for(FactSet kept, FactSet WantedBy::*by) const;
  Exclusion of_image(const ImageTag& image);
  const Exclusion& of_python(const std::string& python);
  Exclusion of_lines(const Wanted& wanted, const Candidate& candidate) const;
  Exclusion of_build(const Wanted& wanted, const Candidate& candidate) const;
  void know_library(const WantedLibrary& wanted);
  Exclusion of_library_release(const WantedLibrary& wanted, const LibraryRelease& release) const;
  Exclusion of_pins(const WantedLibrary& wanted) const;
  std::vector<std::vector<Exclusion>> of_libraries(
      const Wanted& wanted, const Candidate& candidate,
      const std::optional<PythonVersion>& python) const;
  Ways ways_beside(const Wanted& wanted, const ImageTag& image) const;
  void add_older_gpus(Exclusion& exclusion, const std::optional<ComputeCapability>& lowest) const;
  void add_other_processors(Exclusion& exclusion, const Processors& processors) const;
  void add_unknown_python(Exclusion& exclusion, const FrameworkRelease& release) const;
  void add_driver(Exclusion& exclusion, const CudaVersion& cuda, const FrameworkBuild* build,
                  bool holds_compat) const;
  void add_base(Exclusion& exclusion, const FrameworkBuild& build, bool brings_cudnn) const;
  Ways not_wanted() const { return {Way{}}; }
  std::size_t number_of(const Framework& framework);

  const ResolveRequest& request_;
  const Machine& machine_;
  const Catalog& catalog_;
  const Facts& facts_;
  BaseImages bases_;
  std::vector<PythonVersion> pythons_;  // that the catalogue knows, ascending
  std::map<std::string, Exclusion> by_python_;
  std::map<const WantedLibrary*, KnownLibrary> of_libraries_;  // only of those that decide
  std::vector<const Framework*> frameworks_;
  std::vector<WantedBy> wanted_by_;  // by number
  std::vector<Place> places_;
};

}  // namespace berth::resolver
