// .python-version of pyenv and uv.
#pragma once

#include "spec/project_facts.hpp"

namespace berth::spec {

// The first version in it. What is no version of CPython (`pypy3.9`, the name of an environment)
// has no effect but a warning: such a file is the machine's affair.
Result<ProjectFacts> read_python_version_file(const SourceFile& file, const ReadFile& read_more);

}  // namespace berth::spec
