// Variants: the releases of a wanted framework, each built for one CUDA, with what the rules say of
// each.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "berth/model/plan.hpp"
#include "berth/resolver/catalog.hpp"
#include "resolver/gpu_rules.hpp"
#include "resolver/machine.hpp"
#include "resolver/wanted.hpp"

namespace berth::resolver {

// The name of a build without CUDA, as the catalogue has it.
inline constexpr std::string_view kCpuBuild = "cpu";
bool is_cpu_build(const FrameworkBuild& build);

struct Variant {
  const Wanted* wanted = nullptr;
  const FrameworkRelease* release =
      nullptr;  // none: an image's own version that the catalogue has no row for
  const FrameworkBuild* build = nullptr;
  pep440::Version version;
  std::string version_text;
  std::size_t newer = 0;           // catalogue releases that are newer
  bool companion_unknown = false;  // nobody says whether the companions asked for go with it
  std::vector<GpuFit> gpus{};      // in the machine's order
  // Of each wanted library, the releases that go with the build, whatever the Python.
  std::vector<std::vector<const WantedLibrary::Accepted*>> libraries{};
  bool jit = false;  // for one of the GPUs its PTX must be compiled
  std::vector<Reason> rejected{};

  bool is_known() const;     // else one of NVIDIA's containers, whose release nobody has told
  std::string name() const;  // "torch 2.3.1 (cu121)"
};

// What the rules need besides a framework.
struct Circumstances {
  const ResolveRequest& request;
  const Machine& machine;
  const Catalog& catalog;
  // Whether anybody reads why something is refused. Where only the answer counts, as in a remedy
  // that is tried, the first reason is enough, and has no words: they are half of a search's time.
  bool explains = true;

  template <class Text>
  Reason reason(std::string_view rule, const Text& text, const std::string& source) const {
    return explains ? Reason{std::string(rule), text(), source} : Reason{std::string(rule), {}, {}};
  }
  bool is_decided(const std::vector<Reason>& rejected) const {
    return !explains && !rejected.empty();
  }
};

// NVIDIA's containers are pre-releases by their number, and of some nobody knows more than the tag:
// both are for those who ask for them.
bool ngc_is_asked(const ResolveRequest& request);

// Releases whose version satisfies the lines, with all their builds.
std::deque<Variant> variants_of(const Wanted& wanted, const Circumstances& given);

// A variant for what an image holds, judged like the others. `build` must outlive it.
Variant variant_in_image(const Wanted& wanted, const FrameworkRelease* release,
                         const std::string& version_text, const pep440::Version& version,
                         const FrameworkBuild& build, const Circumstances& given);

// Whether a CUDA is of the series asked for; a patch that one of them does not state is not
// compared.
bool agrees(const CudaVersion& asked, const CudaVersion& have);

}  // namespace berth::resolver
