// PEP 440 specifiers. Each operator is a range of versions, as the packaging library has it from
// version 26 on; where that differs from the specification's prose, packaging is what users' other
// tools do.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "base/pep440_reader.hpp"
#include "berth/base/pep440.hpp"
#include "berth/base/printable.hpp"
#include "berth/base/text.hpp"

namespace berth::pep440 {

namespace {

using Operator = Specifier::Operator;

struct Spelling {
  std::string_view text;
  Operator op;
};

// Longer spellings first.
constexpr std::array<Spelling, 8> kSpellings = {{{"===", Operator::arbitrary},
                                                 {"==", Operator::equal},
                                                 {"!=", Operator::not_equal},
                                                 {"<=", Operator::less_equal},
                                                 {">=", Operator::greater_equal},
                                                 {"~=", Operator::compatible},
                                                 {"<", Operator::less},
                                                 {">", Operator::greater}}};

std::string_view spelling_of(Operator op) {
  return std::find_if(kSpellings.begin(), kSpellings.end(),
                      [op](const Spelling& spelling) { return spelling.op == op; })
      ->text;
}

tl::unexpected<SyntaxError> expected_at(std::size_t offset, std::string what) {
  return tl::unexpected<SyntaxError>(SyntaxError{offset, std::move(what)});
}

// `===` takes any text without blanks, `;` and `)`, commas apart, which separate clauses.
std::size_t arbitrary_length(std::string_view text) {
  const auto ends = [](char c) { return detail::is_blank(c) || c == ';' || c == ')' || c == ','; };
  return static_cast<std::size_t>(std::find_if(text.begin(), text.end(), ends) - text.begin());
}

}  // namespace

tl::expected<Specifier::Read, SyntaxError> Specifier::read(std::string_view text) {
  const auto* const spelling =
      std::find_if(kSpellings.begin(), kSpellings.end(),
                   [text](const Spelling& candidate) { return text.starts_with(candidate.text); });
  if (spelling == kSpellings.end()) {
    return expected_at(0, "one of ==, !=, <=, >=, <, >, ~=, ===");
  }
  const std::size_t start = spelling->text.size() + detail::blanks_at(text, spelling->text.size());
  const std::string_view rest = text.substr(start);
  Specifier specifier;
  specifier.op = spelling->op;

  if (spelling->op == Operator::arbitrary) {
    specifier.version_text = rest.substr(0, arbitrary_length(rest));
    if (specifier.version_text.empty()) {
      return expected_at(start, "a version after `===`");
    }
    specifier.version = Version::parse(specifier.version_text);
    return Read{specifier, start + specifier.version_text.size()};
  }

  detail::VersionReader reader(rest);
  if (!reader.read_release()) {
    return expected_at(start + reader.position(),
                       fmt::format("a version after `{}`", spelling->text));
  }
  const bool equality = spelling->op == Operator::equal || spelling->op == Operator::not_equal;
  if (spelling->op == Operator::compatible && reader.version().release().size() < 2) {
    return expected_at(start + reader.position(),
                       "a second number after `~=`, as in `~=2.1` (`==2.*` allows all of 2)");
  }
  if (equality && rest.substr(reader.position()).starts_with(".*")) {
    specifier.wildcard = true;
  } else {
    reader.read_phases();
    if (equality) {
      reader.read_local();
    }
  }
  if (reader.overflowed()) {
    return expected_at(start, "numbers up to 2^63 in a version");
  }
  specifier.version = reader.version();
  specifier.version_text = rest.substr(0, reader.position());
  return Read{specifier, start + reader.position() + (specifier.wildcard ? 2 : 0)};
}

bool Specifier::matches_compatible(const Version& candidate) const {
  Version end;
  end.epoch_ = version->epoch_;
  end.release_.assign(version->release_.begin(), version->release_.end() - 1);
  ++end.release_.back();
  end.dev_ = 0;
  return candidate >= *version && candidate < end;
}

bool Specifier::matches_prefix(const Version& candidate) const {
  Version begin = version->base_version();
  begin.dev_ = 0;
  Version end = begin;
  ++end.release_.back();
  return candidate >= begin && candidate < end;
}

bool Specifier::matches_greater(const Version& candidate) const {
  Version begin = version->public_version();
  if (begin.dev_) {
    ++*begin.dev_;
    return candidate >= begin;
  }
  if (begin.post_) {
    ++*begin.post_;
    begin.dev_ = 0;
    return candidate >= begin;
  }
  // Neither the post-releases nor the local versions of the one named: >2.0.1 is not 2.0.1+cu118.
  const bool same_release =
      candidate.base_version() == version->base_version() && candidate.pre_ == version->pre_;
  return candidate > *version && !same_release;
}

bool Specifier::matches_less(const Version& candidate) const {
  Version end = *version;
  if (!end.is_prerelease()) {
    end.dev_ = 0;  // not the pre-releases of the one named: <2.0 is not 2.0rc1
  }
  return candidate < end;
}

bool Specifier::matches(const Version& candidate) const {
  if (op == Operator::arbitrary || !version) {
    return lowered(candidate.text()) == lowered(version_text);
  }
  // Most candidates have no local part to leave out: they are compared as they are.
  const auto order = [this](const Version& other) {
    const bool leaves_local_out = version->local().empty() && !other.local().empty();
    return leaves_local_out ? other.public_version() <=> *version : other <=> *version;
  };
  switch (op) {
    case Operator::equal:
      return wildcard ? matches_prefix(candidate) : order(candidate) == 0;
    case Operator::not_equal:
      return wildcard ? !matches_prefix(candidate) : order(candidate) != 0;
    case Operator::less:
      return matches_less(candidate);
    case Operator::less_equal:
      return order(candidate) <= 0;
    case Operator::greater:
      return matches_greater(candidate);
    case Operator::greater_equal:
      return candidate >= *version;
    case Operator::compatible:
      return matches_compatible(candidate);
    case Operator::arbitrary:
      break;
  }
  return false;
}

bool Specifier::names_prerelease() const {
  return op != Operator::not_equal && !wildcard && version && version->is_prerelease();
}

std::string Specifier::text() const {
  return fmt::format("{}{}{}", spelling_of(op), version_text, wildcard ? ".*" : "");
}

namespace {

Error not_a_specifier(std::string_view clause, const SyntaxError& syntax) {
  return Error{Errc::invalid_input,
               fmt::format("`{}` is not a version specifier: expected {} at column {}",
                           printable(clause), syntax.expected, syntax.offset + 1)};
}

// What may stand behind a clause that was read up to `length`: for `>=2.0.*` the reason is not "the
// end".
std::string expected_after(const Specifier& specifier, std::string_view rest) {
  if (rest.starts_with(".*")) {
    return "no `.*`, which only `==` and `!=` take after plain numbers,";
  }
  if (rest.starts_with('+') && specifier.version) {
    return "no local version, which only `==` and `!=` take,";
  }
  return "a comma or the end";
}

}  // namespace

Result<SpecifierSet> SpecifierSet::parse(std::string_view text) {
  SpecifierSet set;
  for (const std::string& part : split(text, ',')) {
    std::string_view clause = part;
    clause.remove_prefix(detail::blanks_at(clause, 0));
    if (clause.empty()) {
      continue;
    }
    const tl::expected<Specifier::Read, SyntaxError> read = Specifier::read(clause);
    if (!read) {
      return fail(not_a_specifier(clause, read.error()));
    }
    const std::size_t end = read->length + detail::blanks_at(clause, read->length);
    if (end != clause.size()) {
      return fail(not_a_specifier(
          clause, {end, expected_after(read->specifier, clause.substr(read->length))}));
    }
    set.clauses_.push_back(read->specifier);
  }
  return set;
}

bool SpecifierSet::contains(const Version& candidate, std::optional<bool> prereleases) const {
  const bool allowed = prereleases.value_or(std::any_of(
      clauses_.begin(), clauses_.end(), [](const Specifier& s) { return s.names_prerelease(); }));
  if (candidate.is_prerelease() && !allowed) {
    return false;
  }
  return std::all_of(clauses_.begin(), clauses_.end(),
                     [&candidate](const Specifier& s) { return s.matches(candidate); });
}

SpecifierSet SpecifierSet::operator&(const SpecifierSet& other) const {
  SpecifierSet both = *this;
  both.clauses_.insert(both.clauses_.end(), other.clauses_.begin(), other.clauses_.end());
  return both;
}

std::optional<Version> SpecifierSet::pinned() const {
  for (const Specifier& specifier : clauses_) {
    const bool exact = specifier.op == Operator::arbitrary || specifier.op == Operator::equal;
    if (exact && !specifier.wildcard && specifier.version) {
      return specifier.version;
    }
  }
  return std::nullopt;
}

std::string SpecifierSet::text() const {
  std::vector<std::string> texts;
  for (const Specifier& specifier : clauses_) {
    texts.push_back(specifier.text());
  }
  return join(texts, ",");
}

}  // namespace berth::pep440
