// What is wanted: the frameworks among the requirements of a project, with all lines about each of
// them.
//
// Markers ask for the Python inside the image, which is what is to be chosen. So the Pythons are
// divided into worlds: in each the same lines apply. Nearly every project has one world.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/result.hpp"
#include "berth/model/request.hpp"
#include "berth/resolver/catalog.hpp"

namespace berth::resolver {

struct WantedLine {
  const RequirementLine* source = nullptr;
  // Of the line, or the version in the wheel's name where the line is `torch @ https://….whl`.
  pep440::SpecifierSet specifiers{};
  // Of a companion: whether some release of the framework fits the line. One that none fits decides
  // nothing.
  bool decides = true;
  // Of a companion: whether a release beyond those that are known may satisfy it; and whether no
  // release satisfies it together with another line about the same.
  bool is_open_above = true;
  bool contradicts = false;

  // Whether the version satisfies the line, as the build of that name (empty: as any); a local
  // version, ==2.0.1+cu118, demands one.
  bool accepts(const pep440::Version& version, std::string_view build, bool prereleases) const;
  // Whether one of its extras asks for another CUDA: jax[cuda12] for 12. Which one.
  std::optional<std::string> unserved_extra(const std::optional<CudaVersion>& cuda) const;
  std::string text() const;  // "`torch==2.3.1` (requirements.txt:3)"
};

// A library that is asked for beside its framework, with all lines about it.
struct WantedLibrary {
  // A release that all lines accept, and in which version: a row may stand for a series.
  struct Accepted {
    const LibraryRelease* release = nullptr;
    pep440::Version version{};
  };
  const Library* library = nullptr;
  std::vector<WantedLine> lines{};
  std::vector<Accepted> accepted{};  // newest first

  std::string specifiers() const;
  std::string origins() const;
  std::string text() const;
};

// The version that all lines accept of a release: its own, or of a whole series (docs/catalog.md)
// the highest patch that a line names, else its first. nullopt where they accept none.
std::optional<pep440::Version> version_in_row(const LibraryRelease& release,
                                              std::span<const WantedLine> lines);

struct Wanted {
  const Framework* framework = nullptr;
  std::vector<WantedLine> lines{};         // of the framework; all must hold
  std::vector<WantedLine> companions{};    // of its companions: torchvision==0.18.1
  std::vector<WantedLibrary> libraries{};  // by name

  // Specifiers and local versions of all lines. `build` may be empty: any.
  bool accepts(const pep440::Version& version, std::string_view build,
               bool prereleases = false) const;

  std::string specifiers() const;  // "==2.3.1"; empty where any release will do
  std::string origins() const;     // "requirements.txt:3"
  // "`torch==2.3.1` (requirements.txt:3)", several joined by "and".
  std::string text() const;
};

struct World {
  std::vector<Wanted> frameworks{};    // by name
  std::vector<std::string> pythons{};  // series that it is about; empty: all

  bool covers(std::string_view python) const;
  // Whether a line asks for a build for the CPU: torch==2.3.1+cpu, tensorflow-cpu.
  bool names_cpu_build() const;
};

// The worlds with at least one framework; none where no line names one that applies. The request
// must outlive them. Errc::not_found for an unknown name in `frameworks`.
Result<std::vector<World>> worlds_of(const ResolveRequest& request, const Catalog& catalog,
                                     const std::string& architecture);

// The framework that a companion (torchvision) is released with; null: it is none.
const Framework* framework_of_companion(const Catalog& catalog, std::string_view name);
// Whether a line of that name is about the framework or one of its companions.
bool is_about(std::string_view name, const Framework& framework, const Catalog& catalog);

// What a companion line makes of a release.
enum class CompanionFit { fits, unknown, differs };
CompanionFit companion_fit(const WantedLine& line, const FrameworkRelease& release,
                           std::string_view build);
// The same of an image's own build (NVIDIA's 2.4.0a0), which has companions of its own: one that is
// made for another release does not go with it.
CompanionFit companion_fit_in_image(const WantedLine& line, const Framework& framework,
                                    const pep440::Version& version);

}  // namespace berth::resolver
