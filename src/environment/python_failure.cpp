// What pip and uv say, and what it means.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "berth/base/dotted_version.hpp"
#include "berth/base/pep508.hpp"
#include "berth/base/text.hpp"
#include "failure_reading.hpp"

namespace berth::environment {

namespace {

Verdict wrong_hash(const FailureReading& log) {
  if (log.line_with_any({"DO NOT MATCH THE HASHES", "Hash mismatch for"}).empty()) {
    return std::nullopt;
  }
  std::string package = log.behind("Hash mismatch for `", "`");
  std::string expected = log.behind("Expected sha256 ");
  std::string got = log.behind("Got        ");
  const std::vector<std::string>& lines = log.lines();
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    const std::string_view line = trimmed(lines[i]);
    const std::string_view next = trimmed(lines[i + 1]);
    if (package.empty() && next.starts_with("Expected sha")) {
      package = std::string(line.substr(0, line.find(" from ")));
    }
    if (line == "Expected:" || line == "Computed:") {  // uv
      (line == "Expected:" ? expected : got) = std::string(next.substr(next.find(':') + 1));
    }
  }
  Error error{Errc::no_solution, fmt::format("`{}` is not what its hash says",
                                             package.empty() ? "a package" : package)};
  error.id = "hash-mismatch";
  const bool locked = log.build().stage.files.contains("locked.txt");
  error.note(
      fmt::format("{} wants sha256:{}", locked ? "berth.lock" : "the requirement", expected));
  error.note("the index sent sha256:" + got);
  if (locked) {
    error.hint("`berth lock --update` locks what the index has now, once you know why it changed");
  }
  error.hint(
      "compare both with the hashes that the index shows before the requirement is changed: "
      "the file may have been exchanged");
  return log.finished(std::move(error), package);
}

// "In --require-hashes mode, all requirements must have their versions pinned with ==. These do
// not:" and a line for each: "    einops from https://… (from -r requirements.txt (line 1))".
std::string unpinned_package(const FailureReading& log) {
  const std::vector<std::string>& lines = log.lines();
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    if (lines[i].find("must have their versions pinned with ==") != std::string::npos) {
      const std::string_view next = trimmed(lines[i + 1]);
      return std::string(next.substr(0, next.find(' ')));
    }
  }
  return {};
}

// "Hashes are required in --require-hashes mode", and "    sniffio --hash=sha256:…" for each.
std::string package_without_hash(const FailureReading& log) {
  const std::string line = log.line_with(" --hash=sha256:");
  return line.substr(0, line.find(" --hash=sha256:"));
}

Verdict no_hash(const FailureReading& log) {
  std::string package = unpinned_package(log);
  if (package.empty()) {
    if (log.line_with("Hashes are required in --require-hashes mode").empty()) {
      return std::nullopt;
    }
    package = package_without_hash(log);
  }
  Error error{Errc::no_solution,
              fmt::format("`{}` has no hash, and other lines have one", package)};
  error.id = "hash-missing";
  error.note("where one requirement has a hash, pip wants one for each, and for what they need");
  error.hint("`pip-compile --generate-hashes` writes all of them");
  return log.finished(std::move(error), package);
}

// --- requirements against each other ------------------------------------------------------------

// The package of "The user requested (constraint) torch==1.13.1".
bool is_own_constraint(const FailureReading& log, std::string_view text) {
  const std::vector<PipLine>& lines = log.build().packages.constraints;
  return std::any_of(lines.begin(), lines.end(),
                     [&](const PipLine& line) { return line.name == package_name(text); });
}

constexpr std::string_view kConstraint = "(constraint) ";

// pip's list of causes, or uv's chain of conclusions.
std::vector<std::string> causes_of_conflict(const FailureReading& log) {
  std::vector<std::string> causes;
  bool told = false;
  for (const std::string& raw : log.lines()) {
    std::string_view line = trimmed(raw);
    if (line.starts_with("cause: ")) {
      line.remove_prefix(7);
    }
    told = line.starts_with("The conflict is caused by") || (told && !line.empty());
    const bool pip = told && (line.find(" depends on ") != std::string::npos ||
                              line.starts_with("The user requested"));
    const bool uv = line.find("Because ") == 0 || line.find("And because ") == 0;
    if (pip || uv) {
      causes.emplace_back(line);
    }
  }
  return causes;
}

// What the build must not exchange: pip calls it a constraint, uv does not say where it is from.
std::string held_in(const FailureReading& log, const std::vector<std::string>& causes) {
  for (const std::string& cause : causes) {
    if (const std::size_t at = cause.find(kConstraint); at != std::string::npos) {
      std::string held = cause.substr(at + kConstraint.size());
      if (!is_own_constraint(log, held)) {
        return held;
      }
    }
    for (const std::string& held : held_packages(log.build().installed)) {
      const std::size_t at = cause.find(held);
      const std::size_t end = at + held.size();
      if (at != std::string::npos &&
          (end == cause.size() || std::string_view(" ,.").find(cause[end]) != std::string::npos)) {
        return held;
      }
    }
  }
  return {};
}

Error framework_conflict(const std::string& held, const std::vector<std::string>& causes) {
  Error error{Errc::no_solution, fmt::format("a package wants another `{}` than the one that is "
                                             "there, {}",
                                             package_name(held), held.substr(held.find("==") + 2))};
  error.id = "framework-conflict";
  for (const std::string& cause : causes) {
    // What stays is the next note's.
    if (cause.find(kConstraint) == std::string::npos) {
      error.note(cause);
    }
  }
  error.note(fmt::format(
      "`{}` is part of what the image is made for, and berth does not exchange it", held));
  error.hint(
      "loosen or remove the requirement, or ask for a release of it that accepts "
      "the version that is there");
  error.hint(
      "`berth resolve --explain` shows how the framework was chosen, and what else there is");
  return error;
}

Verdict conflict(const FailureReading& log) {
  std::vector<std::string> causes = causes_of_conflict(log);
  const bool uv = !log.line_with("No solution found when resolving").empty() &&
                  log.line_with_any({"was not found in the package registry", "there is no version",
                                     "does not satisfy Python", "was not found in the provided"})
                      .empty();
  if (log.line_with("ResolutionImpossible").empty() && !uv) {
    return std::nullopt;
  }
  constexpr std::size_t kShown = 8;
  causes.resize(std::min(causes.size(), kShown));
  if (const std::string held = held_in(log, causes); !held.empty()) {
    return log.finished(framework_conflict(held, causes));
  }
  Error error{Errc::no_solution, "the requirements exclude each other"};
  error.id = "package-conflict";
  for (const std::string& cause : causes) {
    std::string origin;
    if (const std::string text = cause.substr(cause.rfind(' ') + 1);
        cause.starts_with("The user requested")) {
      for (const PipLine& line : log.build().packages.lines) {
        if (line.name == package_name(text) && line.text.starts_with(text)) {
          origin = " by " + line.origin.text;
        }
      }
    }
    error.note(cause + origin);
  }
  error.hint(
      "loosen one of them: without a version pip takes the newest that goes with the others");
  return log.finished(std::move(error));
}

// --- what the index has -------------------------------------------------------------------------

// The series nearest to `python` that the demand accepts; empty: none that berth knows.
std::string fitting_python(const pep440::SpecifierSet& demand, const std::string& python) {
  const std::optional<PythonVersion> here = PythonVersion::parse(python);
  constexpr int kOldest = 6;
  constexpr int kNewest = 14;
  const int minor = here ? static_cast<int>(here->minor()) : 10;
  std::string best;
  int distance = kNewest + 1;
  for (int candidate = kOldest; candidate <= kNewest; ++candidate) {
    // Some patch of the series, as images have it: ">=3.7.1" accepts the 3.7 that anybody has.
    const auto version = pep440::Version::parse(fmt::format("3.{}.10", candidate));
    if (version && demand.contains(*version) && std::abs(candidate - minor) < distance) {
      distance = std::abs(candidate - minor);
      best = fmt::format("3.{}", candidate);
    }
  }
  const auto two = pep440::Version::parse("2.7.18");
  return best.empty() && two && demand.contains(*two) ? "2.7" : best;
}

struct PythonDemand {
  std::string version{};  // of the package
  std::string text{};     // ">=3.7,<3.11"
};

// pip: "Ignored the following versions that require a different python version: 1.21.5
// Requires-Python >=3.7,<3.11; …". The newest of them that the requirement accepts: only then is
// the Python the reason.
std::optional<PythonDemand> ignored_for_python(const FailureReading& log,
                                               const std::string& requirement) {
  const Result<pep508::Requirement> wanted = pep508::Requirement::parse(requirement);
  const std::string list = log.behind("that require a different python version: ");
  std::optional<PythonDemand> newest;
  std::optional<pep440::Version> newest_version;
  for (const std::string& entry : split(list, ';')) {
    constexpr std::string_view kWord = " Requires-Python ";
    const std::string text(trimmed(entry));
    const std::size_t at = text.find(kWord);
    const auto version = pep440::Version::parse(text.substr(0, at));
    if (at != std::string::npos && wanted && version && wanted->specifiers.contains(*version) &&
        (!newest_version || *version > *newest_version)) {
      newest = PythonDemand{text.substr(0, at), text.substr(at + kWord.size())};
      newest_version = version;
    }
  }
  return newest;
}

Error other_python_error(const FailureReading& log, const std::string& package,
                         const std::string& demand) {
  Error error{Errc::no_solution, fmt::format("`{}` is not for Python {}", package, log.python())};
  error.id = "package-not-for-python";
  error.note(fmt::format("it requires Python {}", demand));
  const Result<pep440::SpecifierSet> accepted = pep440::SpecifierSet::parse(demand);
  const std::string fitting = accepted ? fitting_python(*accepted, log.python()) : "";
  if (!fitting.empty()) {
    error.hint(
        fmt::format("`berth run --python {} …` takes an image with a Python for it", fitting));
  }
  error.hint("or loosen the requirement: other releases of it may be for this Python");
  return log.finished(std::move(error), package);
}

// "ERROR: Package 'ex' requires a different Python: 3.11.2 not in '<3.9'", and uv's "Because the
// current Python version (3.11.2) does not satisfy Python>=3.7,<3.11 and numpy==1.21.5 depends on
// …".
Verdict other_python(const FailureReading& log) {
  if (const std::string package = log.behind("ERROR: Package '", "'");
      !package.empty() && !log.line_with("requires a different Python").empty()) {
    return other_python_error(log, package, log.behind(" not in '", "'"));
  }
  constexpr std::string_view kUv = "does not satisfy Python";
  if (log.line_with(kUv).empty()) {
    return std::nullopt;
  }
  const std::string demand = log.behind(kUv, " ");
  const std::string rest = log.behind(std::string(kUv) + demand + " and ");
  const std::string package =
      rest.empty() ? log.behind("you require ", " ,") : rest.substr(0, rest.find(' '));
  return other_python_error(log, package, demand);
}

Verdict other_platform(const FailureReading& log) {
  for (const std::string& line : log.lines()) {
    if (const std::size_t at = line.find(" is not a supported wheel on this platform");
        at != std::string::npos) {
      const std::string_view before = std::string_view(line).substr(0, at);
      const std::string wheel(before.substr(before.rfind(' ') + 1));
      const std::vector<std::string> parts = split(wheel.substr(0, wheel.rfind('.')), '-');
      Error error{Errc::no_solution,
                  fmt::format("`{}` is a wheel for another machine or Python", wheel)};
      error.id = "package-not-for-platform";
      if (parts.size() >= 5) {
        error.note(fmt::format("it is for {} on {}; here is Python {}", parts[parts.size() - 3],
                               parts.back(), log.python()));
      }
      error.hint(
          "take the wheel whose name says this Python and machine, or the package's name "
          "in place of the file");
      return log.finished(std::move(error));
    }
  }
  return std::nullopt;
}

// "six==99.1" of pip's or uv's last word.
std::string missing_requirement(const FailureReading& log) {
  if (std::string wanted = log.behind("No matching distribution found for "); !wanted.empty()) {
    return wanted.substr(0, std::min(wanted.find(" (from "), wanted.size()));
  }
  if (std::string name = log.behind("ecause there is no version of ", " "); !name.empty()) {
    return name;
  }
  return log.line_with("was not found in the package registry").empty()
             ? std::string()
             : log.behind("ecause ", " ");
}

Verdict not_found(const FailureReading& log) {
  const std::string wanted = missing_requirement(log);
  if (wanted.empty()) {
    return std::nullopt;
  }
  if (const auto demand = ignored_for_python(log, wanted)) {
    return other_python_error(log, wanted, demand->text);
  }
  const std::string versions = log.behind("(from versions: ", ")");
  const bool nothing =
      versions == "none" || (versions.empty() && !log.line_with("registry").empty());
  Error error{Errc::no_solution,
              fmt::format("no index has a `{}` for Python {}", wanted, log.python())};
  error.id = "package-not-found";
  if (!nothing && !versions.empty()) {
    constexpr std::size_t kShown = 80;
    const std::size_t from =
        versions.size() > kShown ? versions.find(' ', versions.size() - kShown) : 0;
    error.note(fmt::format(
        "{}{}",
        from == 0 ? "these can be: " : "the newest of those that can be:", versions.substr(from)));
    error.note(
        "a release whose wheels are all for other Pythons or machines, and that has no source, is "
        "not among them");
  }
  if (const std::string indexes = log.behind("Looking in indexes: "); nothing && !indexes.empty()) {
    error.note(fmt::format("asked: {}", indexes));
    error.note("pip does not say whether an index has nothing or shows nothing to strangers");
    error.hint(kNetrcHint);
  }
  error.hint(
      nothing
          ? fmt::format("`pip index versions {}` on any machine shows whether the name is right",
                        package_name(wanted))
          : fmt::format("`berth run --pip {} …` takes the newest that fits", package_name(wanted)));
  return log.finished(std::move(error), wanted);
}

}  // namespace

Verdict explain_python(const FailureReading& log) {
  // From causes to consequences.
  constexpr std::array kRules = {wrong_hash,   no_hash,        conflict, explain_compilation,
                                 other_python, other_platform, not_found};
  for (const auto& rule : kRules) {
    if (Verdict verdict = rule(log)) {
      return verdict;
    }
  }
  return std::nullopt;
}

}  // namespace berth::environment
