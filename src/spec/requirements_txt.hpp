// requirements.txt, as pip reads it.
// Source: https://pip.pypa.io/en/stable/reference/requirements-file-format/
#pragma once

#include "spec/project_facts.hpp"

namespace berth::spec {

// Follows `-r` and `-c` (relative to the file that names them), each file once. Options such as
// --index-url and --hash say where packages come from, not which: they have no effect on the
// requirements, and are kept in the lines for pip. A wheel's address counts as the version in its
// name; other addresses, paths and `-e` count as requirements only with `#egg=name`.
// Errc::invalid_input with file and line: no requirement, an unknown option, an
// included file that is absent or includes itself.
Result<ProjectFacts> read_requirements_txt(const SourceFile& file, const ReadFile& read_more);

// One line of such a file, wherever it stands (`packages.pip` of berth.yaml, `pip:` of
// environment.yml). `directory` is what `-r` and `-c` are relative to.
Result<ProjectFacts> read_requirements_line(std::string_view line, const Origin& origin,
                                            const std::filesystem::path& directory,
                                            const ReadFile& read_more);

}  // namespace berth::spec
