// The language of NVIDIA_REQUIRE_*: alternatives of conditions, and whether what a machine and a
// GPU offer meets them. Source: NVIDIA/libnvidia-container src/cli/dsl.c.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/dotted_version.hpp"

namespace berth::resolver {

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
  std::string text{};                   // "driver>=535"
};

using Conjunction = std::vector<Condition>;

struct Requirement {
  std::vector<Conjunction> alternatives{};
  std::string first{};               // the text of the first
  std::optional<std::string> bad{};  // the first condition that is none
};

Requirement parse_requirement(std::string_view text);

// What one GPU offers, or no GPU at all; the brand is one of those that it may have.
struct Offer {
  std::optional<AnyVersion> cuda{};
  std::optional<AnyVersion> driver{};
  std::optional<AnyVersion> arch{};
  std::optional<std::string> brand{};

  bool meets(const Condition& condition) const;
  bool meets(const Requirement& requirement) const;
};

}  // namespace berth::resolver
