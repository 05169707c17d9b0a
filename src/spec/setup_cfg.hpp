// setup.cfg of setuptools.
// Source: https://setuptools.pypa.io/en/latest/userguide/declarative_config.html
#pragma once

#include "spec/project_facts.hpp"

namespace berth::spec {

// [options] install_requires (also `file: requirements.txt`) and python_requires. Other sections
// are left alone. Errc::invalid_input with file and line.
Result<ProjectFacts> read_setup_cfg(const SourceFile& file, const ReadFile& read_more);

}  // namespace berth::spec
