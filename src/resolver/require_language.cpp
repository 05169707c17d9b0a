#include "resolver/require_language.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "berth/base/text.hpp"

namespace berth::resolver {

namespace {

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
    Condition condition{*property, op, lowered(rest.substr(name.size())), std::nullopt,
                        std::string(text)};
    if (condition.property == Property::brand) {
      const bool compared = op == Operator::equal || op == Operator::unequal;
      return compared && !condition.value.empty() ? std::optional(condition) : std::nullopt;
    }
    condition.version = AnyVersion::parse(condition.value);
    return condition.version ? std::optional(condition) : std::nullopt;
  }
  return std::nullopt;
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

bool meets_version(const std::optional<AnyVersion>& found, const Condition& condition) {
  return !found || compare(*found, condition.op, *condition.version);
}

}  // namespace

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

bool Offer::meets(const Condition& condition) const {
  switch (condition.property) {
    case Property::cuda:
      return meets_version(cuda, condition);
    case Property::driver:
      return meets_version(driver, condition);
    case Property::arch:
      return meets_version(arch, condition);
    case Property::brand:
      return !brand || compare(*brand, condition.op, condition.value);
  }
  return false;
}

bool Offer::meets(const Requirement& requirement) const {
  const auto holds = [this](const Condition& condition) { return meets(condition); };
  const auto all_hold = [&holds](const Conjunction& conditions) {
    return std::all_of(conditions.begin(), conditions.end(), holds);
  };
  return requirement.alternatives.empty() ||
         std::any_of(requirement.alternatives.begin(), requirement.alternatives.end(), all_hold);
}

}  // namespace berth::resolver
