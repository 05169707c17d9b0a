// Caret and tilde are written out as ranges; everything else is PEP 440 already.
#include "spec/poetry_constraint.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "berth/base/pep440.hpp"
#include "berth/base/text.hpp"

namespace berth::spec {

namespace {

// The release with one part raised and those behind it dropped: 2 of 1.2.3 at 0, 1.3 at 1.
std::string raised(const pep440::Version& version, std::size_t position) {
  std::string text = version.epoch() == 0 ? "" : fmt::format("{}!", version.epoch());
  for (std::size_t i = 0; i < position; ++i) {
    text += fmt::format("{}.", version.release()[i]);
  }
  return text + std::to_string(version.release()[position] + 1);
}

std::string range(const pep440::Version& version, std::size_t position) {
  return fmt::format(">={},<{}", version.public_version().text(), raised(version, position));
}

// ^: what does not change the leftmost part that is not zero.
std::string caret(const pep440::Version& version) {
  const std::vector<std::uint64_t>& release = version.release();
  const auto first =
      std::find_if(release.begin(), release.end(), [](std::uint64_t part) { return part != 0; });
  return range(version, first == release.end() ? release.size() - 1
                                               : static_cast<std::size_t>(first - release.begin()));
}

// ~: what does not change the second part, or the first where there is no second.
std::string tilde(const pep440::Version& version) {
  return range(version, version.release().size() > 1 ? 1 : 0);
}

// One clause, operator and version without blanks between; nullopt for what is none.
std::optional<std::string> clause(std::string_view op, std::string_view text) {
  if (text == "*" && (op.empty() || op == "==" || op == ">=")) {
    return "";
  }
  const bool wildcard = text.ends_with(".*");
  const std::optional<pep440::Version> version =
      pep440::Version::parse(wildcard ? text.substr(0, text.size() - 2) : text);
  if (!version) {
    return std::nullopt;
  }
  if (op.empty() || op == "=") {
    return fmt::format("=={}", text);
  }
  if (op == "^") {
    return caret(*version);
  }
  if (op == "~") {
    return tilde(*version);
  }
  if (wildcard && op != "==" && op != "!=") {
    return std::nullopt;
  }
  return fmt::format("{}{}", op, text);
}

Result<std::string> conjunction(std::string_view text) {
  constexpr std::array<std::string_view, 11> kOperators = {
      "===", "~=", "==", ">=", "<=", "!=", "^", "~", ">", "<", "="};
  std::string joined;
  std::string_view rest = trimmed(text);
  while (!rest.empty()) {
    std::string_view op;
    for (const std::string_view candidate : kOperators) {
      if (rest.starts_with(candidate)) {
        op = rest.substr(0, candidate.size());
        break;
      }
    }
    rest = trimmed(rest.substr(op.size()));
    const std::string_view version = rest.substr(0, rest.find_first_of(", \t<>=!~^"));
    const std::optional<std::string> specifiers = clause(op, version);
    if (!specifiers) {
      return fail(
          Errc::invalid_input,
          fmt::format("`{}` is no version constraint, expected for example ^2.1 or >=2.0,<3.0",
                      trimmed(text)));
    }
    joined += joined.empty() || specifiers->empty() ? *specifiers : "," + *specifiers;
    rest = trimmed(rest.substr(version.size()));
    if (rest.starts_with(',')) {
      rest = trimmed(rest.substr(1));
    }
  }
  return joined;
}

}  // namespace

Result<std::vector<std::string>> poetry_alternatives(std::string_view text) {
  std::vector<std::string> alternatives;
  std::string_view rest = text;
  while (true) {
    const std::size_t bar = rest.find('|');
    BERTH_TRY(std::string specifiers, conjunction(rest.substr(0, bar)));
    alternatives.push_back(std::move(specifiers));
    if (bar == std::string_view::npos) {
      return alternatives;
    }
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of('|', bar)));
  }
}

Result<std::string> python_marker(std::string_view constraint) {
  BERTH_TRY(const std::vector<std::string> alternatives, poetry_alternatives(constraint));
  std::string marker;
  for (const std::string& alternative : alternatives) {
    if (alternative.empty()) {
      return std::string();
    }
    std::string all;
    for (const std::string& specifier : split(alternative, ',')) {
      const std::size_t digits = specifier.find_first_of("0123456789");
      const std::string version = specifier.substr(std::min(digits, specifier.size()));
      const bool full =
          std::count(version.begin(), version.end(), '.') > 1 && !version.ends_with(".*");
      all += fmt::format("{}{} {} \"{}\"", all.empty() ? "" : " and ",
                         full ? "python_full_version" : "python_version",
                         specifier.substr(0, std::min(digits, specifier.size())), version);
    }
    marker += (marker.empty() ? "" : " or ") + (alternatives.size() > 1 ? "(" + all + ")" : all);
  }
  return marker;
}

}  // namespace berth::spec
