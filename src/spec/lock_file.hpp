// uv.lock and poetry.lock: the exact versions of what a project requires, and of what that
// requires. Sources: https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile (the format
// is uv's own; read from its files) and
// https://python-poetry.org/docs/basic-usage/#installing-with-poetrylock
#pragma once

#include <vector>

#include "spec/project_facts.hpp"

namespace berth::spec {

// Packages that the project's own dependencies reach, as `name==version` with the markers on the
// way to them. Where a package can be reached in several ways, there may be several lines with the
// same version and different markers. Extras and development groups are not followed. The starting
// points are the lock's own record of the project (uv), else the names in `required`; without
// either, every package of the main group. Errc::invalid_input with file and line.
Result<std::vector<RequirementLine>> read_uv_lock(const SourceFile& file,
                                                  const std::vector<RequirementLine>& required);
Result<std::vector<RequirementLine>> read_poetry_lock(const SourceFile& file,
                                                      const std::vector<RequirementLine>& required);

}  // namespace berth::spec
