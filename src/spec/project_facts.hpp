// What a project's files say: the readers' common result.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/base/dotted_version.hpp"
#include "berth/base/pep440.hpp"
#include "berth/base/result.hpp"
#include "berth/model/request.hpp"
#include "spec/source_file.hpp"

namespace berth::spec {

using PythonLine = Sourced<pep440::SpecifierSet>;

struct ProjectFacts {
  std::vector<RequirementLine> requirements{};
  // Hold for names that something requires, and require nothing themselves (`-c`).
  std::vector<RequirementLine> constraints{};
  // The same and all else that pip is told, as it is told: what has no name, addresses, options.
  std::vector<PipLine> pip_lines{};
  std::vector<PipLine> pip_constraints{};
  // What the code claims to work with (requires-python): always holds.
  std::vector<PythonLine> python_claims{};
  // What somebody chose to work with (.python-version, conda's python=3.10): --python and `python:`
  // replace it.
  std::vector<PythonLine> python_choices{};
  // Of conda's packages, which may contradict each other: agreed_cuda().
  std::vector<Sourced<CudaVersion>> cuda{};
  std::vector<std::string> warnings{};
};

void append(ProjectFacts& facts, ProjectFacts more);

// The CUDA version that the files say, if any. Errc::invalid_input where they say several.
Result<std::optional<Sourced<CudaVersion>>> agreed_cuda(const ProjectFacts& facts);

// A PEP 508 text that stands at a place; its error names the place.
Result<RequirementLine> requirement_at(const Origin& origin, std::string_view text);

// A Python version or specifiers: `3.10` means the series, `3.10.12` too (images offer series),
// `>=3.9,<3.12` is what it says. The first form leaves it to the caller to say where the text
// stands.
Result<pep440::SpecifierSet> parse_python(std::string_view text);
Result<PythonLine> python_at(const Origin& origin, std::string_view text);

// `12.1` or `12.1.1`.
Result<CudaVersion> parse_cuda(std::string_view text);
Result<Sourced<CudaVersion>> cuda_at(const Origin& origin, std::string_view text);

// The requirement that a wheel's address or file name stands for: `torch==2.0.1+cu118` of
// https://…/torch-2.0.1%2Bcu118-cp310-cp310-linux_x86_64.whl. Empty for what is no wheel.
std::string requirement_of_wheel(std::string_view address);

}  // namespace berth::spec
