// Python versions and specifiers, with the semantics of the `packaging` library (PEP 440).
// Source: https://packaging.python.org/en/latest/specifications/version-specifiers/
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "berth/base/result.hpp"

namespace berth::pep440 {

namespace detail {
class VersionReader;
}

// A version: [epoch!]release[{a|b|rc}N][.postN][.devN][+local]. Compared and printed in normalised
// form, so that "1.0-RC1" equals "1.0rc1" and 1.0 equals 1.0.0.
class Version {
 public:
  // nullopt for what is no PEP 440 version ("2023.1-beta-final", "", numbers beyond 2^63).
  static std::optional<Version> parse(std::string_view text);

  bool is_prerelease() const;  // a, b, rc or dev
  bool is_postrelease() const;
  // "cu118" of 2.0.1+cu118; empty where there is none.
  const std::string& local() const { return local_text_; }
  // Without the local part.
  Version public_version() const;
  // Only epoch and release: 1.2.3 of 1.2.3rc1.post2+x.
  Version base_version() const;
  std::uint64_t epoch() const { return epoch_; }
  const std::vector<std::uint64_t>& release() const { return release_; }

  // Normalised: "2.0.1+cu118".
  std::string text() const;

  friend std::strong_ordering operator<=>(const Version& a, const Version& b);
  friend bool operator==(const Version& a, const Version& b) { return (a <=> b) == 0; }

 private:
  friend class detail::VersionReader;
  friend struct Specifier;  // makes the bounds of its range

  struct Phase {  // a, b or rc, with its number
    std::string letter;
    std::uint64_t number = 0;

    friend bool operator==(const Phase&, const Phase&) = default;
  };
  using LocalPart = std::variant<std::string, std::uint64_t>;  // words sort below numbers

  // What follows the release, as numbers whose order is the versions' order.
  using Suffix = std::array<std::uint64_t, 6>;
  Suffix suffix() const;

  std::uint64_t epoch_ = 0;
  std::vector<std::uint64_t> release_;
  std::optional<Phase> pre_;
  std::optional<std::uint64_t> post_;
  std::optional<std::uint64_t> dev_;
  std::vector<LocalPart> local_;
  std::string local_text_;
};

// Where a text stops being what it should be.
struct SyntaxError {
  std::size_t offset = 0;  // in bytes, from the beginning
  std::string expected;    // "a version after `>=`"
  std::string hint{};      // what was probably meant; may be empty
};

// One clause: an operator and a version, perhaps with a wildcard ("==2.3.*").
struct Specifier {
  enum class Operator {
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    compatible,
    arbitrary
  };

  Operator op = Operator::equal;
  std::string version_text;        // as written, without the wildcard; all that counts for `===`
  std::optional<Version> version;  // absent only for `===` with text that is no version
  bool wildcard = false;           // == and != only

  // The clause that a text begins with, and how many bytes it takes; what follows is not looked at.
  struct Read;
  static tl::expected<Read, SyntaxError> read(std::string_view text);

  // Pre-releases are compared like any other version here; SpecifierSet::contains leaves them out
  // by default.
  bool matches(const Version& candidate) const;
  // Whether the clause lets pre-releases in: it names one, and is not `!=`.
  bool names_prerelease() const;
  std::string text() const;

 private:
  bool matches_prefix(const Version& candidate) const;
  bool matches_compatible(const Version& candidate) const;
  bool matches_greater(const Version& candidate) const;
  bool matches_less(const Version& candidate) const;
};

struct Specifier::Read {
  Specifier specifier;
  std::size_t length = 0;
};

// Clauses that must all hold. An empty set is satisfied by every version.
class SpecifierSet {
 public:
  SpecifierSet() = default;
  explicit SpecifierSet(std::vector<Specifier> clauses) : clauses_(std::move(clauses)) {}
  // Errc::invalid_input names the clause that is no specifier. "" is the empty set. What packaging
  // takes is taken, but for `===` with nothing behind it.
  static Result<SpecifierSet> parse(std::string_view text);

  // A pre-release only satisfies a set that names one, unless `prereleases` says otherwise
  // (packaging 26 would take one here, because it knows of no other candidate; berth always has the
  // list of releases).
  bool contains(const Version& candidate, std::optional<bool> prereleases = std::nullopt) const;
  bool empty() const { return clauses_.empty(); }
  const std::vector<Specifier>& clauses() const { return clauses_; }
  // All clauses of both.
  SpecifierSet operator&(const SpecifierSet& other) const;
  // The version that an `==` without wildcard or an `===` demands, if there is one.
  std::optional<Version> pinned() const;
  // Clauses in the order written, joined by commas.
  std::string text() const;

 private:
  std::vector<Specifier> clauses_;
};

}  // namespace berth::pep440
