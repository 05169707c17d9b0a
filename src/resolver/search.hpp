// The search: every image that could serve the request, judged and ranked. Nothing is chosen here;
// the best of the satisfying options is the decision.
#pragma once

#include <compare>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "berth/model/plan.hpp"
#include "berth/resolver/catalog.hpp"
#include "resolver/base_image.hpp"
#include "resolver/driver_rules.hpp"
#include "resolver/install_rules.hpp"
#include "resolver/machine.hpp"
#include "resolver/python_rules.hpp"
#include "resolver/variants.hpp"
#include "resolver/wanted.hpp"

namespace berth::resolver {

// The order of preference, most important first; the smaller the better (docs/resolver.md,
// "Order").
struct Rank {
  bool away = false;     // where local images are preferred: it is not one
  bool forward = false;  // forward compatibility is the last resort
  bool companion_unknown =
      false;                   // torchaudio is asked for, and has no release known for that torch
  bool cudnn_clash = false;    // frameworks of different cuDNN majors in one image
  std::size_t newer = 0;       // releases given up
  int source = 0;              // official, ngc, cuda-base
  bool devel = false;          // compilers that nobody asked for
  bool other_purpose = false;  // a CUDA image where the CPU is asked for, or the reverse
  bool unseen = false;         // nobody was seen using the tag or another one of its build
  bool not_default = false;    // not the build that the project itself prefers
  bool minor = false;          // minor-version compatibility, not native
  int cuda = 0;                // the highest
  bool inferred = false;       // the tag follows from a naming rule alone
  bool python_unknown = false;
  int python = 0;          // the highest
  bool elsewhere = false;  // the engine does not have the image
  int evidence = 0;
  int cuda_patch = 0;
  int ubuntu = 0;
  int month = 0;               // of NVIDIA's containers, the newest
  std::size_t tag_length = 0;  // the plain tag before its -jupyter sibling
  std::string reference{};

  auto operator<=>(const Rank&) const = default;
};

// A library's release that goes with the option's framework.
struct ChosenLibrary {
  const WantedLibrary* wanted = nullptr;
  const LibraryRelease* release = nullptr;
  std::string version_text{};
};

// An image with the frameworks in it or to be installed on it.
struct Option {
  const ImageTag* image = nullptr;  // none: a build for which no CUDA base image is left
  ImageSource source = ImageSource::official;
  std::vector<const Variant*> variants{};  // one per framework, by name
  std::vector<ChosenLibrary> libraries{};  // to be installed
  std::optional<CudaVersion> cuda{};
  std::string cudnn{};
  std::string python{};
  bool is_systems_python = false;  // to be installed, from the packages of the base image's system
  DriverFit driver{};
  std::vector<GpuFit> gpus{};  // in the machine's order; of the first framework
  std::vector<std::string> warnings{};
  std::vector<Reason> rejected{};  // empty: it satisfies the request
  bool here = false;               // the engine has the image
  Rank rank{};
};

// `option` has variants.
const Variant& lead_of(const Option& option);

// Nothing of what is wanted has to be fetched for it but libraries: the engine has the image, and
// the frameworks are in it.
bool is_complete_here(const Option& option);

// Builds that can live in one image.
struct Group {
  CudaGroup cuda;
  unsigned cudnn = 0;        // the major in the image; 0: any will do
  bool shares_cudnn = true;  // also those that bring their own are of it

  bool holds(const Variant& variant) const;
};

// Whether builds for the CPU are installed on a base image.
bool takes_cpu_builds(const World& world, const Machine& machine);

class Search {
 public:
  enum class Reasons { in_words, none };  // of what is rejected

  // All arguments must outlive the search.
  Search(const ResolveRequest& request, const Machine& machine, const Catalog& catalog,
         Reasons reasons = Reasons::in_words);

  void run(const std::vector<World>& worlds);
  // One image that was given: its frameworks are judged, wanted or not, and nothing else is
  // considered.
  void run_on(const ImageTag& image, const std::vector<World>& worlds);
  // CUDA images for a request without any framework: the series that --cuda asks for.
  void run_without_framework();

  // Best first.
  const std::vector<Option>& satisfying() const { return satisfying_; }
  const std::vector<Option>& rejected() const { return rejected_; }
  // Of all worlds, also those in no option.
  const std::deque<Variant>& variants() const { return variants_; }
  const BaseImages& base_images() const { return base_images_; }

 private:
  using Choice = std::vector<const Variant*>;

  void add_framework_images(const World& world, const std::vector<Choice>& known);
  void add_framework_image(const World& world, const std::vector<Choice>& known,
                           const ImageTag& image);
  const Variant* variant_for(const Wanted& wanted, const Choice& known, const ImageTag& image);
  const Variant* best_beside(const ImageTag& image, const Choice& known) const;
  const Variant* own_variant(const Wanted& wanted, const ImageTag& image);
  const Variant* given_variant(const Wanted& wanted, const ImageTag& image);
  void add_cuda_bases(const World& world, const std::vector<Choice>& known);
  void add_shared_cuda_bases(const World& world, const std::vector<Choice>& known);
  bool driver_runs(const Variant& variant) const;
  const Variant* best_in(const Group& group, const Choice& variants,
                         const PythonVersion& python) const;
  // That the request and the world accept, ascending; and the libraries of these builds.
  std::vector<PythonVersion> pythons_in(const World& world) const;
  std::vector<PythonVersion> pythons_for(const World& world, const Choice& chosen) const;
  const BaseChoice& base_for(const CudaVersion& cuda, unsigned cudnn, bool brings_cudnn);
  std::optional<std::string> python_on(const ImageTag* base, const World& world,
                                       const Choice& chosen) const;
  void judge_installation(Option& option) const;
  unsigned cudnn_for(Option& option, const Choice& chosen) const;
  void add_cuda_base(const World& world, Choice chosen);

  // In judge.cpp.
  void judge(Option& option, const World& world);
  void judge_image(Option& option) const;
  bool python_is_asked(const std::string& python);
  void judge_python(Option& option, const World& world);
  void judge_libraries(Option& option) const;
  // `variant` is null for the image itself.
  const DriverFit& driver_fit_for(const CudaVersion& cuda, bool compat, const Variant* variant);
  void judge_driver(Option& option);
  void judge_toolkit_alone(Option& option) const;
  void rank(Option& option) const;
  void add(Option option, const World& world);

  Circumstances given_;
  BaseImages base_images_;
  std::map<std::string, BaseChoice> bases_;  // wishes that were answered: many builds share them
  std::vector<PythonVersion> pythons_;       // that the request accepts, ascending
  // Answers that many options share: whether a Python is what is asked for, and what the driver
  // makes of a CUDA (major and minor; PTX to compile; cuda-compat; a build with a floor of its
  // own).
  std::map<std::string, bool> python_asked_;
  using DriverQuestionKey = std::tuple<unsigned, unsigned, bool, bool, const FrameworkBuild*>;
  std::map<DriverQuestionKey, DriverFit> driver_fits_;
  std::deque<Variant> variants_;       // addresses stay
  std::deque<World> worlds_;           // of an image that was given
  std::deque<FrameworkBuild> builds_;  // of images whose build the catalogue has no row for
  std::vector<Option> satisfying_;
  std::vector<Option> rejected_;
};

}  // namespace berth::resolver
