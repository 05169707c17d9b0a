// environment.yml of conda.
// Source: https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html
// and https://docs.conda.io/projects/conda/en/stable/user-guide/concepts/pkg-specs.html
#pragma once

#include "spec/project_facts.hpp"

namespace berth::spec {

// `pytorch=2.1` becomes torch==2.1.*, `python=3.10` a choice of Python, `pytorch-cuda=11.8` and
// `cudatoolkit=11.3` a CUDA version, as do builds that name one
// (`pytorch=1.12.1=py3.9_cuda11.3_cudnn8.3.2_0`). The list under `pip:` is read like
// requirements.txt. Channels are left alone, and so are packages that Python's indexes cannot have.
// Errc::invalid_input with file and line.
Result<ProjectFacts> read_conda_environment(const SourceFile& file, const ReadFile& read_more);

}  // namespace berth::spec
