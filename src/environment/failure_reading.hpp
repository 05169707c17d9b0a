// What the rules about a failed build read: the end of its log, and who asked for what.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/environment/build_failure.hpp"

namespace berth::environment {

class FailureReading {
 public:
  explicit FailureReading(const FailedBuild& build) : build_(build) {}

  const FailedBuild& build() const { return build_; }
  const std::vector<std::string>& lines() const { return build_.log.tail(); }

  // The first line that has the text, without blanks around it; empty: none has.
  std::string line_with(std::string_view text) const;
  // The last one that has it: of what was tried again.
  std::string last_line_with(std::string_view text) const;
  // For the first text that some line has.
  std::string line_with_any(const std::vector<std::string_view>& texts) const;
  // What follows the text in the first line that has it, to the end or one of `ends`.
  std::string behind(std::string_view text, std::string_view ends = "") const;

  // "3.11.4" as the build found it, else the "3.11" of the plan.
  std::string python() const;
  // The line that asks for the package by name; nullptr: none does.
  const PipLine* line_of(std::string_view requirement) const;

  // The error with where the package (or its requirement, "six>=1.16") is asked for before all
  // other notes, and where the whole log is behind them.
  Error finished(Error error, const std::string& requirement = {}) const;

 private:
  // "requirements.txt:3"; empty where nobody asks for it by name.
  std::string origin_of(const std::string& requirement) const;
  // "pandas", where pip said "numpy>=2 (from pandas)".
  std::string parent_of(const std::string& requirement) const;

  const FailedBuild& build_;
};

// Hints of several rules.
inline constexpr const char* kNetrcHint =
    "a line `machine HOST login NAME password TOKEN` in ~/.netrc is used for builds";
inline constexpr const char* kNetworkHint =
    "`berth doctor --deep` tries names and connections from a container";

// "scikit-learn" of "Scikit_Learn[all]>=1.0 ; …".
std::string package_name(std::string_view requirement);

// A rule says nothing where its failure is not the one.
using Verdict = std::optional<Error>;

// What pip and uv say (python_failure.cpp), what compilers and their absence do
// (compile_failure.cpp), and what git says (git_failure.cpp).
Verdict explain_python(const FailureReading& log);
Verdict explain_compilation(const FailureReading& log);
Verdict explain_git(const FailureReading& log);

}  // namespace berth::environment
