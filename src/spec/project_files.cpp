// Which files of a project are read, and how locks and constraints change what they say.
#include "spec/project_files.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "spec/requirements_txt.hpp"

namespace berth::spec {

namespace {

struct ProjectFile {
  std::string_view name;
  Result<ProjectFacts> (*read)(const SourceFile&, const ReadFile&);
};

constexpr std::array<ProjectFile, 1> kProjectFiles = {{
    {"requirements.txt", read_requirements_txt},
}};

// Constraints count for names that something requires.
void apply_constraints(ProjectFacts& facts) {
  std::vector<RequirementLine> constraints = std::move(facts.constraints);
  facts.constraints.clear();
  const std::size_t required = facts.requirements.size();
  for (RequirementLine& constraint : constraints) {
    const auto end = facts.requirements.begin() + static_cast<std::ptrdiff_t>(required);
    if (std::any_of(facts.requirements.begin(), end, [&](const RequirementLine& line) {
          return line.value.name == constraint.value.name;
        })) {
      facts.requirements.push_back(std::move(constraint));
    }
  }
}

}  // namespace

Result<ProjectFacts> read_project_files(const std::filesystem::path& folder, const ReadFile& read) {
  ProjectFacts facts;
  for (const ProjectFile& known : kProjectFiles) {
    Result<SourceFile> file = read(folder / known.name);
    if (!file && file.error().code == Errc::not_found) {
      continue;
    }
    if (!file) {
      return fail(std::move(file).error());
    }
    BERTH_TRY(ProjectFacts more, known.read(*file, read));
    BERTH_CHECK(append(facts, std::move(more)));
  }
  apply_constraints(facts);
  return facts;
}

}  // namespace berth::spec
