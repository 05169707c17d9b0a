// pyproject.toml: PEP 621's [project] and Poetry's tables; and Pipfile, whose tables are like
// Poetry's. Sources: https://packaging.python.org/en/latest/specifications/pyproject-toml/,
// https://python-poetry.org/docs/pyproject/, https://pipenv.pypa.io/en/latest/pipfile.html
#pragma once

#include "spec/project_facts.hpp"

namespace berth::spec {

// Reads project.dependencies, project.requires-python, the requirements files that
// [tool.setuptools.dynamic] names, and tool.poetry.dependencies. Extras, groups, sources and
// indexes are left alone. Errc::invalid_input with file and line.
Result<ProjectFacts> read_pyproject(const SourceFile& file, const ReadFile& read_more);

// [packages] and [requires] python_version.
Result<ProjectFacts> read_pipfile(const SourceFile& file, const ReadFile& read_more);

}  // namespace berth::spec
