#include "berth/resolver/image_rules.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "berth/base/bytes.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "resolver/given_image.hpp"
#include "resolver/image_requirement.hpp"

namespace berth {

namespace {

using namespace resolver;
using Outcome = RequireVerdict::Outcome;

constexpr std::uint64_t kUnpackedFactor = 2;
constexpr std::size_t kLongestImage = 300;

// The CUDA that the image says it has: of nvidia/cuda (CUDA_VERSION, 12.4.1) and of its packages
// (NV_CUDA_LIB_VERSION, 12.4.1-1).
std::optional<CudaVersion> cuda_in(const ImageFacts& facts) {
  for (const char* name : {"CUDA_VERSION", "NV_CUDA_LIB_VERSION"}) {
    if (const std::optional<std::string> value = value_in(facts.environment, name)) {
      if (const auto cuda = CudaVersion::parse(value->substr(0, value->find('-')))) {
        return cuda;
      }
    }
  }
  return std::nullopt;
}

class Rules {
 public:
  Rules(Decision& decision, const ImageUse& use, const Host& host, const Catalog& catalog)
      : decision_(decision),
        facts_(*decision.image_facts),
        use_(use),
        host_(host),
        catalog_(catalog),
        machine_(require_facts(decision, host, catalog)),
        cuda_(cuda_in(facts_)) {}

  Result<void> apply() {
    tell_facts();
    compare_cuda();
    BERTH_CHECK(judge_requirement());
    BERTH_CHECK(judge_cuda());
    judge_gpus();
    return judge_space();
  }

 private:
  void warn(std::string text) { decision_.warnings.push_back(std::move(text)); }
  void reason(std::string rule, std::string text) {
    decision_.reasons.push_back(
        {std::move(rule), std::move(text), std::string("the image itself")});
  }
  const std::string& image() const { return decision_.image; }

  void tell_facts() {
    std::string text = fmt::format(
        "{} ({})", facts_.digest.empty() ? facts_.id : facts_.digest,
        facts_.from == ImageFacts::From::engine ? "the engine has it" : "asked of its registry");
    if (facts_.download_bytes) {
      text += fmt::format(", {} to download", format_bytes(*facts_.download_bytes));
    }
    reason("image-asked", std::move(text));
  }

  void compare_cuda() {
    if (!cuda_) {
      return;
    }
    const std::optional<CudaVersion> believed = CudaVersion::parse(decision_.cuda);
    if (!believed) {
      decision_.cuda = cuda_->major_minor();
      reason("image-cuda", fmt::format("the image says that it has CUDA {}", cuda_->text()));
    } else if (!believed->covers(*cuda_)) {
      warn(
          fmt::format("{} says that it has CUDA {}, the catalogue says {}: what was decided by "
                      "its CUDA may be wrong",
                      image(), cuda_->text(), believed->text()));
    }
  }

  bool needs_minor_compatibility() const {
    return decision_.driver.mode == DriverMode::minor ||
           (cuda_ && machine_.cuda && *machine_.cuda < CudaVersion::parse(cuda_->major_minor()));
  }

  // Whether this driver runs the image's code, whatever the image demands. Unknown: nobody knows
  // its CUDA.
  std::optional<bool> code_runs() const {
    if (find_image(catalog_, image()) != nullptr) {
      return true;  // resolve() has refused what does not
    }
    if (!cuda_ || !machine_.driver || !machine_.cuda) {
      return std::nullopt;
    }
    const std::optional<DriverVersion> floor = catalog_.minor_driver(*cuda_);
    return CudaVersion::parse(cuda_->major_minor()) <= machine_.cuda ||
           (floor && *floor <= *machine_.driver);
  }

  Result<void> judge_requirement() {
    forget_supposition();
    if (decision_.driver.mode == DriverMode::none) {
      return {};
    }
    std::vector<std::string> environment = facts_.environment;
    environment.insert(environment.end(), use_.environment.begin(), use_.environment.end());
    const RequireVerdict verdict = check_nvidia_require(environment, machine_);
    if (verdict.outcome == Outcome::satisfied) {
      return {};
    }
    const std::string demand =
        fmt::format("{} demands `{}` ({})", printable(image(), kLongestImage),
                    printable(verdict.condition), printable(verdict.variable));
    if (use_.require_check == RequireCheck::none) {
      reason("image-requirement", demand + ", which this engine does not check");
      return {};
    }
    if (verdict.outcome == Outcome::malformed) {
      warn(demand + ", which is no condition: NVIDIA's runtime hook may refuse to start it");
      return {};
    }
    const bool certain =
        verdict.outcome == Outcome::unsatisfied && use_.require_check == RequireCheck::made;
    if (certain && use_.to_be_pulled && code_runs() == false) {
      return fail(refusal(demand, verdict));
    }
    warn(fmt::format("{}, and {} {}: the engine {} to start it; {}", demand, lacking(verdict),
                     verdict.shortfall, certain ? "will refuse" : "may refuse",
                     what_helps(verdict)));
    return {};
  }

  static std::string_view lacking(const RequireVerdict& verdict) {
    return verdict.outcome == Outcome::unclear ? "it depends on" : "this machine fails";
  }

  // An image is often stricter than the code in it: it was not asked whether minor-version
  // compatibility would do.
  std::string what_helps(const RequireVerdict& verdict) const {
    const std::string lets_start = "`-e NVIDIA_DISABLE_REQUIRE=1` lets it start";
    const std::optional<bool> runs = verdict.of_gpu ? std::nullopt : code_runs();
    if (!runs) {
      return lets_start + ", and whether its code runs here is not known";
    }
    if (*runs) {
      return lets_start + ", and its code runs " +
             (needs_minor_compatibility() ? "by minor-version compatibility" : "here");
    }
    const std::optional<DriverVersion> minor = catalog_.minor_driver(*cuda_);
    const auto lowest = minor ? minor : catalog_.native_driver(*cuda_);
    return lowest ? fmt::format("its code needs driver {} or newer, too", lowest->text())
                  : std::string("its code needs a newer driver, too");
  }

  // The driver against the image's own word, where the catalogue could not judge it.
  Result<void> judge_cuda() {
    const std::optional<bool> runs = code_runs();
    if (!runs || decision_.driver.mode != DriverMode::unknown) {
      return {};
    }
    const bool native = CudaVersion::parse(cuda_->major_minor()) <= machine_.cuda;
    decision_.driver.required =
        native ? catalog_.native_driver(*cuda_) : catalog_.minor_driver(*cuda_);
    if (*runs) {
      decision_.driver.mode = native ? DriverMode::native : DriverMode::minor;
      return {};
    }
    Error error = does_not_run();
    if (use_.to_be_pulled && !may_run_by_compat()) {
      return fail(std::move(error).named("image-cuda"));
    }
    warn(fmt::format("{}: {}", error.message, join(error.notes, "; ")));
    return {};
  }

  Error does_not_run() const {
    Error error{Errc::no_solution, fmt::format("`{}` does not run on this driver", image())};
    error.note(
        fmt::format("it says that it has CUDA {}, and {}", cuda_->text(), driver_offer(machine_)));
    const std::optional<DriverVersion> minor = catalog_.minor_driver(*cuda_);
    if (const auto lowest = minor ? minor : catalog_.native_driver(*cuda_)) {
      error.note(
          fmt::format("driver {} is the lowest that runs CUDA {}", lowest->text(), cuda_->text()));
    }
    error.hint("`berth resolve …` chooses an image for this driver");
    return error;
  }

  // cuda-compat in the image helps on data-centre GPUs, and nobody has looked whether it is there.
  bool may_run_by_compat() const {
    return std::any_of(catalog_.forward_compatibility.begin(), catalog_.forward_compatibility.end(),
                       [this](const ForwardCompatibility& row) {
                         return row.driver_branch == machine_.driver->major() &&
                                row.verdict == ForwardCompatibility::Verdict::compatible &&
                                row.cuda.major_minor() == cuda_->major_minor();
                       });
  }

  // Of an image that the catalogue does not know nobody knows the code. What its CUDA cannot have
  // made can run by PTX at best.
  void judge_gpus() {
    if (!cuda_ || find_image(catalog_, image()) != nullptr) {
      return;
    }
    const auto range =
        std::find_if(catalog_.coverage.begin(), catalog_.coverage.end(),
                     [this](const CudaCoverage& row) { return row.cuda.covers(*cuda_); });
    for (const GpuVerdict& gpu : decision_.gpus) {
      const bool outside =
          range != catalog_.coverage.end() && gpu.compute_capability &&
          (*gpu.compute_capability < range->min || *gpu.compute_capability > range->max);
      if (outside) {
        warn(
            fmt::format("{} has CUDA {}, which makes code for compute capability {} to {}; {} has "
                        "{}{}",
                        image(), cuda_->text(), range->min.text(), range->max.text(), gpu.name,
                        gpu.compute_capability->text(),
                        *gpu.compute_capability > range->max ? ": it can run by PTX at best"
                                                             : ": it cannot run"));
      }
    }
  }

  void forget_supposition() {
    std::erase(decision_.warnings, decision_.supposed_requirement);
    decision_.supposed_requirement.clear();
  }

  Error refusal(const std::string& demand, const RequireVerdict& verdict) const {
    Error error = does_not_run();
    error.note(
        fmt::format("{}, and this machine fails {}: NVIDIA's runtime hook refuses to start it",
                    demand, verdict.shortfall));
    return std::move(error).named("image-requirement");
  }

  Result<void> judge_space() {
    if (!facts_.download_bytes || !host_.free_disk_bytes ||
        pull_space(*facts_.download_bytes) <= *host_.free_disk_bytes) {
      return {};
    }
    const std::string place = host_.engine ? host_.engine->storage_root : std::string("its folder");
    Error error{Errc::engine_failed,
                fmt::format("the engine's disk has no room for `{}`", image())};
    error.note(fmt::format("about {} are needed: {} to download, and about twice as much unpacked",
                           format_bytes(pull_space(*facts_.download_bytes)),
                           format_bytes(*facts_.download_bytes)));
    error.note(fmt::format("{} are free in {}", format_bytes(*host_.free_disk_bytes), place));
    error.hint("`docker system df` shows what takes the space, `docker image prune` frees some");
    error.hint("`berth run --offline …` pulls it without this check");
    if (use_.to_be_pulled) {
      return fail(std::move(error).named("disk-full"));
    }
    warn(fmt::format("{}: {}; {}", error.message, error.notes[0], error.notes[1]));
    return {};
  }

  Decision& decision_;
  const ImageFacts& facts_;
  const ImageUse& use_;
  const Host& host_;
  const Catalog& catalog_;
  const RequireFacts machine_;
  const std::optional<CudaVersion> cuda_;
};

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto ends = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(ends.first - a.begin());
}

}  // namespace

Result<void> apply_image_facts(Decision& decision, ImageFacts facts, const ImageUse& use,
                               const Host& host, const Catalog& catalog) {
  decision.image_facts = std::move(facts);
  return Rules(decision, use, host, catalog).apply();
}

std::uint64_t pull_space(std::uint64_t download_bytes) {
  return download_bytes * (1 + kUnpackedFactor);
}

Catalog without_image(Catalog catalog, const std::string& reference) {
  std::vector<ImageTag>& images = catalog.images.edit();  // before one of them is looked up
  const ImageTag* image = find_image(catalog, reference);
  for (ImageTag& other : images) {
    if (&other == image) {
      other.evidence = Evidence::withdrawn;
    }
  }
  return catalog;
}

std::string nearest_image(const Catalog& catalog, const std::string& reference) {
  std::vector<std::string> live;
  const std::string repository = reference.substr(0, reference.rfind(':') + 1);
  for (const ImageTag& image : catalog.images) {
    if (image.evidence != Evidence::withdrawn && image.evidence != Evidence::inferred &&
        image.reference().starts_with(repository)) {
      live.push_back(image.reference());
    }
  }
  // Of equally near ones that which differs latest: the release counts for more than the suffix.
  std::stable_sort(live.begin(), live.end(),
                   [&reference](const std::string& a, const std::string& b) {
                     return common_prefix(a, reference) > common_prefix(b, reference);
                   });
  if (const std::optional<std::string> typed = nearest(reference, live)) {
    return *typed;
  }
  const bool something_in_common =
      !live.empty() && common_prefix(live.front(), reference) > repository.size();
  return something_in_common ? live.front() : std::string();
}

}  // namespace berth
