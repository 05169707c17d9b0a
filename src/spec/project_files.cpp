// Which files of a project are read, and how locks and constraints change what they say.
#include "spec/project_files.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "spec/conda_environment.hpp"
#include "spec/lock_file.hpp"
#include "spec/pyproject.hpp"
#include "spec/python_version_file.hpp"
#include "spec/requirements_txt.hpp"
#include "spec/setup_cfg.hpp"

namespace berth::spec {

namespace {

struct ProjectFile {
  std::string_view name;
  Result<ProjectFacts> (*read)(const SourceFile&, const ReadFile&);
};

// In this order. pyproject.toml is read apart, together with the lock.
constexpr std::array<ProjectFile, 6> kProjectFiles = {{
    {"requirements.txt", read_requirements_txt},
    {"setup.cfg", read_setup_cfg},
    {"Pipfile", read_pipfile},
    {"environment.yml", read_conda_environment},
    {"environment.yaml", read_conda_environment},
    {".python-version", read_python_version_file},
}};

// nullopt where the file is absent.
Result<std::optional<SourceFile>> read_if_there(const std::filesystem::path& path,
                                                const ReadFile& read) {
  Result<SourceFile> file = read(path);
  if (file) {
    return std::move(*file);
  }
  if (file.error().code == Errc::not_found) {
    return std::optional<SourceFile>();
  }
  return fail(std::move(file).error());
}

// The lines of a lock take the place of ranges that allow them. A range that does not is kept: the
// lock is stale, and the resolver will say that the two contradict each other.
void apply_lock(ProjectFacts& facts, std::vector<RequirementLine> locked) {
  std::erase_if(facts.requirements, [&](const RequirementLine& range) {
    bool found = false;
    bool allowed = true;
    for (RequirementLine& line : locked) {
      if (line.value.name == range.value.name) {
        const std::optional<pep440::Version> version = line.value.specifiers.pinned();
        found = true;
        allowed = allowed && version && range.value.specifiers.contains(*version, true);
        line.value.extras = range.value.extras;  // a lock has them as packages of their own
      }
    }
    return found && allowed;
  });
  std::move(locked.begin(), locked.end(), std::back_inserter(facts.requirements));
}

Result<ProjectFacts> read_pyproject_and_lock(const std::filesystem::path& folder,
                                             const ReadFile& read) {
  ProjectFacts facts;
  BERTH_TRY(const std::optional<SourceFile> pyproject,
            read_if_there(folder / "pyproject.toml", read));
  if (pyproject) {
    BERTH_TRY(facts, read_pyproject(*pyproject, read));
  }
  BERTH_TRY(const std::optional<SourceFile> uv, read_if_there(folder / "uv.lock", read));
  BERTH_TRY(const std::optional<SourceFile> poetry, read_if_there(folder / "poetry.lock", read));
  if (uv && poetry) {
    facts.warnings.push_back(
        fmt::format("both {} and {} are here: {} counts", uv->name, poetry->name, uv->name));
  }
  if (uv) {
    BERTH_TRY(std::vector<RequirementLine> locked, read_uv_lock(*uv, facts.requirements));
    apply_lock(facts, std::move(locked));
  } else if (poetry) {
    BERTH_TRY(std::vector<RequirementLine> locked, read_poetry_lock(*poetry, facts.requirements));
    apply_lock(facts, std::move(locked));
  }
  return facts;
}

// Constraints count for names that something requires.
void apply_constraints(ProjectFacts& facts) {
  std::set<std::string> required;
  for (const RequirementLine& line : facts.requirements) {
    required.insert(line.value.name);
  }
  for (RequirementLine& constraint : facts.constraints) {
    if (required.contains(constraint.value.name)) {
      facts.requirements.push_back(std::move(constraint));
    }
  }
  facts.constraints.clear();
}

// A file can be reached in two ways, by its name and by another that includes it.
void drop_repetitions(std::vector<RequirementLine>& lines) {
  std::set<std::pair<std::string, std::string>> seen;
  std::erase_if(lines, [&](const RequirementLine& line) {
    return !seen.emplace(line.origin.text, line.value.text()).second;
  });
}

// Only a requirements.txt says a requirement in pip's own words; for those of other files PEP 508
// is what pip takes.
void complete_pip_lines(ProjectFacts& facts) {
  std::set<std::pair<std::string, std::string>> kept;
  for (const PipLine& line : facts.pip_lines) {
    kept.emplace(line.origin.text, line.name);
  }
  for (const RequirementLine& line : facts.requirements) {
    if (!kept.contains({line.origin.text, line.value.name})) {
      facts.pip_lines.push_back(
          {.text = line.value.text(), .name = line.value.name, .origin = line.origin});
    }
  }
}

}  // namespace

Result<ProjectFacts> read_project_files(const std::filesystem::path& folder, const ReadFile& read) {
  ProjectFacts facts;
  for (const ProjectFile& known : kProjectFiles) {
    BERTH_TRY(const std::optional<SourceFile> file, read_if_there(folder / known.name, read));
    if (file) {
      BERTH_TRY(ProjectFacts more, known.read(*file, read));
      append(facts, std::move(more));
    }
  }
  BERTH_TRY(ProjectFacts more, read_pyproject_and_lock(folder, read));
  append(facts, std::move(more));
  complete_pip_lines(facts);
  apply_constraints(facts);
  drop_repetitions(facts.requirements);
  return facts;
}

}  // namespace berth::spec
