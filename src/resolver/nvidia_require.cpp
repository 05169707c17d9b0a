#include "berth/resolver/nvidia_require.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "berth/base/text.hpp"
#include "berth/model/image_facts.hpp"

namespace berth {

namespace {

using Outcome = RequireVerdict::Outcome;

enum class Property { cuda, driver, arch, brand };
enum class Operator { equal, unequal, less, at_most, greater, at_least };

// Any of the properties that are versions. DottedVersion compares as the hook does: number by
// number, missing ones are zero.
using AnyVersion = DottedVersion<struct RequireTag>;

struct Condition {
  Property property = Property::cuda;
  Operator op = Operator::equal;
  std::string value{};
  std::optional<AnyVersion> version{};  // but of a brand
};

using Conjunction = std::vector<Condition>;

struct Requirement {
  std::vector<Conjunction> alternatives{};
  std::string first{};               // the text of the first
  std::optional<std::string> bad{};  // the first condition that is none
};

std::optional<Property> property_of(std::string_view text) {
  static const std::map<std::string, Property, std::less<>> kProperties = {
      {"cuda", Property::cuda},
      {"driver", Property::driver},
      {"arch", Property::arch},
      {"brand", Property::brand}};
  const auto found = kProperties.find(lowered(text));
  return found == kProperties.end() ? std::nullopt : std::optional(found->second);
}

// Longer ones first: "<=" begins with "<".
constexpr std::array<std::pair<std::string_view, Operator>, 6> kOperators = {
    {{"!=", Operator::unequal},
     {"<=", Operator::at_most},
     {">=", Operator::at_least},
     {"=", Operator::equal},
     {"<", Operator::less},
     {">", Operator::greater}}};

std::optional<Condition> parse_condition(std::string_view text) {
  const std::size_t begin = text.find_first_of("=!<>");
  if (begin == std::string_view::npos) {
    return std::nullopt;
  }
  const std::optional<Property> property = property_of(text.substr(0, begin));
  const std::string_view rest = text.substr(begin);
  for (const auto& [name, op] : kOperators) {
    if (!property || !rest.starts_with(name)) {
      continue;
    }
    Condition condition{*property, op, lowered(rest.substr(name.size())), std::nullopt};
    if (condition.property == Property::brand) {
      const bool compared = op == Operator::equal || op == Operator::unequal;
      return compared && !condition.value.empty() ? std::optional(condition) : std::nullopt;
    }
    condition.version = AnyVersion::parse(condition.value);
    return condition.version ? std::optional(condition) : std::nullopt;
  }
  return std::nullopt;
}

Requirement parse_requirement(std::string_view text) {
  Requirement requirement;
  for (const std::string& alternative : split(text, ' ')) {
    Conjunction conditions;
    for (const std::string& word : split(alternative, ',')) {
      if (word.empty()) {
        continue;
      }
      if (std::optional<Condition> condition = parse_condition(word)) {
        conditions.push_back(std::move(*condition));
      } else if (!requirement.bad) {
        requirement.bad = word;
      }
    }
    if (!alternative.empty() && requirement.first.empty()) {
      requirement.first = alternative;
    }
    if (!conditions.empty()) {
      requirement.alternatives.push_back(std::move(conditions));
    }
  }
  return requirement;
}

template <class T>
bool compare(const T& found, Operator op, const T& wanted) {
  switch (op) {
    case Operator::equal:
      return found == wanted;
    case Operator::unequal:
      return found != wanted;
    case Operator::less:
      return found < wanted;
    case Operator::at_most:
      return found <= wanted;
    case Operator::greater:
      return found > wanted;
    case Operator::at_least:
      return found >= wanted;
  }
  return false;
}

// What one GPU offers, or no GPU at all; the brand is one of those that it may have.
struct Offer {
  std::optional<AnyVersion> cuda{};
  std::optional<AnyVersion> driver{};
  std::optional<AnyVersion> arch{};
  std::optional<std::string> brand{};

  bool meets(const Condition& condition) const {
    switch (condition.property) {
      case Property::cuda:
        return meets(cuda, condition);
      case Property::driver:
        return meets(driver, condition);
      case Property::arch:
        return meets(arch, condition);
      case Property::brand:
        return !brand || compare(*brand, condition.op, condition.value);
    }
    return false;
  }
  bool meets(const Requirement& requirement) const {
    const auto holds = [this](const Condition& condition) { return meets(condition); };
    const auto all_hold = [&holds](const Conjunction& conditions) {
      return std::all_of(conditions.begin(), conditions.end(), holds);
    };
    return requirement.alternatives.empty() ||
           std::any_of(requirement.alternatives.begin(), requirement.alternatives.end(), all_hold);
  }

 private:
  static bool meets(const std::optional<AnyVersion>& found, const Condition& condition) {
    return !found || compare(*found, condition.op, *condition.version);
  }
};

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
    return verdict;
  }
  for (const RequireGpu& gpu : facts.gpus) {
    const Outcome outcome =
        outcome_for(gpu, offer, brands_of(gpu, facts, requirement), requirement);
    if (outcome == Outcome::unsatisfied ||
        (outcome == Outcome::unclear && verdict.outcome == Outcome::satisfied)) {
      verdict.outcome = outcome;
      verdict.gpu = gpu.name;
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
