#include "berth/resolver/nvidia_require.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"
#include "berth/model/image_facts.hpp"
#include "resolver/require_language.hpp"

namespace berth {

namespace {

using namespace resolver;
using Outcome = RequireVerdict::Outcome;

// All that the requirement tells apart, and one that it does not name.
std::vector<std::string> brands_told_apart(const Requirement& requirement) {
  std::set<std::string> brands = {"another"};
  for (const Conjunction& conditions : requirement.alternatives) {
    for (const Condition& condition : conditions) {
      if (condition.property == Property::brand) {
        brands.insert(condition.value);
      }
    }
  }
  return {brands.begin(), brands.end()};
}

// Before branch 460 drivers knew one brand per line; NVIDIA's demands name the others from branch
// 470 on.
std::vector<std::string> brands_of(const RequireGpu& gpu, const RequireFacts& facts,
                                   const Requirement& requirement) {
  constexpr unsigned kMoreBrands = 460;
  if (gpu.brands.empty()) {
    return brands_told_apart(requirement);
  }
  const bool old = facts.driver && facts.driver->major() < kMoreBrands;
  return old ? std::vector<std::string>{gpu.brands.front()} : gpu.brands;
}

Outcome outcome_for(const RequireGpu& gpu, Offer offer, const std::vector<std::string>& brands,
                    const Requirement& requirement) {
  offer.arch = gpu.capability ? AnyVersion::parse(gpu.capability->text()) : std::nullopt;
  bool some_hold = false;
  bool some_fail = false;
  for (const std::string& brand : brands) {
    offer.brand = brand;
    (offer.meets(requirement) ? some_hold : some_fail) = true;
  }
  if (some_hold && some_fail) {
    return Outcome::unclear;
  }
  return some_fail ? Outcome::unsatisfied : Outcome::satisfied;
}

void add_once(std::vector<std::string>& texts, std::string text) {
  if (std::find(texts.begin(), texts.end(), text) == texts.end()) {
    texts.push_back(std::move(text));
  }
}

// What the machine and a GPU have instead of what a condition asks for.
std::string found_text(const Condition& condition, const Offer& offer, const RequireGpu& gpu) {
  const std::string name = gpu.name.empty() ? "the GPU" : printable(gpu.name);
  switch (condition.property) {
    case Property::cuda:
      return "the driver offers " + (offer.cuda ? offer.cuda->text() : "another");
    case Property::driver:
      return "this is " + (offer.driver ? offer.driver->text() : "another");
    case Property::arch:
      return name + " has " + (gpu.capability ? gpu.capability->text() : "another");
    case Property::brand:
      return name + " is " +
             (gpu.brands.empty() ? "of a brand that is not known" : join(gpu.brands, " or "));
  }
  return {};
}

// The conditions of an alternative that no brand of the GPU meets; where each is met by some, those
// that depend on the brand. Without a GPU there are no brands.
std::vector<const Condition*> missed(const Conjunction& conditions, Offer offer,
                                     const std::vector<std::string>& brands) {
  std::vector<const Condition*> never;
  std::vector<const Condition*> at_times;
  for (const Condition& condition : conditions) {
    if (brands.empty()) {
      if (!offer.meets(condition)) {
        never.push_back(&condition);
      }
      continue;
    }
    const auto met = std::count_if(brands.begin(), brands.end(), [&](const std::string& brand) {
      offer.brand = brand;
      return offer.meets(condition);
    });
    if (met == 0) {
      never.push_back(&condition);
    } else if (static_cast<std::size_t>(met) < brands.size()) {
      at_times.push_back(&condition);
    }
  }
  return never.empty() ? at_times : never;
}

// NVIDIA's images have an alternative per brand and branch: those that lack more than the nearest
// are left out, and so is what has been said.
void explain_shortfall(RequireVerdict& verdict, const Requirement& requirement, Offer offer,
                       const RequireGpu& gpu, const std::vector<std::string>& brands) {
  constexpr std::size_t kMostTold = 3;
  offer.arch = gpu.capability ? AnyVersion::parse(gpu.capability->text()) : std::nullopt;
  std::vector<std::vector<const Condition*>> nearest;
  for (const Conjunction& conditions : requirement.alternatives) {
    std::vector<const Condition*> lacks = missed(conditions, offer, brands);
    if (nearest.empty() || lacks.size() < nearest.front().size()) {
      nearest = {std::move(lacks)};
    } else if (lacks.size() == nearest.front().size()) {
      nearest.push_back(std::move(lacks));
    }
  }
  std::vector<std::string> told;
  std::vector<std::string> brands_wanted;
  std::string brand_found;
  for (const std::vector<const Condition*>& lacks : nearest) {
    const bool by_brand = lacks.size() == 1 && lacks.front()->property == Property::brand &&
                          lacks.front()->op == Operator::equal;
    if (by_brand) {
      add_once(brands_wanted, printable(lacks.front()->value));
      brand_found = found_text(*lacks.front(), offer, gpu);
      continue;
    }
    std::vector<std::string> parts;
    for (const Condition* condition : lacks) {
      verdict.of_gpu = verdict.of_gpu || condition->property == Property::arch;
      parts.push_back(
          fmt::format("`{}`: {}", printable(condition->text), found_text(*condition, offer, gpu)));
    }
    if (told.size() < kMostTold) {
      add_once(told, join(parts, " and "));
    }
  }
  if (brands_wanted.size() > kMostTold) {
    brands_wanted.resize(kMostTold);
    brands_wanted.emplace_back("…");
  }
  if (!brands_wanted.empty()) {
    told.push_back(fmt::format("`brand={}`: {}", join(brands_wanted, "|"), brand_found));
  }
  verdict.shortfall = join(told, ", or ");
}

// The worst of all GPUs; the order of Outcome is not one of badness.
RequireVerdict judge(const Requirement& requirement, const RequireFacts& facts) {
  RequireVerdict verdict;
  verdict.condition = requirement.first;
  if (requirement.bad) {
    verdict.outcome = Outcome::malformed;
    verdict.condition = *requirement.bad;
    return verdict;
  }
  Offer offer;
  offer.cuda = facts.cuda ? AnyVersion::parse(facts.cuda->text()) : std::nullopt;
  offer.driver = facts.driver ? AnyVersion::parse(facts.driver->text()) : std::nullopt;
  if (facts.gpus.empty()) {
    verdict.outcome = offer.meets(requirement) ? Outcome::satisfied : Outcome::unsatisfied;
    if (verdict.outcome == Outcome::unsatisfied) {
      explain_shortfall(verdict, requirement, offer, {}, {});
    }
    return verdict;
  }
  for (const RequireGpu& gpu : facts.gpus) {
    const std::vector<std::string> brands = brands_of(gpu, facts, requirement);
    const Outcome outcome = outcome_for(gpu, offer, brands, requirement);
    if (outcome == Outcome::unsatisfied ||
        (outcome == Outcome::unclear && verdict.outcome == Outcome::satisfied)) {
      verdict.outcome = outcome;
      verdict.gpu = gpu.name;
      explain_shortfall(verdict, requirement, offer, gpu, brands);
    }
    if (outcome == Outcome::unsatisfied) {
      break;
    }
  }
  return verdict;
}

// Go's strconv.ParseBool.
bool is_true(const std::optional<std::string>& value) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "true", "TRUE", "True"};
  return value && std::find(kTrue.begin(), kTrue.end(), *value) != kTrue.end();
}

// Variable and requirement, in the order of the names.
std::map<std::string, std::string> requirements_in(const std::vector<std::string>& environment) {
  std::map<std::string, std::string> requirements;
  for (const std::string& line : environment) {
    const std::string name = line.substr(0, line.find('='));
    if (!name.starts_with("NVIDIA_REQUIRE_") || name.starts_with("NVIDIA_REQUIRE_JETPACK")) {
      continue;
    }
    if (std::optional<std::string> value = value_in(environment, name)) {
      requirements[name] = std::move(*value);
    }
  }
  // Images from before the variable: CUDA_VERSION alone stands for it.
  const std::optional<std::string> version = value_in(environment, "CUDA_VERSION");
  if (version && !requirements.contains("NVIDIA_REQUIRE_CUDA")) {
    if (const std::optional<CudaVersion> cuda = CudaVersion::parse(*version)) {
      requirements["CUDA_VERSION"] = "cuda>=" + cuda->major_minor();
    }
  }
  return requirements;
}

int badness(Outcome outcome) {
  switch (outcome) {
    case Outcome::satisfied:
      return 0;
    case Outcome::unclear:
      return 1;
    case Outcome::malformed:
      return 2;
    case Outcome::unsatisfied:
      return 3;
  }
  return 0;
}

// "GRID A100-10C", "NVIDIA A40-48Q": the number is memory, the letter the licence.
bool is_virtual(std::string_view lower) {
  const std::size_t dash = lower.rfind('-');
  if (lower.find("grid") != std::string_view::npos) {
    return true;
  }
  if (dash == std::string_view::npos || dash + 2 >= lower.size()) {
    return false;
  }
  const std::string_view profile = lower.substr(dash + 1);
  return profile.substr(0, profile.size() - 1).find_first_not_of("0123456789") ==
             std::string_view::npos &&
         std::string_view("abcq").find(profile.back()) != std::string_view::npos;
}

}  // namespace

RequireVerdict check_nvidia_require(const std::vector<std::string>& environment,
                                    const RequireFacts& facts) {
  RequireVerdict worst;
  if (is_true(value_in(environment, "NVIDIA_DISABLE_REQUIRE"))) {
    worst.disabled = true;
    return worst;
  }
  for (const auto& [variable, text] : requirements_in(environment)) {
    RequireVerdict verdict = judge(parse_requirement(text), facts);
    if (worst.variable.empty() || badness(verdict.outcome) > badness(worst.outcome)) {
      worst = std::move(verdict);
      worst.variable = variable;
    }
  }
  return worst;
}

std::vector<std::string> gpu_brands(std::string_view name, bool data_center) {
  const std::string lower = lowered(name);
  const auto has = [&lower](std::string_view word) {
    return lower.find(word) != std::string::npos;
  };
  if (is_virtual(lower)) {
    return {};
  }
  const bool rtx = has("rtx");
  for (const std::string_view line : {"geforce", "titan", "quadro"}) {
    if (has(line)) {
      const std::string brand(line);
      return rtx ? std::vector<std::string>{brand, brand + "rtx"} : std::vector<std::string>{brand};
    }
  }
  if (has("tesla") || data_center) {
    return {"tesla", "nvidia"};
  }
  return rtx ? std::vector<std::string>{"quadro", "quadrortx", "nvidiartx"}
             : std::vector<std::string>{};
}

}  // namespace berth
